"""Which guarantors get a line today, best first, within what each queue can work."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from payrank.scoring.schedule.capacity_slots import CapacitySlots, capacity_slots
from payrank.scoring.schedule.schedule import NOT_PLANNED, plan_days
from payrank.scoring.schedule.working_days import working_days
from payrank.scoring.settings import ScoringSettings


@dataclass(frozen=True, slots=True)
class Selection:
    """A guarantor to list: the account that leads, the sums over the household's free accounts, and what to do next.

    Dollars. `policies` are the names of those that hold for the household; they keep nobody off.
    """

    guarantor_id: str
    account_id: str
    balance: float
    expected_recovery: float
    expected_value: float
    queue: str
    action: str
    action_why: str
    policies: tuple[str, ...] = ()


def select_guarantors(homes: pd.DataFrame, as_of: date, settings: ScoringSettings) -> tuple[Selection, ...]:
    """Return the guarantors to list, best first.

    Those worth more than they cost have a claim, and Medicare's whatever they are worth; Medicare's get at least the
    share of the lines that they are of the claims, for effort must be alike (42 CFR 413.89(e)(2), rule S6).

    Parameters
    ----------
    homes
        One row per household, as `decide_households` returns it, with its expected_value (dollars).
    """
    claims = homes[(homes["expected_value"] > 0) | homes["like_effort"]]
    lines = claims.sort_values(
        ["expected_value", "balance", "guarantor_id"], ascending=[False, False, True], kind="stable"
    )
    rooms = capacity_slots(settings.capacity, "patient_pay", working_days(as_of, 1, settings.holidays))
    chosen = _fit(lines, rooms)
    share = lines["like_effort"].mean() if len(lines) else 0.0
    owed = math.ceil(chosen.sum() * share)
    if lines.loc[chosen, "like_effort"].sum() < owed:
        first = lines["like_effort"] & (lines["like_effort"].cumsum() <= owed)
        in_turn = pd.concat([lines[first], lines[~first]])
        chosen = lines.index.isin(in_turn.index[_fit(in_turn, rooms)])
    return tuple(
        Selection(
            str(row["guarantor_id"]),
            str(row["account_id"]),
            float(row["balance"]),
            float(row["expected_recovery"]),
            float(row["expected_value"]),
            str(row["queue"]),
            str(row["action"]),
            str(row["action_why"]),
            row["policies"],
        )
        for row in lines[chosen].to_dict("records")
    )


def _fit(lines: pd.DataFrame, rooms: CapacitySlots) -> NDArray[np.bool_]:
    """Return which lines have a place when they take one in turn."""
    days = plan_days([0] * len(lines), list(lines["queue"]), rooms)
    return np.array([day != NOT_PLANNED for day in days], dtype=np.bool_)

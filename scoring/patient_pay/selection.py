"""Select the guarantors who get a line today, best first, within the capacity of each queue."""

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
    """A selected guarantor: the lead account, the household's sums in dollars, and the next action.

    `policies` names the policies that apply to the household; they suppress nobody.
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


def select_guarantors(households: pd.DataFrame, as_of: date, settings: ScoringSettings) -> tuple[Selection, ...]:
    """Return the guarantors to list, best first.

    A household qualifies when it is worth more than it costs; a Medicare household always qualifies. Collection effort
    must be alike for Medicare and other patients (42 CFR 413.89(e)(2), rule S6), so Medicare's share of the lines is
    at least its share of the qualifying households.

    Parameters
    ----------
    households
        One row per household, as `decide_households` returns it, with its expected_value (dollars).
    """
    qualifying = households[(households["expected_value"] > 0) | households["like_effort"]]
    lines = qualifying.sort_values(
        ["expected_value", "balance", "guarantor_id"], ascending=[False, False, True], kind="stable"
    )
    slots = capacity_slots(settings.capacity, "patient_pay", working_days(as_of, 1, settings.holidays))
    selected = _fit(lines, slots)
    share = lines["like_effort"].mean() if len(lines) else 0.0
    min_like_effort = math.ceil(selected.sum() * share)
    if lines.loc[selected, "like_effort"].sum() < min_like_effort:
        first = lines["like_effort"] & (lines["like_effort"].cumsum() <= min_like_effort)
        reordered = pd.concat([lines[first], lines[~first]])
        selected = lines.index.isin(reordered.index[_fit(reordered, slots)])
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
        for row in lines[selected].to_dict("records")
    )


def _fit(lines: pd.DataFrame, slots: CapacitySlots) -> NDArray[np.bool_]:
    """Return which lines get a slot when they take slots in order."""
    days = plan_days([0] * len(lines), list(lines["queue"]), slots)
    return np.array([day != NOT_PLANNED for day in days], dtype=np.bool_)

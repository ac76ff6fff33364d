"""Which denials are listed, and for which working day: the plan of greatest expected value that rule D2 allows."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd

from payrank.extracts.pluralize import pluralize
from payrank.scoring.schedule.capacity_slots import capacity_slots
from payrank.scoring.schedule.schedule import NOT_PLANNED, plan_days
from payrank.scoring.schedule.working_days import last_place, working_days
from payrank.scoring.settings import ScoringSettings
from payrank.scoring.worklist import URGENT_DAYS

LISTED = "listed"
WORST = 3


def plan_denials(table: pd.DataFrame, as_of: date, settings: ScoringSettings) -> pd.DataFrame:
    """Return the table with `place` (listed, over_capacity, suppressed), `work_on` and `rank`.

    Without a capacity, everything worth its cost is for today. With one, denials are planned over the working days of
    the settings. First those that are due within 14 days and worth their cost (rule D2): among them the greatest value
    that can be had in time. Then whatever else is worth its cost: the greatest value that still fits. Last, where
    places are left, those due within 14 days that are not worth it, so that a person decides before the day passes.
    The chosen get the earliest day that leaves room for the rest, those due soon by their deadline, the others by their
    value; what is due before the next working day is for today, over and above the plan.

    Parameters
    ----------
    table
        A row a denial: expected_value (dollars, NaN unknown), probability, due_on, urgent, pending, waits, queue and
        suppressed_by.
    """
    free = table["suppressed_by"].map(len).astype("int64") == 0
    worth = ((table["expected_value"] > 0) | table["expected_value"].isna()) & ~table["waits"]
    tier = np.select([table["urgent"] & worth, worth, table["urgent"]], [0, 1, 2], WORST)
    by_worth = table.assign(tier=tier)[free].sort_values(
        ["tier", "expected_value", "probability", "due_on", "denial_id"],
        ascending=[True, False, False, True, True],
        kind="stable",
        na_position="last",
    )
    claims = by_worth[by_worth["tier"] < WORST]
    days = working_days(as_of, 1 if settings.capacity is None else settings.plan_days, settings.holidays)
    open_end = (claims["pending"] > 0) | (claims["due_on"] < pd.Timestamp(as_of))
    due = [None if endless else day.date() for endless, day in zip(open_end, claims["due_on"], strict=True)]
    last = [last_place(days, day) for day in due]
    today = pd.Series(
        [end < 0 and kind < WORST - 1 for end, kind in zip(last, claims["tier"], strict=True)], claims.index
    )
    soonest = claims.assign(at=range(len(claims)), soon=claims["due_on"].where(claims["urgent"]))
    order = soonest.sort_values(["urgent", "soon", "at"], ascending=[False, True, True], kind="stable")["at"].tolist()
    planned = plan_days(last, list(claims["queue"]), capacity_slots(settings.capacity, "denials", days), order)
    work_on = pd.Series(
        [as_of if now else days[at] if at != NOT_PLANNED else None for now, at in zip(today, planned, strict=True)],
        index=claims.index,
        dtype="datetime64[s]",
    )
    table["work_on"] = work_on.reindex(table.index)
    table["place"] = np.where(free, "over_capacity", "suppressed")
    table.loc[work_on.index[work_on.notna()], "place"] = LISTED
    soonest["work_on"] = work_on
    listed = soonest[work_on.notna()].sort_values(
        ["work_on", "urgent", "soon", "at"], ascending=[True, False, True, True], kind="stable"
    )
    ranked = [*listed.index, *by_worth.index.difference(listed.index, sort=False)]
    table["rank"] = pd.Series(range(1, len(ranked) + 1), index=ranked, dtype="Int64").reindex(table.index)
    return table


def tell_plan(table: pd.DataFrame, as_of: date, settings: ScoringSettings) -> tuple[str, ...]:
    """Say how far the plan reaches, and which deadlines the capacity cannot meet; nothing without a capacity."""
    if settings.capacity is None:
        return ()
    listed = table[table["place"] == LISTED]
    now = (listed["work_on"] == listed["work_on"].min()).sum()
    days = working_days(as_of, settings.plan_days, settings.holidays)
    told = [
        f"The plan holds {pluralize(len(listed), 'denial')} over {pluralize(settings.plan_days, 'working day')}, to "
        f"{days[-1]}; for its first day: {now:,}."
    ]
    missed = table[(table["place"] == "over_capacity") & table["urgent"] & ~(table["expected_value"] <= 0)]
    if len(missed):
        lost = missed["expected_value"].sum()
        told.append(
            f"Too many for the capacity before their last day: {pluralize(len(missed), 'denial')} due within "
            f"{URGENT_DAYS} days, worth ${lost:,.0f}. More hands, or another queue's, would save them."
        )
    return tuple(told)

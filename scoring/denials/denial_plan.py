"""Plan which denials are listed, and for which working day: the plan of highest expected value that rule D2 allows."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd

from payrank.extracts.pluralize import pluralize
from payrank.scoring.list_spec import LISTED, OVER_CAPACITY, SUPPRESSED
from payrank.scoring.schedule.capacity_slots import capacity_slots
from payrank.scoring.schedule.schedule import NOT_PLANNED, plan_days
from payrank.scoring.schedule.working_days import last_day_index, working_days
from payrank.scoring.settings import ScoringSettings
from payrank.scoring.worklist import URGENT_DAYS

NEVER = 3
"""Tier of a denial that is neither worth its cost nor urgent: it gets no slot."""


def plan_denials(table: pd.DataFrame, as_of: date, settings: ScoringSettings) -> pd.DataFrame:
    """Return the table with `place` (listed, over_capacity, suppressed), `work_on` and `rank`.

    Without a capacity, everything worth its cost is for today. With a capacity, denials are planned over the working
    days of the settings, in three tiers. First, those due within 14 days and worth their cost (rule D2): the highest
    value that can be worked in time. Next, everything else worth its cost: the highest value that still fits. Last,
    where slots are left, those due within 14 days that are not worth their cost, so that a person decides before the
    day passes. The selected denials get the earliest day that leaves slots for the rest: those due soon in order of
    deadline, the others in order of value. What is due before the next working day is for today, on top of the plan.

    Parameters
    ----------
    table
        One row per denial: expected_value (dollars, NaN unknown), probability, due_on, urgent, pending, waits, queue
        and suppressed_by.
    """
    eligible = table["suppressed_by"].map(len).astype("int64") == 0
    worth_its_cost = ((table["expected_value"] > 0) | table["expected_value"].isna()) & ~table["waits"]
    tier = np.select([table["urgent"] & worth_its_cost, worth_its_cost, table["urgent"]], [0, 1, 2], NEVER)
    by_value = table.assign(tier=tier)[eligible].sort_values(
        ["tier", "expected_value", "probability", "due_on", "denial_id"],
        ascending=[True, False, False, True, True],
        kind="stable",
        na_position="last",
    )
    candidates = by_value[by_value["tier"] < NEVER]
    days = working_days(as_of, 1 if settings.capacity is None else settings.plan_days, settings.holidays)
    no_deadline = (candidates["pending"] > 0) | (candidates["due_on"] < pd.Timestamp(as_of))
    due = [
        None if open_ended else day.date() for open_ended, day in zip(no_deadline, candidates["due_on"], strict=True)
    ]
    last = [last_day_index(days, day) for day in due]
    # Due before the first working day of the plan: no planned day is in time, so the denial is for today regardless.
    today = pd.Series(
        [end < 0 and level < NEVER - 1 for end, level in zip(last, candidates["tier"], strict=True)], candidates.index
    )
    queue = candidates.assign(
        position=range(len(candidates)), due_soon=candidates["due_on"].where(candidates["urgent"])
    )
    order = queue.sort_values(["urgent", "due_soon", "position"], ascending=[False, True, True], kind="stable")[
        "position"
    ].tolist()
    slots = capacity_slots(settings.capacity, "denials", days)
    planned = plan_days(last, list(candidates["queue"]), slots, order)
    work_on = pd.Series(
        [as_of if now else days[at] if at != NOT_PLANNED else None for now, at in zip(today, planned, strict=True)],
        index=candidates.index,
        dtype="datetime64[s]",
    )
    table["work_on"] = work_on.reindex(table.index)
    table["place"] = np.where(eligible, OVER_CAPACITY, SUPPRESSED)
    table.loc[work_on.index[work_on.notna()], "place"] = LISTED
    queue["work_on"] = work_on
    listed = queue[work_on.notna()].sort_values(
        ["work_on", "urgent", "due_soon", "position"], ascending=[True, False, True, True], kind="stable"
    )
    ranked = [*listed.index, *by_value.index.difference(listed.index, sort=False)]
    table["rank"] = pd.Series(range(1, len(ranked) + 1), index=ranked, dtype="Int64").reindex(table.index)
    return table


def describe_plan(table: pd.DataFrame, as_of: date, settings: ScoringSettings) -> tuple[str, ...]:
    """Say how far the plan reaches, and which deadlines the capacity will miss; empty without a capacity."""
    if settings.capacity is None:
        return ()
    listed = table[table["place"] == LISTED]
    first_day = (listed["work_on"] == listed["work_on"].min()).sum()
    days = working_days(as_of, settings.plan_days, settings.holidays)
    notices = [
        f"The plan covers {pluralize(len(listed), 'denial')} over {pluralize(settings.plan_days, 'working day')}, "
        f"through {days[-1]}; {first_day:,} on its first day."
    ]
    missed = table[(table["place"] == OVER_CAPACITY) & table["urgent"] & ~(table["expected_value"] <= 0)]
    if len(missed):
        lost = missed["expected_value"].sum()
        notices.append(
            f"Capacity will miss the deadline of {pluralize(len(missed), 'denial')} due within {URGENT_DAYS} days, "
            f"worth ${lost:,.0f}. To meet these deadlines, add staff, or move staff from another queue."
        )
    return tuple(notices)

"""The denial plan: within capacity, in time, urgent denials first, and then the highest possible value."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import product
from random import Random

import pandas as pd
import pytest

from payrank.scoring.denials.denial_plan import describe_plan, plan_denials
from payrank.scoring.settings import ScoringSettings
from payrank.scoring.worklist import URGENT_DAYS

FRIDAY = date(2026, 11, 20)
Row = tuple[float | None, int]
"""Expected value in dollars, and days left."""


def make_table(rows: list[Row], as_of: date = FRIDAY, **columns: list[object]) -> pd.DataFrame:
    """Make denials D1, D2, and so on in one queue."""
    table = pd.DataFrame(
        {
            "denial_id": [f"D{number}" for number in range(1, len(rows) + 1)],
            "expected_value": pd.Series([value for value, _ in rows], dtype="float64"),
            "probability": 0.5,
            "days_left": [left for _, left in rows],
            "due_on": pd.to_datetime([as_of + timedelta(days=left) for _, left in rows]),
            "pending": 0,
            "waits": False,
            "queue": "appeal",
            "suppressed_by": [[] for _ in rows],
        }
    )
    for name, values in columns.items():
        table[name] = pd.Series(values)
    table["urgent"] = (table["pending"] == 0) & table["days_left"].between(0, URGENT_DAYS)
    return table.set_axis(table["denial_id"].tolist())


def plan(
    rows: list[Row], as_of: date = FRIDAY, *, capacity: object = 1, days: int = 3, **columns: list[object]
) -> pd.DataFrame:
    settings = ScoringSettings.model_validate({"capacity": capacity, "plan_days": days})
    return plan_denials(make_table(rows, as_of, **columns), as_of, settings)


def days_of(table: pd.DataFrame) -> dict[str, str]:
    """Return the work day of each listed denial, in list order."""
    listed = table[table["place"] == "listed"].sort_values("rank")
    return {str(name): day.strftime("%a %d") for name, day in listed["work_on"].items()}


def test_lines_are_planned_on_working_days_highest_value_first() -> None:
    table = plan([(10.0, 90), (30.0, 90), (20.0, 90), (5.0, 90)])
    assert days_of(table) == {"D2": "Fri 20", "D3": "Mon 23", "D1": "Tue 24"}
    assert table["place"].tolist() == ["listed", "listed", "listed", "over_capacity"]
    assert table["rank"].tolist() == [3, 1, 2, 4]


def test_an_urgent_denial_is_never_late_because_of_a_more_valuable_one() -> None:
    table = plan([(9000.0, 90), (8000.0, 90), (7000.0, 90), (1.0, 3)])
    assert days_of(table) == {"D4": "Fri 20", "D1": "Mon 23", "D2": "Tue 24"}


def test_an_urgent_denial_not_worth_its_cost_takes_only_leftover_slots() -> None:
    assert days_of(plan([(9.0, 90), (8.0, 90), (-5.0, 10)], days=2)) == {"D1": "Fri 20", "D2": "Mon 23"}
    assert days_of(plan([(9.0, 90), (8.0, 90), (-5.0, 10)])) == {"D3": "Fri 20", "D1": "Mon 23", "D2": "Tue 24"}
    assert days_of(plan([(9.0, 90), (-5.0, 90)])) == {"D1": "Fri 20"}


def test_a_weekend_deadline_is_met_on_the_friday_before() -> None:
    assert days_of(plan([(9.0, 13), (5.0, 2)])) == {"D2": "Fri 20", "D1": "Mon 23"}


def test_a_denial_due_before_the_next_working_day_is_for_today_on_top_of_the_plan() -> None:
    saturday = FRIDAY + timedelta(days=1)
    table = plan([(9.0, 1), (8.0, 0), (7.0, 90), (-1.0, 0)], saturday, days=1)
    assert days_of(table) == {"D2": "Sat 21", "D1": "Sat 21", "D3": "Mon 23"}


def test_without_a_capacity_everything_worth_its_cost_is_for_today() -> None:
    table = plan([(9.0, 90), (0.0, 90), (None, 90), (3.0, 14)], capacity=None)
    assert days_of(table) == {"D4": "Fri 20", "D1": "Fri 20", "D3": "Fri 20"}


def test_queues_and_weekdays_have_their_own_slots() -> None:
    rows: list[Row] = [(9.0, 90), (8.0, 90), (7.0, 90)]
    queues: list[object] = ["peer_to_peer", "peer_to_peer", "appeal"]
    table = plan(rows, capacity={"total": 1, "peer_to_peer": {"mon": 1}}, queue=queues)
    assert days_of(table) == {"D3": "Fri 20", "D1": "Mon 23"}


def test_a_filed_appeal_has_no_deadline_and_a_waiting_one_is_not_listed() -> None:
    table = plan([(9.0, -30), (8.0, -30)], pending=[1, 1], waits=[False, True])
    assert days_of(table) == {"D1": "Fri 20"}


def test_ties_go_to_the_higher_probability_then_the_nearer_deadline_then_the_smaller_id() -> None:
    rows: list[Row] = [(5.0, 40), (5.0, 30), (5.0, 40), (5.0, 90)]
    table = plan(rows, days=4, probability=[0.5, 0.5, 0.5, 0.9])
    assert list(days_of(table)) == ["D4", "D2", "D1", "D3"]


def best_under_rule_d2(table: pd.DataFrame, days: int, capacity: int) -> tuple[float, float]:
    """Try every assignment of working days: return the highest urgent value, and then the highest total."""
    ends = [sum(day <= left for day in (0, 3, 4, 5)[:days]) for left in table["days_left"]]
    best = (0.0, 0.0)
    for days_of_each in product(range(-1, days), repeat=len(table)):
        if any(days_of_each.count(day) > capacity for day in range(days)):
            continue
        if any(day >= end for day, end in zip(days_of_each, ends, strict=True)):
            continue
        taken = table[[day >= 0 for day in days_of_each]]
        value = taken["expected_value"]
        best = max(best, (value[taken["urgent"]].sum(), value.sum()))
    return best


def test_no_plan_that_puts_urgent_denials_first_is_worth_more() -> None:
    dice = Random(5)  # noqa: S311 - a seed, so that every run draws the same
    for _ in range(25):
        rows: list[Row] = [(float(dice.randint(1, 9)), dice.choice((0, 2, 3, 4, 14, 15, 60))) for _ in range(5)]
        days, capacity = dice.randint(1, 3), dice.randint(1, 2)
        table = plan(rows, capacity=capacity, days=days)
        taken = table[table["place"] == "listed"]
        value = taken["expected_value"]
        assert (value[taken["urgent"]].sum(), value.sum()) == best_under_rule_d2(make_table(rows), days, capacity)


@pytest.mark.parametrize("capacity", [None, 1])
def test_a_missed_deadline_is_reported_with_the_value_lost(capacity: int | None) -> None:
    rows: list[Row] = [(900.0, 0), (800.0, 0), (70.0, 2), (-5.0, 1)]
    settings = ScoringSettings.model_validate({"capacity": capacity, "plan_days": 3})
    notices = describe_plan(plan_denials(make_table(rows), FRIDAY, settings), FRIDAY, settings)
    if capacity is None:
        assert not notices
    else:
        assert notices[0] == "The plan covers 1 denial over 3 working days, through 2026-11-24; 1 on its first day."
        assert "2 denials due within 14 days, worth $870." in notices[1]

"""Lines a day: one number or a table by queue and weekday, and never a capacity that would list nobody."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from pydantic import ValidationError

from payrank.scoring.schedule.capacity import Capacity
from payrank.scoring.schedule.capacity_slots import capacity_slots
from payrank.scoring.schedule.working_days import last_day_index, working_days

FRIDAY = date(2026, 11, 20)
DAYS = working_days(FRIDAY, 3)


def test_one_number_applies_to_each_list_and_each_day() -> None:
    capacity = Capacity.model_validate(40)
    for name in ("patient_pay", "denials"):
        slots = capacity_slots(capacity, name, DAYS)
        assert slots.total == (40, 40, 40)
        assert not slots.limited_queues


def test_a_table_limits_lists_and_queues_by_weekday_and_nothing_else() -> None:
    capacity = Capacity.model_validate({"denials": 30, "peer_to_peer": {"mon": 4, "fri": 2}, "call": 7})
    slots = capacity_slots(capacity, "denials", DAYS)
    assert slots.total == (30, 30, 30)
    assert slots.limited_queues == {"peer_to_peer": (2, 4, 0)}
    patients = capacity_slots(capacity, "patient_pay", DAYS)
    assert patients.total is None
    assert patients.limited_queues == {"call": (7, 7, 7)}


def test_without_a_capacity_nothing_is_limited() -> None:
    assert capacity_slots(None, "denials", DAYS).total is None


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (0, "A capacity of 0 lists nothing. Give 1 or more, or leave capacity out"),
        ({"total": 0}, "lists nothing"),
        ({"call": {"mon": 0}}, "lists nothing"),
        ({}, "lists nothing"),
        (-5, "greater than or equal to 0"),
        ("many", "give a number of lines a day, or a table"),
        (True, "give a number of lines a day, or a table"),
        ({"appeals": 5}, "unknown queue 'appeals'; did you mean 'appeal'"),
        ({"appeal": {"monday": 5}}, "mon"),
    ],
)
def test_a_capacity_that_lists_nobody_or_is_unknown_is_refused(value: Any, message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        Capacity.model_validate(value)


def test_working_days_skip_weekends_and_holidays() -> None:
    days = working_days(date(2026, 11, 21), 3, [date(2026, 11, 23)])
    assert days == (date(2026, 11, 24), date(2026, 11, 25), date(2026, 11, 26))
    assert [last_day_index(days, due) for due in (None, date(2026, 11, 23), date(2026, 11, 25), date(2027, 1, 1))] == [
        2,
        -1,
        1,
        2,
    ]

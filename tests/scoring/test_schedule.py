"""The schedule: as good as trying every schedule, within slots and last days, and as early as possible."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

import pytest

from payrank.scoring.schedule.capacity_slots import CapacitySlots
from payrank.scoring.schedule.schedule import NOT_PLANNED, plan_days


@dataclass(frozen=True)
class Case:
    """A small office: lines sorted by falling value."""

    values: Sequence[int]
    last: Sequence[int]
    queues: Sequence[str]
    slots: CapacitySlots
    order: Sequence[int]


def draw_case(dice: Random) -> Case:
    days, lines = dice.randint(1, 4), dice.randint(0, 7)
    names = "abc"[: dice.randint(1, 3)]

    def places() -> tuple[int, ...]:
        return tuple(dice.randint(0, 2) for _ in range(days))

    total = places() if dice.random() < 0.7 else None
    limited = {name: places() for name in names if dice.random() < 0.6} if dice.random() < 0.8 else None
    return Case(
        values=sorted((dice.randint(1, 9) for _ in range(lines)), reverse=True),
        last=[dice.randint(-1, days + 1) for _ in range(lines)],
        queues=[dice.choice(names) for _ in range(lines)],
        slots=CapacitySlots(days, total, limited),
        order=dice.sample(range(lines), lines),
    )


def try_every_schedule(case: Case) -> int:
    """Return the highest value of all ways to give each line a day or none."""
    taken: dict[object, int] = {}
    best = 0

    def has_place(queue: str, day: int) -> bool:
        if case.slots.total is not None and taken.get(day, 0) >= case.slots.total[day]:
            return False
        limited = case.slots.limited_queues
        return queue not in limited or taken.get((queue, day), 0) < limited[queue][day]

    def go_on(line: int, worth: int) -> None:
        nonlocal best
        best = max(best, worth)
        if line == len(case.values) or worth + sum(case.values[line:]) <= best:
            return
        queue = case.queues[line]
        for day in range(min(case.last[line], case.slots.days - 1) + 1):
            if has_place(queue, day):
                for key in (day, (queue, day)):
                    taken[key] = taken.get(key, 0) + 1
                go_on(line + 1, worth + case.values[line])
                for key in (day, (queue, day)):
                    taken[key] -= 1
        go_on(line + 1, worth)

    go_on(0, 0)
    return best


def test_a_thousand_random_cases_reach_the_value_of_the_best_schedule() -> None:
    dice = Random(20)  # noqa: S311 - a seed, so that every run draws the same
    for _ in range(1000):
        case = draw_case(dice)
        days = plan_days(case.last, case.queues, case.slots, case.order)
        planned = [at for at, day in enumerate(days) if day != NOT_PLANNED]
        assert sum(case.values[at] for at in planned) == try_every_schedule(case), case


def test_no_line_misses_its_last_day_and_no_day_or_queue_is_overfull() -> None:
    dice = Random(21)  # noqa: S311 - a seed, so that every run draws the same
    for _ in range(1000):
        case = draw_case(dice)
        days = plan_days(case.last, case.queues, case.slots, case.order)
        for at, day in enumerate(days):
            assert day == NOT_PLANNED or day <= min(case.last[at], case.slots.days - 1)
        for day in range(case.slots.days):
            here = [case.queues[at] for at, planned in enumerate(days) if planned == day]
            assert case.slots.total is None or len(here) <= case.slots.total[day]
            assert all(here.count(queue) <= places[day] for queue, places in case.slots.limited_queues.items())


def test_each_selected_line_in_order_gets_the_earliest_possible_day() -> None:
    dice = Random(23)  # noqa: S311 - a seed, so that every run draws the same
    for _ in range(300):
        case = draw_case(dice)
        days = plan_days(case.last, case.queues, case.slots, case.order)
        in_turn = [at for at in case.order if days[at] != NOT_PLANNED]
        assert [days[at] for at in in_turn] == place_in_turn(case, in_turn), case


def place_in_turn(case: Case, lines: Sequence[int]) -> list[int]:
    """Return the earliest of all schedules of these lines: the earliest day for the first line, and so on."""

    def go_on(done: list[int]) -> list[int] | None:
        if len(done) == len(lines):
            return done
        at = lines[len(done)]
        for day in range(min(case.last[at], case.slots.days - 1) + 1):
            here = [case.queues[other] for other, other_day in zip(lines, done, strict=False) if other_day == day]
            if case.slots.total is not None and len(here) >= case.slots.total[day]:
                continue
            limit = case.slots.limited_queues.get(case.queues[at])
            if limit is not None and here.count(case.queues[at]) >= limit[day]:
                continue
            days = go_on([*done, day])
            if days is not None:
                return days
        return None

    days = go_on([])
    assert days is not None
    return days


def test_selected_lines_get_the_earliest_day_that_leaves_slots_for_the_rest() -> None:
    slots = CapacitySlots(3, (1, 1, 1))
    assert plan_days([2, 2, 2], ["a"] * 3, slots) == [0, 1, 2]
    assert plan_days([2, 2, 2], ["a"] * 3, slots, order=[2, 0, 1]) == [1, 2, 0]
    assert plan_days([2, 2, 0], ["a"] * 3, slots) == [1, 2, 0]
    assert plan_days([1, 1, 1, 2], ["a"] * 4, slots) == [0, 1, NOT_PLANNED, 2]


def test_a_line_moves_to_another_day_to_free_a_slot_for_another_queue() -> None:
    slots = CapacitySlots(2, (1, 1), {"peer_to_peer": (0, 1)})
    assert plan_days([1, 1], ["appeal", "peer_to_peer"], slots) == [0, 1]


def test_without_limits_everything_is_for_the_first_day() -> None:
    assert plan_days([0, 3, -1], ["a", "b", "a"], CapacitySlots(4)) == [0, 0, NOT_PLANNED]


@pytest.mark.parametrize(
    ("lines", "limited"),
    [(100_000, None), (10_000, {"a": (25,) * 20, "b": (50,) * 20})],
    ids=["by day", "by queue and day"],
)
def test_many_lines_fill_every_slot_that_can_be_filled(lines: int, limited: dict[str, tuple[int, ...]] | None) -> None:
    dice = Random(22)  # noqa: S311 - a seed, so that every run draws the same
    last = [dice.randint(0, 60) for _ in range(lines)]
    queues = [dice.choice("abcdef") for _ in range(lines)]
    days = plan_days(last, queues, CapacitySlots(20, (lines // 50,) * 20, limited))
    assert sum(day != NOT_PLANNED for day in days) == lines // 50 * 20

"""Choose which lines are worked, and on which day, so that their total value is the highest the team can reach.

Each line takes one slot on one day, no later than its last day. A day has so many slots in total and so many per queue.
A set of lines fits when each line can be linked by a path of its own through a slot of its queue on a day and a slot of
that day. Such sets form a gammoid, which is a matroid. So taking the lines in order of falling value, each if it still
fits with those already taken, gives a set of the highest value (Edmonds 1971). A line fits exactly when a flow network
has an augmenting path. Where only the days or only the queues are limited, the windows are nested (each starts on the
first day), the latest free slot alone decides, and n lines take O(n log n) including the sort.

A limit across lists, or across several queues but not all, is not supported; with the limits above every plan is
optimal.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from payrank.scoring.schedule.capacity_slots import CapacitySlots

TIE_RULE = "equal value: the higher probability, then the nearer deadline, then the smaller id"
"""How lines of equal value are ordered before they are planned; recorded in the run's manifest."""
NOT_PLANNED = -1


def plan_days(
    last: Sequence[int], queues: Sequence[str], slots: CapacitySlots, order: Sequence[int] | None = None
) -> list[int]:
    """Return the day of each line (0 is the first), or `NOT_PLANNED` where it does not fit.

    Parameters
    ----------
    last
        The last day of each line, -1 when none is left. Lines are sorted by falling value.
    queues
        The queue of each line.
    slots
        The capacity.
    order
        The lines in the order in which the selected ones get the earliest day that leaves slots for the rest; by
        default the order of value. It moves lines between days, never out of the plan.
    """
    plan = _Plan(queues, slots, len(last))
    ends = [min(day, slots.days - 1) for day in last]
    selected = [plan.take(queue, end) for queue, end in zip(plan.queue_of, ends, strict=True)]
    days = [NOT_PLANNED] * len(last)
    sequence = [line for line in (order if order is not None else range(len(last))) if selected[line]]
    if plan.both_limited:
        for line in sequence:
            days[line] = plan.settle(plan.queue_of[line], ends[line])
        return days
    for queue in range(plan.queues):
        lines = [line for line in sequence if plan.queue_of[line] == queue]
        early = _place_early([ends[line] for line in lines], plan.queue_slots[queue])
        for line, day in zip(lines, early, strict=True):
            days[line] = day
    return days


def _place_early(last: Sequence[int], slots: Sequence[int]) -> list[int]:
    """Return for each line, in order, the earliest day that still leaves every later line a slot in time."""
    free = list(slots)
    # spare[d]: slots up to day d that no line due by then needs. At zero, a line due later must come after day d.
    spare = []
    unclaimed, due = 0, Counter(last)
    for day, count in enumerate(free):
        unclaimed += count - due[day]
        spare.append(unclaimed)
    days = []
    for end in last:
        tight = next((day for day in range(end - 1, -1, -1) if not spare[day]), -1)
        day = next(day for day in range(tight + 1, end + 1) if free[day])
        free[day] -= 1
        for between in range(day, end):
            spare[between] -= 1
        days.append(day)
    return days


class _Plan:
    """The slots taken so far, by queue, day, and last day of the lines that took them."""

    def __init__(self, queues: Sequence[str], slots: CapacitySlots, lines: int) -> None:
        limited = slots.limited_queues
        names = list(dict.fromkeys(queues)) if limited else [""]
        number = {name: position for position, name in enumerate(names)}
        self.queues = len(names)
        self.queue_of = [number[name] for name in queues] if limited else [0] * lines
        unlimited = (lines,) * slots.days
        total = slots.total or unlimited
        self.both_limited = bool(limited) and slots.total is not None
        self.queue_slots = [limited.get(name, unlimited) for name in names] if limited else [total]
        self.day_slots = total
        self.days = slots.days
        self.taken = [0] * slots.days
        self.taken_of = [[0] * slots.days for _ in names]
        self.taken_until = [[Counter[int]() for _ in range(slots.days)] for _ in names]
        self.latest = [list(range(slots.days)) for _ in names]
        self.closed: set[tuple[int, int]] = set()
        self.soonest: dict[tuple[int, int], int] = {}

    def take(self, queue: int, last: int) -> bool:
        """Take a slot for a line if one is left; return whether it was.

        Once no slot is left for a queue and last day, none will be: slots are only ever taken, so that pair is closed.
        """
        if last < 0 or (queue, last) in self.closed:
            return False
        day = self.latest[queue][last]
        while day >= 0 and (
            self.taken_of[queue][day] >= self.queue_slots[queue][day] or self.taken[day] >= self.day_slots[day]
        ):
            day -= 1
        self.latest[queue][last] = day
        if day >= 0:
            self.taken_until[queue][day][last] += 1
            self.taken_of[queue][day] += 1
            self.taken[day] += 1
            return True
        if self.both_limited and self._augment(("lines", queue, last)):
            return True
        self.closed.add((queue, last))
        return False

    def settle(self, queue: int, last: int) -> int:
        """Give one of the selected lines its final day: the earliest that leaves all others a slot in time.

        A day that was too early for one line of a queue and last day is too early for the next one, because the set of
        settled lines only grows.
        """
        current = next(day for day in range(last, -1, -1) if self.taken_until[queue][day][last])
        self.taken_until[queue][current][last] -= 1
        self.taken_of[queue][current] -= 1
        self.taken[current] -= 1
        for day in range(self.soonest.get((queue, last), 0), last + 1):
            if self._free_slot(queue, day, current):
                self.soonest[queue, last] = day
                return day
        raise AssertionError("a selected line always has a day: the one that it held")

    def _free_slot(self, queue: int, day: int, freed: int) -> bool:
        """Take a slot on a day for a line that left another slot, moving lines that are not settled if needed."""
        if self.taken_of[queue][day] < self.queue_slots[queue][day] and self.taken[day] < self.day_slots[day]:
            self.taken_of[queue][day] += 1
            self.taken[day] += 1
            return True
        return self._swap(queue, day, freed) or self._augment(("slot", queue, day))

    def _swap(self, queue: int, day: int, freed: int) -> bool:
        """Move one line from the day to the freed slot, where one move is enough: the common case, and a fast one."""
        if self.taken[day] >= self.day_slots[day]:
            others = range(self.queues) if self.taken_of[queue][day] < self.queue_slots[queue][day] else (queue,)
            for other in others:
                open_slots = self.queue_slots[other][freed] - self.taken_of[other][freed]
                last = max((end for end, count in self.taken_until[other][day].items() if count), default=-1)
                if open_slots > 0 and last >= freed:
                    self.taken_until[other][day][last] -= 1
                    self.taken_until[other][freed][last] += 1
                    self.taken_of[other][day] -= 1
                    self.taken_of[other][freed] += 1
                    self.taken_of[queue][day] += 1
                    self.taken[freed] += 1
                    return True
        return False

    def _augment(self, start: tuple[str, int, int]) -> bool:
        """Find a chain of moves that frees a slot in time (breadth-first, so a shortest one), and carry it out."""
        previous: dict[tuple[str, int, int], tuple[str, int, int] | None] = {start: None}
        waiting = [start]
        for node in waiting:
            if node[0] == "day" and self.taken[node[2]] < self.day_slots[node[2]]:
                self._carry_out(node, previous)
                return True
            for reached in self._steps(node):
                if reached not in previous:
                    previous[reached] = node
                    waiting.append(reached)
        return False

    def _steps(self, node: tuple[str, int, int]) -> list[tuple[str, int, int]]:
        kind, queue, day = node
        if kind == "lines":
            return [("slot", queue, earlier) for earlier in range(day + 1)]
        if kind == "slot":
            moved = [("lines", queue, last) for last, count in sorted(self.taken_until[queue][day].items()) if count]
            return [("day", -1, day), *moved] if self.taken_of[queue][day] < self.queue_slots[queue][day] else moved
        return [("slot", other, day) for other in range(self.queues) if self.taken_of[other][day]]

    def _carry_out(
        self, node: tuple[str, int, int], previous: dict[tuple[str, int, int], tuple[str, int, int] | None]
    ) -> None:
        self.taken[node[2]] += 1
        before = previous[node]
        while before is not None:
            match before[0], node[0]:
                case "lines", "slot":
                    self.taken_until[node[1]][node[2]][before[2]] += 1
                case "slot", "lines":
                    self.taken_until[before[1]][before[2]][node[2]] -= 1
                case "slot", "day":
                    self.taken_of[before[1]][before[2]] += 1
                case "day", "slot":
                    self.taken_of[node[1]][node[2]] -= 1
            node, before = before, previous[before]

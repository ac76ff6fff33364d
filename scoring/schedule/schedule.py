"""Which lines are worked, and on which day, so that their worth in all is the greatest that the team can reach.

A line takes one place on one day, not after its last day; a day has so many places in all and so many of each queue.
The sets of lines that fit are the sets that can be linked, each by a path of its own, through the places of their queue
on a day and the places of that day: a gammoid, which is a matroid. So taking the lines in falling worth, each if it
still fits beside those taken, gives a set of the greatest worth (Edmonds 1971); whether it fits is whether a flow has
an augmenting path. Where only the days or only the queues are limited, the windows are nested (each from the first day
on), the latest free place decides alone, and n lines take O(n log n) with their sorting.

A limit across lists or across several queues short of all is not offered; with those above every plan is optimal.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from payrank.scoring.schedule.capacity_slots import CapacitySlots

TIE_RULE = "equal worth: the higher probability, then the nearer deadline, then the smaller id"
"""How the lines are put in order before they are planned; recorded in the run's manifest."""
NOT_PLANNED = -1


def plan_days(
    last: Sequence[int], queues: Sequence[str], rooms: CapacitySlots, order: Sequence[int] | None = None
) -> list[int]:
    """Return the day (0 is the first) of each line, `NOT_PLANNED` where it does not fit.

    Parameters
    ----------
    last
        The last day of each line, -1 when there is none left; lines are in falling worth.
    queues
        The queue of each line.
    rooms
        The places.
    order
        The lines in the order in which the chosen ones get the earliest day that leaves room for the rest; their own
        order without it. It moves lines between days and never out of the plan.
    """
    plan = _Plan(queues, rooms, len(last))
    ends = [min(day, rooms.days - 1) for day in last]
    chosen = [plan.take(queue, end) for queue, end in zip(plan.queue_of, ends, strict=True)]
    days = [NOT_PLANNED] * len(last)
    in_turn = [at for at in (order if order is not None else range(len(last))) if chosen[at]]
    if plan.both:
        for at in in_turn:
            days[at] = plan.settle(plan.queue_of[at], ends[at])
        return days
    for number in range(plan.queues):
        lines = [at for at in in_turn if plan.queue_of[at] == number]
        for at, day in zip(lines, _place_early([ends[at] for at in lines], plan.room_of[number]), strict=True):
            days[at] = day
    return days


def _place_early(last: Sequence[int], places: Sequence[int]) -> list[int]:
    """Return for each line, in order, the earliest day that leaves a place in time for every later one."""
    free = list(places)
    spare = []
    open_until, due = 0, Counter(last)
    for day, room in enumerate(free):
        open_until += room - due[day]
        spare.append(open_until)
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
    """The places taken so far, by queue, day and last day of who took them."""

    def __init__(self, queues: Sequence[str], rooms: CapacitySlots, lines: int) -> None:
        names = list(dict.fromkeys(queues)) if rooms.limited else [""]
        number = {name: at for at, name in enumerate(names)}
        self.queues = len(names)
        self.queue_of = [number[name] for name in queues] if rooms.limited else [0] * lines
        everywhere = (lines,) * rooms.days
        in_all = rooms.total or everywhere
        self.both = bool(rooms.limited) and rooms.total is not None
        self.room_of = [rooms.limited.get(name, everywhere) for name in names] if rooms.limited else [in_all]
        self.room = in_all
        self.days = rooms.days
        self.taken = [0] * rooms.days
        self.taken_of = [[0] * rooms.days for _ in names]
        self.held = [[Counter[int]() for _ in range(rooms.days)] for _ in names]
        self.latest = [list(range(rooms.days)) for _ in names]
        self.closed: set[tuple[int, int]] = set()
        self.soonest: dict[tuple[int, int], int] = {}

    def take(self, queue: int, last: int) -> bool:
        """Take a place for a line if one is left beside those taken; once none is left for its like, none will be."""
        if last < 0 or (queue, last) in self.closed:
            return False
        day = self.latest[queue][last]
        while day >= 0 and (self.taken_of[queue][day] >= self.room_of[queue][day] or self.taken[day] >= self.room[day]):
            day -= 1
        self.latest[queue][last] = day
        if day >= 0:
            self.held[queue][day][last] += 1
            self.taken_of[queue][day] += 1
            self.taken[day] += 1
            return True
        if self.both and self._augment(("lines", queue, last)):
            return True
        self.closed.add((queue, last))
        return False

    def settle(self, queue: int, last: int) -> int:
        """Give one of the lines taken its day for good: the earliest that leaves a place in time for all the others.

        A day that was too early for one of its like is too early for the next, for ever more are settled.
        """
        held = next(day for day in range(last, -1, -1) if self.held[queue][day][last])
        self.held[queue][held][last] -= 1
        self.taken_of[queue][held] -= 1
        self.taken[held] -= 1
        for day in range(self.soonest.get((queue, last), 0), last + 1):
            if self._make_room(queue, day, held):
                self.soonest[queue, last] = day
                return day
        raise AssertionError("a line that was taken has a day: the one that it held")

    def _make_room(self, queue: int, day: int, freed: int) -> bool:
        """Take a place on a day for a line that has left another, if need be by moving lines that are not settled."""
        if self.taken_of[queue][day] < self.room_of[queue][day] and self.taken[day] < self.room[day]:
            self.taken_of[queue][day] += 1
            self.taken[day] += 1
            return True
        return self._swap(queue, day, freed) or self._augment(("place", queue, day))

    def _swap(self, queue: int, day: int, freed: int) -> bool:
        """Move one line from the day to the freed place, where that is all it takes: the common case, told at once."""
        if self.taken[day] >= self.room[day]:
            others = range(self.queues) if self.taken_of[queue][day] < self.room_of[queue][day] else (queue,)
            for other in others:
                room = self.room_of[other][freed] - self.taken_of[other][freed]
                last = max((end for end, count in self.held[other][day].items() if count), default=-1)
                if room > 0 and last >= freed:
                    self.held[other][day][last] -= 1
                    self.held[other][freed][last] += 1
                    self.taken_of[other][day] -= 1
                    self.taken_of[other][freed] += 1
                    self.taken_of[queue][day] += 1
                    self.taken[freed] += 1
                    return True
        return False

    def _augment(self, start: tuple[str, int, int]) -> bool:
        """Find a chain of moves that frees a place in time, and carry it out."""
        came_from: dict[tuple[str, int, int], tuple[str, int, int] | None] = {start: None}
        waiting = [start]
        for node in waiting:
            if node[0] == "day" and self.taken[node[2]] < self.room[node[2]]:
                self._carry_out(node, came_from)
                return True
            for reached in self._steps(node):
                if reached not in came_from:
                    came_from[reached] = node
                    waiting.append(reached)
        return False

    def _steps(self, node: tuple[str, int, int]) -> list[tuple[str, int, int]]:
        kind, queue, at = node
        if kind == "lines":
            return [("place", queue, day) for day in range(at + 1)]
        if kind == "place":
            moved = [("lines", queue, last) for last, count in sorted(self.held[queue][at].items()) if count]
            return [("day", -1, at), *moved] if self.taken_of[queue][at] < self.room_of[queue][at] else moved
        return [("place", other, at) for other in range(self.queues) if self.taken_of[other][at]]

    def _carry_out(
        self, node: tuple[str, int, int], came_from: dict[tuple[str, int, int], tuple[str, int, int] | None]
    ) -> None:
        self.taken[node[2]] += 1
        before = came_from[node]
        while before is not None:
            match before[0], node[0]:
                case "lines", "place":
                    self.held[node[1]][node[2]][before[2]] += 1
                case "place", "lines":
                    self.held[before[1]][before[2]][node[2]] -= 1
                case "place", "day":
                    self.taken_of[before[1]][before[2]] += 1
                case "day", "place":
                    self.taken_of[node[1]][node[2]] -= 1
            node, before = before, came_from[before]

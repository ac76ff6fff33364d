"""The slots of a plan: how many lines fit on each day, in total and by queue."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from payrank.scoring.action_table import read_actions
from payrank.scoring.list_spec import ListName
from payrank.scoring.schedule.capacity import Capacity


@dataclass(frozen=True, slots=True)
class CapacitySlots:
    """Slots on each of `days` days: in total (None: no limit), and for each queue that has a limit of its own."""

    days: int
    total: tuple[int, ...] | None = None
    queues: Mapping[str, tuple[int, ...]] | None = None

    @property
    def limited_queues(self) -> Mapping[str, tuple[int, ...]]:
        """Slots of the queues that have a limit of their own."""
        return self.queues or {}


def capacity_slots(capacity: Capacity | None, name: ListName, days: Sequence[date]) -> CapacitySlots:
    """Return the slots of a list on the days of a plan."""
    if capacity is None:
        return CapacitySlots(len(days))
    totals = [capacity.of_list(name, day) for day in days]
    queues = {
        queue: tuple(capacity.on(queue, day) or 0 for day in days)
        for queue in read_actions().queues_of(name)
        if capacity.on(queue, days[0]) is not None
    }
    return CapacitySlots(len(days), None if totals[0] is None else tuple(total or 0 for total in totals), queues)

"""Places on a plan's days: how many lines fit on each day, in all and by queue."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from payrank.scoring.action_table import ListName, read_actions
from payrank.scoring.capacity import Capacity


@dataclass(frozen=True, slots=True)
class CapacitySlots:
    """Places on each of `days` days: in all (None: no limit), and of each queue that has a limit of its own."""

    days: int
    total: tuple[int, ...] | None = None
    queues: Mapping[str, tuple[int, ...]] | None = None

    @property
    def limited(self) -> Mapping[str, tuple[int, ...]]:
        """The queues with a limit of their own."""
        return self.queues or {}


def capacity_slots(capacity: Capacity | None, name: ListName, days: Sequence[date]) -> CapacitySlots:
    """Return the places of a list on the days of a plan."""
    if capacity is None:
        return CapacitySlots(len(days))
    in_all = [capacity.of_list(name, day) for day in days]
    queues = {
        queue: tuple(capacity.on(queue, day) or 0 for day in days)
        for queue in read_actions().queues_of(name)
        if capacity.on(queue, days[0]) is not None
    }
    return CapacitySlots(len(days), None if in_all[0] is None else tuple(one or 0 for one in in_all), queues)

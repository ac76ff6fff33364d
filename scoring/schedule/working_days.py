"""The days on which a billing office works: Monday to Friday, except the site's holidays."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Sequence
from datetime import date, timedelta

SATURDAY = 5


def working_days(start: date, count: int, holidays: Collection[date] = ()) -> tuple[date, ...]:
    """Return the first `count` working days from `start` on, including `start`.

    >>> [day.isoformat() for day in working_days(date(2026, 11, 20), 2)]
    ['2026-11-20', '2026-11-23']
    """
    days: list[date] = []
    day = start
    while len(days) < count:
        if day.weekday() < SATURDAY and day not in holidays:
            days.append(day)
        day += timedelta(days=1)
    return tuple(days)


def last_day_index(days: Sequence[date], due_on: date | None) -> int:
    """Return the index of the last of `days` on or before a deadline: -1 when all are later, the last without one.

    >>> last_day_index(working_days(date(2026, 11, 20), 3), date(2026, 11, 22))
    0
    """
    return len(days) - 1 if due_on is None else bisect_right(days, due_on) - 1

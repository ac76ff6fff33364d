"""The days on which a billing office works: Monday to Friday, but for the site's holidays."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Sequence
from datetime import date, timedelta

SATURDAY = 5


def working_days(start: date, count: int, holidays: Collection[date] = ()) -> tuple[date, ...]:
    """Return the first `count` working days from a day on, that day included.

    >>> [day.isoformat() for day in working_days(date(2026, 11, 20), 2)]
    ['2026-11-20', '2026-11-23']
    """
    found: list[date] = []
    day = start
    while len(found) < count:
        if day.weekday() < SATURDAY and day not in holidays:
            found.append(day)
        day += timedelta(days=1)
    return tuple(found)


def last_place(days: Sequence[date], due_on: date | None) -> int:
    """Return the place of the last of `days` that is not after a deadline; -1 when all are, the last without one.

    >>> last_place(working_days(date(2026, 11, 20), 3), date(2026, 11, 22))
    0
    """
    return len(days) - 1 if due_on is None else bisect_right(days, due_on) - 1

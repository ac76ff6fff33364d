"""Is a day one that the extract can speak of?"""

from __future__ import annotations

from datetime import date, timedelta

from payrank.extracts.errors import WrongUsageError
from payrank.extracts.extract import Extract
from payrank.features.feature import Unit
from payrank.features.frame import first_known


def check_day(extract: Extract, unit: Unit, day: date, *, grace_days: int = 0) -> None:
    """Refuse an as-of day before the extract's history, or after what it knows.

    Parameters
    ----------
    grace_days
        Days by which an extract may be older than the day.

    Raises
    ------
    WrongUsageError
        Naming the days that the extract allows.
    ExtractRefusedError
        When the unit's table has no row.
    """
    check_between(unit, day, first_known(extract, unit), extract.metadata.as_of, grace_days)


def check_between(unit: Unit, day: date, known_first: date, last: date | None, grace_days: int) -> None:
    """Refuse an as-of day as `check_day` does, from what any engine knows of its tables.

    Parameters
    ----------
    known_first
        The first day on which the unit's table knew a row.
    last
        The day before which everything is known, as `extract.toml` says it; None where it does not.

    Raises
    ------
    WrongUsageError
        Naming the days that are allowed.
    """
    first = known_first + timedelta(days=1)
    allowed = f"from {first}" + (f" to {last + timedelta(days=grace_days)}" if last else " on")
    if day < first:
        raise WrongUsageError(
            f"the as-of day {day} lies before the extract's history: no {unit} was known yet. Allowed: days {allowed}. "
            "Give such a day"
        )
    if last is not None and day > last + timedelta(days=grace_days):
        raise WrongUsageError(
            f"the as-of day {day} lies after what the extract knows, everything before {last}: rows would be missing. "
            f"Allowed: days {allowed}. Give such a day, or export again"
        )

"""Is a day one that the extract can speak of?"""

from __future__ import annotations

from datetime import date, timedelta

from extracts.errors import WrongUsage
from extracts.extract import Extract
from features.catalog import Unit
from features.frame import first_known


def check_day(extract: Extract, unit: Unit, day: date, *, grace_days: int = 0) -> None:
    """Refuse an as-of day before the extract's history, or after what it knows.

    Parameters
    ----------
    grace_days
        Days by which an extract may be older than the day.

    Raises
    ------
    WrongUsage
        Naming the days that the extract allows.
    ExtractRefused
        When the unit's table has no row.
    """
    first = first_known(extract, unit) + timedelta(days=1)
    last = extract.metadata.as_of
    allowed = f"from {first}" + (f" to {last + timedelta(days=grace_days)}" if last else " on")
    if day < first:
        raise WrongUsage(
            f"the as-of day {day} lies before the extract's history: no {unit} was known yet. Allowed: days {allowed}. "
            "Give such a day"
        )
    if last is not None and day > last + timedelta(days=grace_days):
        raise WrongUsage(
            f"the as-of day {day} lies after what the extract knows, everything before {last}: rows would be missing. "
            f"Allowed: days {allowed}. Give such a day, or export again"
        )

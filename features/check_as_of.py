"""Check that an as-of date is within the days that an extract covers."""

from __future__ import annotations

from datetime import date, timedelta

from payrank.extracts.errors import WrongUsageError
from payrank.extracts.extract import Extract
from payrank.features.feature import Unit
from payrank.features.frame import first_known


def check_day(extract: Extract, unit: Unit, day: date, *, grace_days: int = 0) -> None:
    """Refuse an as-of date before the extract's first row, or after the extract's own as-of date.

    Parameters
    ----------
    grace_days
        Days by which the extract may be older than the as-of date.

    Raises
    ------
    WrongUsageError
        When the date is out of range. The message names the allowed days.
    ExtractRefusedError
        When the unit's table has no rows.
    """
    check_between(unit, day, first_known(extract, unit), extract.metadata.as_of, grace_days)


def check_between(unit: Unit, day: date, known_first: date, last: date | None, grace_days: int) -> None:
    """Refuse an as-of date as `check_day` does, for the tables of any engine.

    Parameters
    ----------
    known_first
        The day on which the unit's first row became known.
    last
        The extract's as-of date in `extract.toml`; None when it declares none.

    Raises
    ------
    WrongUsageError
        When the date is out of range. The message names the allowed days.
    """
    first = known_first + timedelta(days=1)
    allowed = f"from {first}" + (f" to {last + timedelta(days=grace_days)}" if last else " on")
    if day < first:
        raise WrongUsageError(
            f"the as-of date {day} precedes the first {unit} in the extract. Allowed: {allowed}. Choose a later date"
        )
    if last is not None and day > last + timedelta(days=grace_days):
        raise WrongUsageError(
            f"the as-of date {day} is after the extract's own as-of date {last}, so rows would be missing. "
            f"Allowed: {allowed}. Choose an earlier date, or export again"
        )

"""Guards before a run: an extract that is too old, or whose volume is out of line with the last run, is refused."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta

from payrank.extracts.errors import OutOfLineError, WrongUsageError
from payrank.extracts.extract import Extract
from payrank.features.feature import UNITS
from payrank.features.frame import SUBJECT_TABLE, first_known
from payrank.scoring.settings import ScoringSettings

WATCHED = ("accounts", "transactions", "denials")
"""Tables that neither shrink nor grow at once."""
WATCHED_FOR_LOSS = ("contacts", "guarantors", "payment_plans", "promises")
"""Tables that rules read: when rows go missing, somebody is called who should be left alone. They may grow."""


def check_age(extract: Extract, as_of: date, settings: ScoringSettings) -> None:
    """Refuse an extract whose knowledge ends too long before the as-of day (exit code 4)."""
    known_until = extract.metadata.as_of
    if known_until is None:
        return
    age = as_of - known_until
    if age > timedelta(days=settings.max_extract_age_days):
        raise OutOfLineError(
            f"The extract is too old: it knows everything before {known_until}, {age.days} days before the as-of date "
            f"{as_of}; {settings.max_extract_age_days} days are allowed. Export again, or raise max_extract_age_days "
            "in the settings."
        )


def check_start(extract: Extract, as_of: date) -> None:
    """Refuse an as-of day before the extract's history (exit code 2): a run would list nobody, and say so of everyone.

    Raises
    ------
    WrongUsageError
        When neither an account nor a denial was known before the day.
    """
    held = [unit for unit in UNITS if extract.tables[SUBJECT_TABLE[unit][0]].rows_loaded]
    first = min((first_known(extract, unit) for unit in held), default=as_of - timedelta(days=1)) + timedelta(days=1)
    if as_of < first:
        raise WrongUsageError(
            f"the as-of day {as_of} lies before the extract's history: no account and no denial was known yet. "
            f"Allowed: days from {first} on. Give such a day"
        )


def check_volume(extract: Extract, before: Mapping[str, int], settings: ScoringSettings) -> None:
    """Refuse an extract that shrank or grew beyond what the settings allow against the previous run (exit code 4)."""
    for name in (*WATCHED, *WATCHED_FOR_LOSS):
        now, then = extract.tables[name].rows_loaded, before.get(name, 0)
        if then == 0:
            continue
        change = now / then - 1
        grew = name in WATCHED and change > settings.max_volume_growth
        if change < -settings.max_volume_drop or grew:
            raise OutOfLineError(
                f"Table {name} is out of line: {now:,} rows against {then:,} in the previous run ({change:+.0%}); "
                f"-{settings.max_volume_drop:.0%} to +{settings.max_volume_growth:.0%} is allowed. Check the export; "
                "if the change is real, set max_volume_drop or max_volume_growth in the settings for this run."
            )

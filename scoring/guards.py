"""Guards before a run: refuse an extract that is too old, or whose row counts differ too much from the last run."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta

from payrank.extracts.errors import OutOfLineError, WrongUsageError
from payrank.extracts.extract import Extract
from payrank.features.feature import UNITS
from payrank.features.frame import SUBJECT_TABLE, first_known
from payrank.scoring.settings import ScoringSettings

STEADY_TABLES = ("accounts", "transactions", "denials")
"""Tables that neither shrink nor grow suddenly."""
GROWING_TABLES = ("contacts", "guarantors", "payment_plans", "promises")
"""Tables that rules read. They may grow, but if rows go missing, somebody who should be left alone gets a call."""


def check_age(extract: Extract, as_of: date, settings: ScoringSettings) -> None:
    """Refuse an extract that ends too long before the as-of date (exit code 4).

    Raises
    ------
    OutOfLineError
        When the extract is older than `max_extract_age_days`.
    """
    known_until = extract.metadata.as_of
    if known_until is None:
        return
    age = as_of - known_until
    if age > timedelta(days=settings.max_extract_age_days):
        raise OutOfLineError(
            f"The extract is too old: it is complete up to {known_until}, {age.days} days before the as-of date "
            f"{as_of}; {settings.max_extract_age_days} days are allowed. Export again, or raise max_extract_age_days."
        )


def check_start(extract: Extract, as_of: date) -> None:
    """Refuse an as-of date before the extract's first record (exit code 2): the run would list nobody.

    Raises
    ------
    WrongUsageError
        When no account and no denial was known before the date.
    """
    units = [unit for unit in UNITS if extract.tables[SUBJECT_TABLE[unit][0]].rows_loaded]
    first = min((first_known(extract, unit) for unit in units), default=as_of - timedelta(days=1)) + timedelta(days=1)
    if as_of < first:
        raise WrongUsageError(
            f"the as-of date {as_of} precedes the first account or denial in the extract. Allowed: from {first} "
            "on. Choose a later date"
        )


def check_volume(extract: Extract, before: Mapping[str, int], settings: ScoringSettings) -> None:
    """Refuse an extract whose row counts changed more than the settings allow since the previous run (exit code 4).

    Parameters
    ----------
    before
        Rows loaded by table in the previous run; a table without rows there is not compared.

    Raises
    ------
    OutOfLineError
        When a table shrank by more than `max_volume_drop`, or a steady table grew by more than `max_volume_growth`.
    """
    for name in (*STEADY_TABLES, *GROWING_TABLES):
        now, then = extract.tables[name].rows_loaded, before.get(name, 0)
        if then == 0:
            continue
        change = now / then - 1
        grew = name in STEADY_TABLES and change > settings.max_volume_growth
        if change < -settings.max_volume_drop or grew:
            raise OutOfLineError(
                f"Table {name} is out of line: {now:,} rows compared with {then:,} in the previous run "
                f"({change:+.0%}); -{settings.max_volume_drop:.0%} to +{settings.max_volume_growth:.0%} is allowed. "
                "Check the export. If the change is real, raise max_volume_drop or max_volume_growth for this run."
            )

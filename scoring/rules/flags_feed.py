"""Rule H12: whether the flags feed can be trusted on a date. If not, nobody can be shown as safe to call."""

from __future__ import annotations

from datetime import date, timedelta

from payrank.extracts.contract.flag_words import flag_word
from payrank.extracts.contract.tables import TABLES
from payrank.extracts.extract import Extract
from payrank.extracts.fetch_row import fetch_one_row

MAX_SILENT_DAYS = 30
"""An extract without a declared as-of date is too old when its newest row is older than this many days."""
DATED_TABLES = ("accounts", "transactions", "contacts", "denials", "flags")
"""Tables that grow every day: their newest row shows the age of an extract that does not declare it."""

MIN_MATCHED_SHARE = 0.1
"""Share of the flags that must match somebody in the extract: ids in a new format match nobody."""


def why_flags_unusable(
    extract: Extract, as_of: date, max_age_days: int, *, before: int = 0, max_drop: float = 1.0
) -> str:
    """Return why the flags cannot be trusted on this date (rule H12); empty when they can.

    Flags are usable when they arrived, hold rows, and come with an extract that is complete up to at most
    `max_age_days` before the date (an extract without a declared as-of date is judged by its newest row). They must not
    have lost more than `max_drop` (a share) of the `before` flags that matched somebody in the last run with a patient
    list, no quarantined row may hide its subject, and enough of them must match somebody (`MIN_MATCHED_SHARE`).
    """
    rows = extract.tables["flags"].rows_loaded
    if not rows:
        return "the flags table is missing or empty"
    matched = count_naming(extract)
    if matched < before * (1 - max_drop):
        return (
            f"the flags table shrank: {matched:,} rows match someone, compared with {before:,} in the last run with a "
            f"patient list; a drop of {max_drop:.0%} is allowed. Check that the flags use the same id format as the "
            "accounts. If the change is real, raise max_volume_drop for this run"
        )
    return _why_too_old(extract, as_of, max_age_days) or _why_subject_hidden(extract) or _why_unmatched(matched, rows)


def count_naming(extract: Extract) -> int:
    """Return how many flags match an account or guarantor in the extract."""
    if not extract.tables["flags"].rows_loaded:
        return 0
    known = " UNION ".join(
        f"SELECT '{kind}' AS subject_type, {flag_word(f'{kind}_id')} AS id FROM accounts"
        for kind in ("account", "guarantor")
    )
    (matched,) = fetch_one_row(
        extract.connection,
        f"SELECT COUNT(*) FROM flags f JOIN ({known}) k ON k.subject_type = f.subject_type "
        f"AND k.id = {flag_word('f.subject_id')}",
    )
    return int(matched)


def flags_look_quiet(extract: Extract, as_of: date, days: int = 60) -> str:
    """Return a notice when no flag was set or ended for that many days: the feed may have stopped."""
    day = f"DATE '{as_of}'"
    newest = extract.connection.execute(
        f"SELECT MAX(CASE WHEN ended_on <= {day} THEN ended_on ELSE known_on END) FROM flags WHERE known_on <= {day}"
    ).fetchall()[0][0]
    if newest is None or newest >= as_of - timedelta(days=days):
        return ""
    silent_days = (as_of - newest).days
    return f"No flag was set or ended in the last {silent_days} days. Check that the flags feed is still running."


def _why_too_old(extract: Extract, as_of: date, max_age_days: int) -> str:
    known_until = extract.metadata.as_of
    if known_until is not None:
        age = (as_of - known_until).days
        if age <= max_age_days:
            return ""
        return (
            f"the flags are stale: the extract ends {age} days before the as-of date, {max_age_days} days are allowed"
        )
    newest = _newest_day(extract, as_of)
    if newest is not None and (as_of - newest).days <= MAX_SILENT_DAYS:
        return ""
    silence = (
        "no row precedes the run's date"
        if newest is None
        else f"its newest row is {(as_of - newest).days} days before the run's date"
    )
    return (
        f"the extract does not declare its as-of date, and {silence}; {MAX_SILENT_DAYS} days are allowed. Declare "
        "as_of in extract.toml"
    )


def _newest_day(extract: Extract, as_of: date) -> date | None:
    days = " UNION ALL ".join(
        f"SELECT MAX({table.known_on}) AS newest FROM {table.name} WHERE {table.known_on} < DATE '{as_of}'"
        for table in TABLES
        if table.name in DATED_TABLES
    )
    newest: date | None = extract.connection.execute(f"SELECT MAX(newest) FROM ({days}) known").fetchall()[0][0]
    return newest


def _why_subject_hidden(extract: Extract) -> str:
    hidden = extract.connection.execute(
        "SELECT COUNT(*) FROM quarantine WHERE table_name = 'flags' "
        "AND (key IS NULL OR column_name IS NULL OR column_name = 'subject_id')"
    ).fetchall()[0][0]
    return f"quarantined flag rows whose subject is unknown: {hidden:,}" if hidden else ""


def _why_unmatched(matched: int, rows: int) -> str:
    if matched >= MIN_MATCHED_SHARE * rows:
        return ""
    return (
        f"only {matched:,} of {rows:,} flags match an account or guarantor in the extract; at least "
        f"{MIN_MATCHED_SHARE:.0%} must. Check that the flags use the same id format as the accounts"
    )

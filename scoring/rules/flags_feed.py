"""Rule H12: whether the feed of flags can be trusted for a day. If not, nobody can be shown as safe to call."""

from __future__ import annotations

from datetime import date, timedelta

from payrank.extracts.contract.flag_words import flag_word
from payrank.extracts.contract.tables import TABLES
from payrank.extracts.extract import Extract
from payrank.extracts.fetch_row import fetch_one_row

SILENT_DAYS = 30
"""An extract that does not say until when it knows is too old when its newest row is older than this many days."""
DATED = ("accounts", "transactions", "contacts", "denials", "flags")
"""Tables that grow every day, whose newest row tells the age of an extract that does not."""

FEWEST_NAMED = 0.1
"""Share of the flags that must name somebody in the extract: ids that changed their form match nobody."""


def why_flags_unusable(
    extract: Extract, as_of: date, max_age_days: int, *, before: int = 0, max_drop: float = 1.0
) -> str:
    """Return why the flags cannot be trusted for this day (rule H12), or nothing when they can.

    Usable are flags that arrived, hold rows, have not lost more than `max_drop` (a share) of the `before` flags that
    named somebody in the last run that listed patients, come with an extract that knows the days up to at most
    `max_age_days` before the day, have no row in quarantine that hides whom it is about, and name somebody of the
    extract (`FEWEST_NAMED`). An extract that does not say until when it knows is judged by its newest row.
    """
    rows = extract.tables["flags"].rows_loaded
    if not rows:
        return "the flags table is missing or empty"
    named = count_naming(extract)
    if named < before * (1 - max_drop):
        return (
            f"the flags table shrank: {named:,} rows that name somebody against {before:,} in the last run that listed "
            f"patients, a drop of {max_drop:.0%} is allowed; see whether the ids of the flags are written as those of "
            "the accounts, and if the change is real, set max_volume_drop for this run"
        )
    return _why_too_old(extract, as_of, max_age_days) or _why_hidden(extract) or _why_nameless(named, rows)


def count_naming(extract: Extract) -> int:
    """Return how many flags name an account or guarantor of the extract."""
    if not extract.tables["flags"].rows_loaded:
        return 0
    known = " UNION ".join(
        f"SELECT '{kind}' AS subject_type, {flag_word(f'{kind}_id')} AS id FROM accounts"
        for kind in ("account", "guarantor")
    )
    (named,) = fetch_one_row(
        extract.connection,
        f"SELECT COUNT(*) FROM flags f JOIN ({known}) k ON k.subject_type = f.subject_type "
        f"AND k.id = {flag_word('f.subject_id')}",
    )
    return int(named)


def flags_look_quiet(extract: Extract, as_of: date, days: int = 60) -> str:
    """Return a notice when no flag was set or ended for that many days, for then the feed may have stopped."""
    day = f"DATE '{as_of}'"
    newest = extract.connection.execute(
        f"SELECT MAX(CASE WHEN ended_on <= {day} THEN ended_on ELSE known_on END) FROM flags WHERE known_on <= {day}"
    ).fetchall()[0][0]
    if newest is None or newest >= as_of - timedelta(days=days):
        return ""
    return f"No flag was set or ended in the last {(as_of - newest).days} days: check that the flags feed still runs."


def _why_too_old(extract: Extract, as_of: date, max_age_days: int) -> str:
    known_until = extract.metadata.as_of
    if known_until is not None:
        age = (as_of - known_until).days
        if age <= max_age_days:
            return ""
        return f"the flags are stale: the extract knows them until {age} days ago, {max_age_days} days are allowed"
    newest = _newest_day(extract, as_of)
    if newest is not None and (as_of - newest).days <= SILENT_DAYS:
        return ""
    found = "no row of it is older" if newest is None else f"its newest row is {(as_of - newest).days} days older"
    return (
        f"the extract does not say until when it knows, and {found} than the day, {SILENT_DAYS} days are allowed; "
        "declare as_of in extract.toml"
    )


def _newest_day(extract: Extract, as_of: date) -> date | None:
    days = " UNION ALL ".join(
        f"SELECT MAX({table.known_on}) AS newest FROM {table.name} WHERE {table.known_on} < DATE '{as_of}'"
        for table in TABLES
        if table.name in DATED
    )
    found: date | None = extract.connection.execute(f"SELECT MAX(newest) FROM ({days}) known").fetchall()[0][0]
    return found


def _why_hidden(extract: Extract) -> str:
    hidden = extract.connection.execute(
        "SELECT COUNT(*) FROM quarantine WHERE table_name = 'flags' "
        "AND (key IS NULL OR column_name IS NULL OR column_name = 'subject_id')"
    ).fetchall()[0][0]
    return f"rows of the flags table in quarantine that do not say whom they are about: {hidden:,}" if hidden else ""


def _why_nameless(named: int, rows: int) -> str:
    if named >= FEWEST_NAMED * rows:
        return ""
    return (
        f"only {named:,} of {rows:,} flags name an account or guarantor of the extract, {FEWEST_NAMED:.0%} must: "
        "see whether the ids of the flags are written as those of the accounts"
    )

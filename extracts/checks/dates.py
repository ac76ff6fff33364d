"""Date checks: placeholder dates, dates in the wrong order, and dates implausibly long ago."""

from __future__ import annotations

from datetime import date

from payrank.extracts.contract.parsing import FIRST_DAY, LAST_DAY, SENTINEL_DAYS
from payrank.extracts.contract.tables import TABLES
from payrank.extracts.extract import Extract
from payrank.extracts.fetch_row import fetch_one_row
from payrank.extracts.finding import Finding
from payrank.extracts.pluralize import pluralize

ORDERED: tuple[tuple[str, str, str], ...] = (
    ("denials", "denied_on", "appeal_due_on"),
    ("appeals", "filed_on", "decided_on"),
    ("promises", "made_on", "due_on"),
    ("payment_plans", "started_on", "ended_on"),
    ("flags", "known_on", "ended_on"),
)
"""Table, earlier column, later column: the first date cannot be after the second."""

ACROSS: tuple[tuple[str, str, str], ...] = (
    (
        "appeals",
        "FROM appeals JOIN denials USING (denial_id) WHERE appeals.filed_on < denials.denied_on",
        "filed before the claim was denied",
    ),
    (
        "transactions",
        "FROM transactions WHERE kind = 'patient_payment' AND effective_on > posted_on",
        "with a patient payment effective after its posting date",
    ),
)

LONG_AGO_YEARS = 20


def check_days(extract: Extract, as_of: date | None) -> list[Finding]:
    """Return findings about unusual dates in an extract, each with a row count."""
    findings = _find_sentinels(extract)
    for table, earlier, later in ORDERED:
        count = _count(extract, f"FROM {table} WHERE {later} < {earlier}")
        if count:
            message = f"{table}: {pluralize(count, 'row')} with {later} before {earlier}"
            findings.append(Finding("dates", table, count, message))
    for table, query, what in ACROSS:
        count = _count(extract, query)
        if count:
            findings.append(Finding("dates", table, count, f"{table}: {pluralize(count, 'row')} {what}"))
    return findings + (_find_long_ago(extract, as_of) if as_of else [])


def _find_sentinels(extract: Extract) -> list[Finding]:
    """Count the rows quarantined because of placeholder or out-of-range dates, by column."""
    rows = extract.connection.execute(
        "SELECT table_name, column_name, rule, count(*) FROM quarantine "
        "WHERE rule IN ('sentinel_date', 'date_out_of_range') GROUP BY ALL ORDER BY ALL"
    ).fetchall()
    means = {
        "sentinel_date": f"{' or '.join(SENTINEL_DAYS)}, a placeholder for unknown (leave unknown dates empty)",
        "date_out_of_range": f"a date before {FIRST_DAY} or after {LAST_DAY}",
    }
    return [
        Finding(
            "dates", table, count, f"{table}: {pluralize(count, 'row')} quarantined because {column} is {means[rule]}"
        )
        for table, column, rule, count in rows
    ]


def _find_long_ago(extract: Extract, as_of: date) -> list[Finding]:
    first = as_of.replace(year=as_of.year - LONG_AGO_YEARS, day=min(as_of.day, 28))
    findings = []
    for table in TABLES:
        if table.known_on is None:
            continue
        count = _count(extract, f"FROM {table.name} WHERE {table.known_on} < DATE '{first}'")
        if count:
            message = f"{table.name}: {pluralize(count, 'row')} dated over {LONG_AGO_YEARS} years before the as-of date"
            findings.append(Finding("dates", table.name, count, message))
    return findings


def _count(extract: Extract, query: str) -> int:
    return int(fetch_one_row(extract.connection, f"SELECT count(*) {query}")[0])

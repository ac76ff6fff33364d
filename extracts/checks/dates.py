"""Days: what systems write for `unknown` and `never`, days in the wrong order, and days too long ago to be meant."""

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
"""Table, and the two columns of which the first cannot be the later day."""

ACROSS: tuple[tuple[str, str, str], ...] = (
    (
        "appeals",
        "FROM appeals JOIN denials USING (denial_id) WHERE appeals.filed_on < denials.denied_on",
        "filed before the claim was denied",
    ),
    (
        "transactions",
        "FROM transactions WHERE kind = 'patient_payment' AND effective_on > posted_on",
        "of a patient's payment effective after it was posted",
    ),
)

LONG_AGO_YEARS = 20


def check_days(extract: Extract, as_of: date | None) -> list[Finding]:
    """Return what is odd about the days of an extract, each with a count of rows."""
    findings = _find_sentinels(extract)
    for table, earlier, later in ORDERED:
        count = _count(extract, f"FROM {table} WHERE {later} < {earlier}")
        if count:
            told = f"{table}: {pluralize(count, 'row')} with {later} before {earlier}"
            findings.append(Finding("dates", table, count, told))
    for table, query, what in ACROSS:
        count = _count(extract, query)
        if count:
            findings.append(Finding("dates", table, count, f"{table}: {pluralize(count, 'row')} {what}"))
    return findings + (_find_long_ago(extract, as_of) if as_of else [])


def _find_sentinels(extract: Extract) -> list[Finding]:
    """Say which columns hold days that mean unknown, of the rows in quarantine."""
    found = extract.connection.execute(
        "SELECT table_name, column_name, rule, count(*) FROM quarantine "
        "WHERE rule IN ('sentinel_date', 'date_out_of_range') GROUP BY ALL ORDER BY ALL"
    ).fetchall()
    means = {
        "sentinel_date": f"{' or '.join(SENTINEL_DAYS)}, which systems write for unknown: leave it empty",
        "date_out_of_range": f"a day before {FIRST_DAY} or after {LAST_DAY}",
    }
    return [
        Finding(
            "dates", table, count, f"{table}: {pluralize(count, 'row')} quarantined for {column} with {means[rule]}"
        )
        for table, column, rule, count in found
    ]


def _find_long_ago(extract: Extract, as_of: date) -> list[Finding]:
    first = as_of.replace(year=as_of.year - LONG_AGO_YEARS, day=min(as_of.day, 28))
    findings = []
    for table in TABLES:
        if table.known_on is None:
            continue
        count = _count(extract, f"FROM {table.name} WHERE {table.known_on} < DATE '{first}'")
        if count:
            told = f"{table.name}: {pluralize(count, 'row')} known over {LONG_AGO_YEARS} years before the as-of day"
            findings.append(Finding("dates", table.name, count, told))
    return findings


def _count(extract: Extract, query: str) -> int:
    return int(fetch_one_row(extract.connection, f"SELECT count(*) {query}")[0])

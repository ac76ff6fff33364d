"""Code checks: codes that first appeared in the last month, and codes with an unrecognized format."""

from __future__ import annotations

from datetime import date, timedelta

from payrank.extracts.codes.code_lists import CODE_FORMATS
from payrank.extracts.contract.tables import table
from payrank.extracts.extract import Extract
from payrank.extracts.fetch_row import fetch_one_row
from payrank.extracts.finding import Finding
from payrank.extracts.pluralize import pluralize

NEW_CODE_WINDOW = timedelta(days=30)
CODED_COLUMNS: tuple[tuple[str, str], ...] = (
    ("accounts", "facility"),
    ("accounts", "patient_class"),
    ("accounts", "service_line"),
    ("coverages", "payer_id"),
    ("transactions", "kind"),
    ("transactions", "payer_id"),
    ("denials", "payer_id"),
    ("denials", "group_code"),
    ("denials", "carc"),
    ("denials", "rarc"),
    ("denials", "service_line"),
    ("contacts", "channel"),
    ("contacts", "outcome"),
    ("flags", "flag"),
)
_LABELS = {"group_code": "group code", "carc": "CARC", "rarc": "RARC"}


def check_codes(extract: Extract, as_of: date) -> list[Finding]:
    """Return a finding for each column with new codes, and for each with codes of an unrecognized format."""
    findings = [finding for name, column in CODED_COLUMNS if (finding := _find_new(extract, name, column, as_of))]
    for column, (pattern, allowed) in CODE_FORMATS.items():
        (rows,) = fetch_one_row(
            extract.connection, f"SELECT count(*) FROM denials WHERE NOT regexp_full_match({column}, '{pattern}')"
        )
        if rows:
            verb = "has" if rows == 1 else "have"
            message = f"denials: {pluralize(rows, 'row')} {verb} an unrecognized {_LABELS[column]}. Allowed: {allowed}"
            findings.append(Finding("codes", "denials", rows, message))
    return findings


def _find_new(extract: Extract, name: str, column: str, as_of: date) -> Finding | None:
    """Count the codes first known in the last month, unless every code of the column is that new."""
    if not extract.has(name, column):
        return None
    known_on, since = table(name).known_on, as_of - NEW_CODE_WINDOW
    codes, rows, older = fetch_one_row(
        extract.connection,
        f"SELECT count_if(first >= DATE '{since}'), coalesce(sum(rows) FILTER (first >= DATE '{since}'), 0), "
        f"count_if(first < DATE '{since}') FROM (SELECT min({known_on}) AS first, count(*) AS rows FROM {name} "
        f"WHERE {column} IS NOT NULL AND {known_on} < DATE '{as_of}' GROUP BY {column})",
    )
    if not codes or not older:
        return None
    message = (
        f"{name}: {pluralize(codes, 'code')} in {column} first seen in the last {NEW_CODE_WINDOW.days} days "
        f"({pluralize(int(rows), 'row')})"
    )
    return Finding("codes", name, int(codes), message)

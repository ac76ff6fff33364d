"""Codes: those that the last month brought and no earlier day knew, and those that no standard has."""

from __future__ import annotations

from datetime import date, timedelta

from payrank.extracts.contract.tables import table
from payrank.extracts.extract import Extract
from payrank.extracts.fetch_row import fetch_one_row
from payrank.extracts.finding import Finding
from payrank.extracts.pluralize import pluralize

NEW_WITHIN = timedelta(days=30)
CODED: tuple[tuple[str, str], ...] = (
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
STANDARD = {
    "group_code": ("CO|PR|OA|PI|CR", "CO, PR, OA, PI or CR"),
    "carc": (r"[A-Z]?\d{1,3}", "a claim adjustment reason code as 16 or B7"),
    "rarc": (r"(M|MA|N)\d{1,4}", "a remittance advice remark code as M51, MA130 or N211"),
}
"""X12's code lists 139 (CARC) and 411 (RARC), and the group codes of the 835's CAS segment."""


def check_codes(extract: Extract, as_of: date) -> list[Finding]:
    """Return the columns with codes that are new, or no codes of their list."""
    findings = [found for name, column in CODED if (found := _find_new(extract, name, column, as_of))]
    for column, (pattern, allowed) in STANDARD.items():
        (rows,) = fetch_one_row(
            extract.connection, f"SELECT count(*) FROM denials WHERE NOT regexp_full_match({column}, '{pattern}')"
        )
        if rows:
            told = f"denials: {pluralize(rows, 'row')} whose {column} is none of the standard; allowed: {allowed}"
            findings.append(Finding("codes", "denials", rows, told))
    return findings


def _find_new(extract: Extract, name: str, column: str, as_of: date) -> Finding | None:
    """Count the codes first known in the last month, where the table has rows that are older."""
    if not extract.has(name, column):
        return None
    known_on, since = table(name).known_on, as_of - NEW_WITHIN
    codes, rows, older = fetch_one_row(
        extract.connection,
        f"SELECT count_if(first >= DATE '{since}'), coalesce(sum(rows) FILTER (first >= DATE '{since}'), 0), "
        f"count_if(first < DATE '{since}') FROM (SELECT min({known_on}) AS first, count(*) AS rows FROM {name} "
        f"WHERE {column} IS NOT NULL AND {known_on} < DATE '{as_of}' GROUP BY {column})",
    )
    if not codes or not older:
        return None
    told = (
        f"{name}: {pluralize(codes, 'code')} of {column} not seen before the last {NEW_WITHIN.days} days, in "
        f"{pluralize(int(rows), 'row')}"
    )
    return Finding("codes", name, int(codes), told)

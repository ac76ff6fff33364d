"""Synthea's payers and the class of each."""

from __future__ import annotations

from payrank.extracts.contract.source_file import quote_text
from payrank.extracts.fetch_row import fetch_one_row
from payrank.extracts.pluralize import pluralize
from payrank.extracts.readers.session.import_session import ImportSession
from payrank.extracts.readers.session.source_table import LINE, SourceTable
from payrank.extracts.readers.synthea.stage_tables import SyntheaTables

CLASS_BY_NAME = {
    "Medicare": "medicare",
    # Medicare pays first for whoever has both.
    "Dual Eligible": "medicare",
    "Medicaid": "medicaid",
    "NO_INSURANCE": "self_pay",
    "Private": "commercial",
    "Aetna": "commercial",
    "Anthem": "commercial",
    "Blue Cross Blue Shield": "commercial",
    "Cigna Health": "commercial",
    "Humana": "commercial",
    "UnitedHealthcare": "commercial",
}
"""payers.NAME -> payer class, for the payers that Synthea ships (its insurance_companies.csv)."""

CLASS_BY_OWNERSHIP = {"private": "commercial", "no_insurance": "self_pay", "government": "other"}
"""payers.OWNERSHIP, which newer exports have, -> payer class, where the name is not one that Synthea ships."""


def load_payers(session: ImportSession, tables: SyntheaTables) -> None:
    """Land the payers. Their totals (AMOUNT_COVERED, REVENUE, ...) are of the simulation, and are not read."""
    for part in tables.of("payers"):
        session.load(
            "payers",
            part,
            f"SELECT \"Id\" AS payer_id, NAME AS payer_name, coalesce({_render_class(part)}, 'other') AS payer_class, "
            f"{LINE} FROM {part.relation} ORDER BY {LINE}",
        )


def describe_payers(session: ImportSession, tables: SyntheaTables) -> None:
    """Count payers whose class is not known."""
    for part in tables.of("payers"):
        (unknown,) = fetch_one_row(
            session.connection, f"SELECT count(*) FROM {part.relation} WHERE {_render_class(part)} IS NULL"
        )
        if unknown:
            session.add_notice(f"{part.name}: {pluralize(unknown, 'payer')} of no known class, taken as other")


def _render_class(payers: SourceTable) -> str:
    by_name = " ".join(f"WHEN {quote_text(name)} THEN '{ours}'" for name, ours in CLASS_BY_NAME.items())
    classes = f"CASE NAME {by_name} END"
    if "OWNERSHIP" not in payers.names:
        return classes
    by_ownership = " ".join(f"WHEN {quote_text(given)} THEN '{ours}'" for given, ours in CLASS_BY_OWNERSHIP.items())
    return f"coalesce({classes}, CASE lower(OWNERSHIP) {by_ownership} END)"

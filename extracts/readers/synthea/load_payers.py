"""Load Synthea's payers with their class."""

from __future__ import annotations

from payrank.extracts.codes.payer_classes import SYNTHEA_OWNERSHIP, SYNTHEA_PAYERS, render_payer_class
from payrank.extracts.fetch_row import fetch_one_row
from payrank.extracts.pluralize import pluralize
from payrank.extracts.readers.session.import_session import ImportSession
from payrank.extracts.readers.session.source_table import LINE, SourceTable
from payrank.extracts.readers.synthea.stage_tables import SyntheaTables


def load_payers(session: ImportSession, tables: SyntheaTables) -> None:
    """Load the payers. Their totals (AMOUNT_COVERED, REVENUE, ...) describe the simulation and are not read."""
    for part in tables.parts_of("payers"):
        session.load(
            "payers",
            part,
            f"SELECT \"Id\" AS payer_id, NAME AS payer_name, coalesce({_render_class(part)}, 'other') AS payer_class, "
            f"{LINE} FROM {part.relation} ORDER BY {LINE}",
        )


def add_payer_notices(session: ImportSession, tables: SyntheaTables) -> None:
    """Add a notice about payers of unknown class."""
    for part in tables.parts_of("payers"):
        (unknown,) = fetch_one_row(
            session.connection, f"SELECT count(*) FROM {part.relation} WHERE {_render_class(part)} IS NULL"
        )
        if unknown:
            session.add_notice(f"{part.name}: {pluralize(unknown, 'payer')} of unknown class, classified as other")


def _render_class(payers: SourceTable) -> str:
    by_name = render_payer_class("NAME", SYNTHEA_PAYERS, default=None)
    if "OWNERSHIP" not in payers.names:
        return by_name
    by_ownership = render_payer_class("lower(OWNERSHIP)", SYNTHEA_OWNERSHIP, default=None)
    return f"coalesce({by_name}, {by_ownership})"

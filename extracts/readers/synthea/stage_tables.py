"""Stage Synthea's files: the parts of each table, and one joined table for look-ups."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from payrank.extracts.contract.source_file import quote_name
from payrank.extracts.readers.session.import_session import ImportSession, require_columns
from payrank.extracts.readers.session.source_table import LINE, SourceTable
from payrank.extracts.readers.synthea.find_files import OPTIONAL, OTHER_NAMES, REQUIRED

CONSEQUENCES = {
    "payers": "payers have IDs but no class",
    "encounters": "accounts have no patient class or facility",
    "patients": "guarantors have only IDs",
    "payer_transitions": "coverages have no end date",
    "organizations": "facilities have IDs but no names",
}

NO_PAYER = "0"
"""Synthea's code for no insurance in claims.PRIMARYPATIENTINSURANCEID and SECONDARYPATIENTINSURANCEID."""


@dataclass(frozen=True, slots=True)
class SyntheaTables:
    """The staged parts of each table. The DuckDB table `synthea_<table>` joins them, with the first row of each key."""

    parts: Mapping[str, tuple[SourceTable, ...]]

    def parts_of(self, table: str) -> tuple[SourceTable, ...]:
        """Return the parts to load: without duplicate files and without files that have only a header."""
        return tuple(part for part in self.parts[table] if part.same_as is None and part.records)


def render_day(text: str) -> str:
    """Render the date of a Synthea timestamp (`2023-01-27T16:17:47Z`, in UTC); other text is unchanged."""
    moment = r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})?"
    return f"CASE WHEN regexp_full_match({text}, '{moment}') THEN left({text}, 10) ELSE {text} END"


def render_payer(text: str) -> str:
    """Render a payer's ID; null if there is none."""
    return f"nullif({text}, '{NO_PAYER}')"


def stage_tables(session: ImportSession, files: Mapping[str, Sequence[Path]]) -> SyntheaTables:
    """Stage every file and join the parts of each table.

    Raises
    ------
    ExtractRefusedError
        If a file cannot be read or a column is missing.
    """
    parts: dict[str, tuple[SourceTable, ...]] = {}
    for table, names in {**REQUIRED, **OPTIONAL}.items():
        parts[table] = tuple(session.stage(path) for path in files[table])
        for part in parts[table]:
            require_columns(part, *(_find_name(part, name) for name in names))
            if table in OPTIONAL:
                session.mark_reference(part)
        if not parts[table]:
            session.add_notice(f"{table}.csv is missing: {CONSEQUENCES[table]}")
    tables = SyntheaTables(parts)
    for table, names in {**REQUIRED, **OPTIONAL}.items():
        _join_parts(session, tables, table, names)
    return tables


def _join_parts(session: ImportSession, tables: SyntheaTables, table: str, names: tuple[str, ...]) -> None:
    """Join a table's parts with one row per key, so that a repeated key does not multiply joined rows."""
    nothing = f"SELECT {', '.join(f'NULL::VARCHAR AS {quote_name(name)}' for name in names)}, 0 AS part, 0 AS {LINE}"
    selects = [f"{nothing} WHERE false"]
    for part in tables.parts_of(table):
        fields = ", ".join(quote_name(_find_name(part, name)) for name in names)
        selects.append(f"SELECT {fields}, {part.number}, {LINE} FROM {part.relation}")
    once = "" if table == "payer_transitions" else f"QUALIFY row_number() OVER ({_key(names[0])}) = 1"
    session.connection.execute(
        f"CREATE TABLE synthea_{table} AS SELECT * FROM ({' UNION ALL '.join(selects)}) {once} ORDER BY part, {LINE}"
    )


def _find_name(part: SourceTable, name: str) -> str:
    other = OTHER_NAMES.get(name)
    return other if other in part.names and name not in part.names and other else name


def _key(name: str) -> str:
    return f"PARTITION BY {quote_name(name)} ORDER BY part, {LINE}"

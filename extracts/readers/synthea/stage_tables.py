"""Synthea's files in the session's database: each table's parts, and one table that joins them to look things up in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from payrank.extracts.contract.source_file import quote_name
from payrank.extracts.readers.session.import_session import ImportSession, require_columns
from payrank.extracts.readers.session.source_table import LINE, SourceTable
from payrank.extracts.readers.synthea.find_files import ALSO_NAMED, OPTIONAL, REQUIRED

_WITHOUT = {
    "payers": "payers keep their ids, without a class",
    "encounters": "accounts have no patient class and no facility",
    "patients": "guarantors keep their ids alone",
    "payer_transitions": "coverages have no end",
    "organizations": "facilities keep their ids, without a name",
}

NO_PAYER = "0"
"""What Synthea writes for no insurance, in claims.PRIMARYPATIENTINSURANCEID and SECONDARYPATIENTINSURANCEID."""


@dataclass(frozen=True, slots=True)
class SyntheaTables:
    """The staged parts of each table. The DuckDB table `synthea_<table>` joins them: a key once, its first row."""

    parts: Mapping[str, tuple[SourceTable, ...]]

    def of(self, table: str) -> tuple[SourceTable, ...]:
        """Return the parts to land from: files of equal bytes once, and none that is a header alone."""
        return tuple(part for part in self.parts[table] if part.same_as is None and part.records)


def render_day(text: str) -> str:
    """Render the day of a moment as Synthea writes it (`2023-01-27T16:17:47Z`, in UTC); else the text as it is."""
    moment = r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})?"
    return f"CASE WHEN regexp_full_match({text}, '{moment}') THEN left({text}, 10) ELSE {text} END"


def render_payer(text: str) -> str:
    """Render a payer's id; null where Synthea says that there is none."""
    return f"nullif({text}, '{NO_PAYER}')"


def stage_tables(session: ImportSession, files: Mapping[str, Sequence[Path]]) -> SyntheaTables:
    """Stage every file and join the parts of each table.

    Raises
    ------
    ExtractRefusedError
        When a file cannot be read or misses a column.
    """
    parts: dict[str, tuple[SourceTable, ...]] = {}
    for table, names in {**REQUIRED, **OPTIONAL}.items():
        parts[table] = tuple(session.stage(path) for path in files[table])
        for part in parts[table]:
            require_columns(part, *(_find_name(part, name) for name in names))
            if table in OPTIONAL:
                session.mark_reference(part)
        if not parts[table]:
            session.add_notice(f"{table}.csv is not there: {_WITHOUT[table]}")
    tables = SyntheaTables(parts)
    for table, names in {**REQUIRED, **OPTIONAL}.items():
        _join_parts(session, tables, table, names)
    return tables


def _join_parts(session: ImportSession, tables: SyntheaTables, table: str, names: tuple[str, ...]) -> None:
    """Join a table's parts. One row a key: a key that came twice must not double what is joined to it."""
    nothing = f"SELECT {', '.join(f'NULL::VARCHAR AS {quote_name(name)}' for name in names)}, 0 AS part, 0 AS {LINE}"
    selects = [f"{nothing} WHERE false"]
    for part in tables.of(table):
        fields = ", ".join(quote_name(_find_name(part, name)) for name in names)
        selects.append(f"SELECT {fields}, {part.number}, {LINE} FROM {part.relation}")
    once = "" if table == "payer_transitions" else f"QUALIFY row_number() OVER ({_key(names[0])}) = 1"
    session.connection.execute(
        f"CREATE TABLE synthea_{table} AS SELECT * FROM ({' UNION ALL '.join(selects)}) {once} ORDER BY part, {LINE}"
    )


def _find_name(part: SourceTable, name: str) -> str:
    other = ALSO_NAMED.get(name)
    return other if other in part.names and name not in part.names and other else name


def _key(name: str) -> str:
    return f"PARTITION BY {quote_name(name)} ORDER BY part, {LINE}"

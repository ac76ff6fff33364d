"""Stage one file as a table: every column parsed, and for each row the first rule that it breaks."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from payrank.extracts.contract.parsing import Parsed, parse_column
from payrank.extracts.contract.source_file import SourceFile, quote_name, quote_path, quote_text
from payrank.extracts.contract.tables import SQL_TYPES, Column, Table
from payrank.extracts.csv.relation import create_from_csv, open_csv
from payrank.extracts.csv.scan import Scan
from payrank.extracts.errors import ExtractRefusedError, did_you_mean

RULE = "_rule"
"""Column of the staged table: null, or the number (from 1) of the broken rule in `Staged.rules`."""

MANY_ROWS = ("transactions", "contacts")
"""Event tables, with a few to dozens of rows per account."""


@dataclass(frozen=True, slots=True)
class Staged:
    """A staged table. `rules` are (column, rule) pairs. `scan` maps a CSV's rows to lines, and is None for Parquet."""

    table: Table
    source: SourceFile
    columns: tuple[Column, ...]
    rules: tuple[tuple[str, str], ...]
    absent: tuple[str, ...]
    ignored: tuple[str, ...]
    integer_ids: tuple[str, ...]
    scan: Scan | None

    def line_of(self, ordinal: int) -> int:
        """Return the physical line of a CSV row, or the number of a Parquet row, by its ordinal (from 0)."""
        return ordinal + 1 if self.scan is None else self.scan.line_of(ordinal)

    @property
    def unreadable(self) -> tuple[tuple[int, str], ...]:
        """Records that could not be read as rows, as (line, rule)."""
        return () if self.scan is None else self.scan.broken


def stage_table(
    connection: duckdb.DuckDBPyConnection, table: Table, extra: tuple[Column, ...], source: SourceFile, workspace: Path
) -> Staged:
    """Create the table with its parsed columns and the column `_rule`, in the file's row order.

    Parameters
    ----------
    extra
        Declared site attributes.
    workspace
        Private folder for a cleaned copy of a CSV with broken records. The copy is deleted after reading.

    Raises
    ------
    ExtractRefusedError
        When the file cannot be read, lacks a required column, or has a column type that loses information.
    """
    if source.format == "parquet":
        relation, types = _open_parquet(connection, source)
        csv = None
    else:
        csv = open_csv(source.path, workspace)
        relation, types = csv.relation, dict.fromkeys(csv.names, "VARCHAR")
    columns = (*table.columns, *extra, *_audit_columns(table, types))
    _require(table, source, types)
    present = [parse_column(column, source, types[column.name]) for column in columns if column.name in types]
    rules = tuple((parsed.column.name, rule) for parsed in present for rule, _ in parsed.rules)
    query = _narrow_levels(table, render_parsed(columns, present, relation))
    if csv is not None:
        create_from_csv(connection, table.name, query, csv)
    else:
        _create_from_parquet(connection, table, query, source)
    names = {column.name for column in columns}
    return Staged(
        table=table,
        source=source,
        columns=columns,
        rules=rules,
        absent=tuple(column.name for column in columns if column.name not in types),
        ignored=tuple(name for name in types if name not in names),
        integer_ids=tuple(
            p.column.name for p in present if p.column.kind in {"id", "text"} and "INT" in types[p.column.name]
        ),
        scan=csv.scan if csv is not None else None,
    )


def stored_type(table: Table, column: Column) -> str:
    """Return the DuckDB type of a column in a loaded table.

    Levels of the two largest tables are enumerations: one byte per row instead of sixteen, compared as numbers. They
    are listed alphabetically, so they sort like their text.

    >>> from payrank.extracts.contract.tables import table
    >>> stored_type(table("transactions"), table("transactions").columns[6])
    "ENUM('insurance', 'patient')"
    """
    if column.kind != "level" or table.name not in MANY_ROWS:
        return SQL_TYPES[column.kind]
    return f"ENUM({', '.join(map(quote_text, sorted(column.levels)))})"


def _narrow_levels(table: Table, parsed: str) -> str:
    """Store the levels of parsed rows as enumerations. Any other text has broken its rule and becomes null."""
    levels = [column for column in table.columns if stored_type(table, column) != SQL_TYPES[column.kind]]
    if not levels:
        return parsed
    casts = (f"TRY_CAST({quote_name(c.name)} AS {stored_type(table, c)}) AS {quote_name(c.name)}" for c in levels)
    return f"SELECT * REPLACE ({', '.join(casts)}) FROM ({parsed})"


def _open_parquet(connection: duckdb.DuckDBPyConnection, source: SourceFile) -> tuple[str, dict[str, str]]:
    try:
        names = pq.read_schema(source.path).names
        relation = f"read_parquet({quote_path(source.path)}, hive_partitioning = false)"
        described = connection.execute(f"DESCRIBE SELECT * FROM {relation}").fetchall()
    except (duckdb.Error, pa.ArrowException, OSError) as error:
        raise _refuse_parquet(source, error) from None
    if len({name.casefold() for name in names}) < len(names):
        raise ExtractRefusedError(
            f"{source.name}: two columns have the same name (ignoring case). Allowed: each name once. "
            "Rename or drop one."
        )
    return relation, {name: sql_type for name, sql_type, *_ in described}


def _create_from_parquet(connection: duckdb.DuckDBPyConnection, table: Table, query: str, source: SourceFile) -> None:
    try:
        connection.execute(f"CREATE TABLE {quote_name(table.name)} AS {query}")
    except duckdb.Error as error:
        raise _refuse_parquet(source, error) from None


def _refuse_parquet(source: SourceFile, error: Exception) -> ExtractRefusedError:
    return ExtractRefusedError(
        f"{source.name}: cannot be read as Parquet ({type(error).__name__}). Allowed: a complete Parquet file. "
        "Send the file again."
    )


def _audit_columns(table: Table, types: dict[str, str]) -> tuple[Column, ...]:
    """Return the fairness audit columns of guarantors. They never become attributes or features."""
    if table.name != "guarantors":
        return ()
    return tuple(Column(name, "text") for name in types if name.startswith("audit_"))


def _require(table: Table, source: SourceFile, types: dict[str, str]) -> None:
    missing = [column.name for column in table.columns if column.required and column.name not in types]
    if not missing:
        return
    known = set(table.names)
    # A file without a header has a patient's values in its first line, so show names only if some are the contract's.
    hints = [f"{name}: {did_you_mean(name, types)}" for name in missing if "did you" in did_you_mean(name, types)]
    hint = f" ({'; '.join(hints)})" if hints and known & set(types) else ""
    header = (
        "" if known & set(types) else " (the header has none of the contract's columns; does the file have a header?)"
    )
    raise ExtractRefusedError(
        f"{source.name}: required column {', '.join(missing)} is missing{hint}{header}. Allowed: "
        f"{', '.join(table.names)}, spelled exactly. Add it to the export, or import with a mapping."
    )


def render_parsed(
    columns: tuple[Column, ...],
    present: list[Parsed],
    relation: str,
    *,
    leading: tuple[str, ...] = (),
    carried: tuple[str, ...] = (),
) -> str:
    """Return the query that parses a relation and gives the number of the first rule that each row breaks.

    Parameters
    ----------
    leading
        Boolean columns of the relation that are additional rules, tried before all others.
    carried
        Columns of the relation that are passed through unchanged.
    """
    parsed = {p.column.name: p for p in present}
    values = [
        f"{parsed[column.name].value if column.name in parsed else f'CAST(NULL AS {SQL_TYPES[column.kind]})'}"
        f" AS {quote_name(column.name)}"
        for column in columns
    ]
    values += [f"{p.source_text} AS {p.source_name}" for p in present]
    values += [f"source.{quote_name(name)}" for name in (*leading, *carried)]
    conditions = [quote_name(name) for name in leading] + [condition for p in present for _, condition in p.rules]
    cases = " ".join(f"WHEN {condition} THEN {number}" for number, condition in enumerate(conditions, start=1))
    names = ", ".join(quote_name(name) for name in (*(column.name for column in columns), *carried))
    broken = f"CAST(CASE {cases} END AS USMALLINT)" if cases else "CAST(NULL AS USMALLINT)"
    return f"SELECT {names}, {broken} AS {RULE} FROM (SELECT {', '.join(values)} FROM {relation} AS source)"

"""Parse and validate the rows that a reader offers for a canonical table, before any of them is loaded."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import duckdb

from payrank.extracts.contract.parsing import parse_column
from payrank.extracts.contract.source_file import SourceFile
from payrank.extracts.contract.tables import Column
from payrank.extracts.load.stage import render_parsed
from payrank.extracts.readers.session.source_table import LINE


@dataclass(frozen=True, slots=True)
class ValidatedRows:
    """The DuckDB table `name`: canonical columns, `source_line`, and `_rule` (null, or a number in `rules` from 1)."""

    name: str
    columns: tuple[Column, ...]
    rules: tuple[tuple[str, str], ...]


def validate_rows(
    connection: duckdb.DuckDBPyConnection, columns: tuple[Column, ...], query: str, file: str
) -> ValidatedRows:
    """Run a reader's query and parse its columns by the contract, in the query's row order.

    Parameters
    ----------
    columns
        The canonical columns that the query returns, in addition to `source_line`.
    file
        Name of the source file, for messages.
    """
    connection.execute(f"CREATE OR REPLACE TEMP TABLE offered AS {query}")
    described = connection.execute("DESCRIBE offered").fetchall()
    types = {name: sql_type for name, sql_type, *_ in described}
    source = SourceFile("source", Path(file), "csv")
    present = [parse_column(column, source, types[column.name]) for column in columns]
    numbered = "(SELECT *, rowid AS offered_row FROM offered)"
    parsed = render_parsed(columns, present, numbered, carried=(LINE, "offered_row"))
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE validated AS SELECT * EXCLUDE (offered_row) FROM ({parsed}) ORDER BY offered_row"
    )
    connection.execute("DROP TABLE offered")
    return ValidatedRows("validated", columns, tuple((p.column.name, rule) for p in present for rule, _ in p.rules))

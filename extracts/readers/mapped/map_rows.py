"""One block of a mapping over one source file, in SQL: each expression tried on each row, then read by the contract."""

from __future__ import annotations

from pathlib import Path

import duckdb

from extracts.contract import Column
from extracts.errors import ExtractRefused, WrongUsage, did_you_mean
from extracts.parse import parse_column
from extracts.readers.judge import JudgedRows
from extracts.readers.mapped.mapping import Block
from extracts.readers.source_table import LINE, SourceTable
from extracts.source_file import SourceFile, quote_name
from extracts.stage import render_parsed

WHERE = "where"


def define_dollars(connection: duckdb.DuckDBPyConnection, decimal: str) -> None:
    """Define `dollars(text)`: `($1,234.50)`, `-1234.5`, `1,234.5-`, `$12`; anything else, `12.345` too, is an error."""
    mark, thousands = (r"\.", ",") if decimal == "." else (",", r"\.")
    plain_digits = rf"(\d{{1,16}}|\d{{1,3}}({thousands}\d{{3}})+)({mark}\d{{1,2}})?"
    digits = rf"\$?{plain_digits}"
    pattern = rf"{digits}|-{digits}|\$-{plain_digits}|{digits}-|\({digits}\)"
    plain = f"regexp_replace(amount, '[^0-9{mark}]', '', 'g')"
    value = f"CAST(replace({plain}, ',', '.') AS DECIMAL(18, 2))"
    # The last branch fails on purpose: DuckDB's TRY catches a failed cast, but refuses error() as volatile.
    connection.execute(
        f"CREATE MACRO dollars(amount) AS CASE WHEN amount IS NULL THEN NULL "
        f"WHEN regexp_full_match(amount, '{pattern}') "
        f"THEN CASE WHEN amount LIKE '%-%' OR amount LIKE '(%' THEN -{value} ELSE {value} END "
        f"ELSE CAST('no dollars' || amount AS DECIMAL(18, 2)) END"
    )


def map_rows(
    connection: duckdb.DuckDBPyConnection,
    block: Block,
    columns: tuple[Column, ...],
    source: SourceTable,
) -> JudgedRows:
    """Create a table of the rows of a source relation that the block takes, parsed and judged.

    Parameters
    ----------
    columns
        The columns that the block maps.

    Raises
    ------
    WrongUsage
        When an expression is no expression over these columns, or gives a type that its column cannot be.
    """
    texts = [] if block.where is None else [(WHERE, block.where)]
    texts += block.columns.items()
    expressions = {name: _resolve(connection, block, name, text, source) for name, text in texts}
    tried = [f"{_failed(sql)} AS {quote_name(f'{name} failed')}" for name, sql in expressions.items()]
    tried += [f"TRY({sql}) AS {quote_name(name)}" for name, sql in expressions.items() if name != WHERE]
    condition = expressions.get(WHERE)
    kept = f"WHERE TRY(CAST({condition} AS BOOLEAN)) OR {_failed(condition)}" if condition else ""
    query = f"SELECT {LINE}, {', '.join(tried)} FROM {source.relation} {kept}"
    types = {name: sql_type for name, sql_type, *_ in connection.execute(f"DESCRIBE {query}").fetchall()}
    file = SourceFile("source", Path(source.name), "csv")
    mapped = tuple(column for column in columns if column.name in expressions)
    try:
        present = [parse_column(column, file, types[column.name]) for column in mapped]
    except ExtractRefused as error:
        raise WrongUsage(f"{block.title}: {error}") from None
    failures = tuple(f"{name} failed" for name in expressions)
    parsed = render_parsed(mapped, present, f"({query})", leading=failures, carried=(LINE,))
    name = f"mapped_{block.table}"
    try:
        connection.execute(f"CREATE OR REPLACE TABLE {name} AS {parsed} ORDER BY {LINE}")
    except duckdb.Error as error:
        raise WrongUsage(
            f"{block.title} over {source.name}: an expression stops the whole query ({type(error).__name__}) "
            "instead of failing for its row. Allowed: casts and functions that fail row by row. Simplify the mapping."
        ) from None
    rules = [(column, "expression") for column in expressions]
    rules += [(p.column.name, rule) for p in present for rule, _ in p.rules]
    return JudgedRows(name, mapped, tuple(rules))


def _failed(sql: str) -> str:
    """Say whether an expression raises an error on a row: TRY makes it null, and it cannot be seen to be null."""
    return f"(TRY({sql}) IS NULL AND TRY(({sql}) IS NULL) IS DISTINCT FROM true)"


def _resolve(connection: duckdb.DuckDBPyConnection, block: Block, name: str, text: str, source: SourceTable) -> str:
    if text in source.names and name != WHERE:
        return quote_name(text)
    where = f"{block.title}, {name} over {source.name}"
    query = f"SELECT TRY({text}\n) FROM {source.relation}"
    try:
        one = len(connection.extract_statements(query)) == 1
        described = connection.execute(f"DESCRIBE {query}").fetchall() if one else []
    except duckdb.Error as error:
        raise WrongUsage(
            f"{where}: neither a column of the file nor an expression over one row of it "
            f"({str(error).splitlines()[0]}). Allowed: {did_you_mean(text, source.names)}, or an expression without "
            "aggregates, windows, subqueries and random functions. Correct the mapping."
        ) from None
    if len(described) != 1:
        raise WrongUsage(f"{where}: is more than one expression. Allowed: one. Correct the mapping.")
    return f"({text}\n)"

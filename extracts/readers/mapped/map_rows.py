"""Run one mapping block on one source file, in SQL: evaluate each expression on each row, then parse the results."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import duckdb

from payrank.extracts.contract.parsing import parse_column
from payrank.extracts.contract.source_file import SourceFile, quote_name, quote_text
from payrank.extracts.contract.tables import Column
from payrank.extracts.errors import ExtractRefusedError, WrongUsageError, did_you_mean
from payrank.extracts.load.stage import render_parsed
from payrank.extracts.readers.mapped.macros import day_formats, find_formats
from payrank.extracts.readers.mapped.mapping import Block
from payrank.extracts.readers.mapped.nearest_name import hint_name
from payrank.extracts.readers.session.source_table import LINE, SourceTable
from payrank.extracts.readers.session.validate import ValidatedRows

WHERE = "where"


def map_rows(
    connection: duckdb.DuckDBPyConnection,
    block: Block,
    columns: tuple[Column, ...],
    source: SourceTable,
    relation: str | None = None,
    faulty: Mapping[str, tuple[str, ...]] | None = None,
) -> ValidatedRows:
    """Create a table of the source rows that the block selects, parsed and validated.

    Parameters
    ----------
    columns
        The columns that the block maps.
    relation
        A relation to use instead of the source's own, with lookup results or with marks for unreadable cells.
    faulty
        Source column -> rules that its cells broke. The column `<name> fault` has the rule of each row. The rule
        quarantines a row if an expression uses the column.

    Raises
    ------
    WrongUsageError
        When an expression is not valid for these columns, or has a type that the canonical column cannot have.
    """
    texts = [] if block.where is None else [(WHERE, block.where)]
    texts += block.columns.items()
    rows = quote_name(relation or source.relation)
    expressions = {name: _resolve(connection, block, name, text, source, rows) for name, text in texts}
    faults = _find_faults(dict(texts), faulty or {})
    tried = [f"{condition} AS {quote_name(f'{name} {rule}')}" for (name, rule), condition in faults.items()]
    tried += [f"{_failed(sql)} AS {quote_name(f'{name} failed')}" for name, sql in expressions.items()]
    tried += [f"TRY({sql}) AS {quote_name(name)}" for name, sql in expressions.items() if name != WHERE]
    condition = expressions.get(WHERE)
    unsure = "".join(f" OR {fault}" for (name, _), fault in faults.items() if name == WHERE)
    filter_clause = f"WHERE TRY(CAST({condition} AS BOOLEAN)) OR {_failed(condition)}{unsure}" if condition else ""
    query = f"SELECT {LINE}, {', '.join(tried)} FROM {rows} {filter_clause}"
    types = {name: sql_type for name, sql_type, *_ in connection.execute(f"DESCRIBE {query}").fetchall()}
    file = SourceFile("source", Path(source.name), "csv")
    mapped = tuple(column for column in columns if column.name in expressions)
    try:
        present = [parse_column(column, file, types[column.name]) for column in mapped]
    except ExtractRefusedError as error:
        raise WrongUsageError(f"{block.title}: {error}") from None
    failures = (*(f"{name} {rule}" for name, rule in faults), *(f"{name} failed" for name in expressions))
    parsed = render_parsed(mapped, present, f"({query})", leading=failures, carried=(LINE,))
    name = f"mapped_{block.table}"
    try:
        connection.execute(f"CREATE OR REPLACE TABLE {name} AS {parsed} ORDER BY {LINE}")
    except duckdb.Error as error:
        raise WrongUsageError(
            f"{block.title} over {source.name}: an expression stops the whole query ({type(error).__name__}) instead "
            "of failing for one row. Allowed: casts and functions that fail row by row. Simplify the mapping."
        ) from None
    rules = [*faults, *((column, "expression") for column in expressions)]
    rules += [(p.column.name, rule) for p in present for rule, _ in p.rules]
    return ValidatedRows(name, mapped, tuple(rules))


def _failed(sql: str) -> str:
    """Return SQL for: this expression raises an error on the row.

    TRY returns null both for an error and for a null result. On an error, `expression IS NULL` fails, too.
    """
    return f"(TRY({sql}) IS NULL AND TRY(({sql}) IS NULL) IS DISTINCT FROM true)"


def _find_faults(texts: Mapping[str, str], faulty: Mapping[str, tuple[str, ...]]) -> dict[tuple[str, str], str]:
    """Return (expression, rule) -> SQL for: a cell that the expression uses broke the rule."""
    faults: dict[tuple[str, str], list[str]] = {}
    for name, text in texts.items():
        for column, rules in faulty.items():
            if text == column or re.search(rf"(?i)(?<!\w){re.escape(column)}(?!\w)", text):
                for rule in rules:
                    condition = f"coalesce({quote_name(f'{column} fault')} = {quote_text(rule)}, false)"
                    faults.setdefault((name, rule), []).append(condition)
    return {key: f"({' OR '.join(conditions)})" for key, conditions in faults.items()}


def _resolve(
    connection: duckdb.DuckDBPyConnection, block: Block, name: str, text: str, source: SourceTable, rows: str
) -> str:
    if text in source.names and name != WHERE:
        return quote_name(text)
    where = f"{block.title}, {name} over {source.name}"
    unknown = [text_format for text_format in find_formats(text) if text_format not in day_formats()]
    if unknown:
        raise WrongUsageError(
            f"{where}: unknown date format {unknown[0]!r}. Allowed: {did_you_mean(unknown[0], day_formats())}. "
            "Correct the mapping."
        )
    query = f"SELECT TRY({text}\n) FROM {rows}"
    try:
        single = len(connection.extract_statements(query)) == 1
        described = connection.execute(f"DESCRIBE {query}").fetchall() if single else []
    except duckdb.Error as error:
        raise WrongUsageError(
            f"{where}: neither a column of the file nor a valid expression over one row "
            f"({str(error).splitlines()[0]}). Allowed: {hint_name(connection, source, text)}, or an expression without "
            "aggregates, windows, subqueries, and random functions. Correct the mapping."
        ) from None
    if len(described) != 1:
        raise WrongUsageError(f"{where}: more than one expression. Allowed: one. Correct the mapping.")
    return f"({text}\n)"

"""Referential checks between an extract's tables. A violation is a finding with a count, and never refuses a run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import duckdb

from payrank.extracts.contract.flag_words import flag_word
from payrank.extracts.contract.source_file import quote_text
from payrank.extracts.contract.tables import KNOWN_FLAGS, TABLES
from payrank.extracts.extract import TableState
from payrank.extracts.fetch_row import fetch_one_row
from payrank.extracts.finding import Finding
from payrank.extracts.pluralize import pluralize


@dataclass(frozen=True, slots=True)
class ForeignKey:
    """`table.column` refers to `parent.parent_column`, in the rows where the SQL condition `only` holds."""

    table: str
    column: str
    parent: str
    parent_column: str
    only: str = "true"


FOREIGN_KEYS: tuple[ForeignKey, ...] = (
    ForeignKey("accounts", "guarantor_id", "guarantors", "guarantor_id"),
    ForeignKey("coverages", "account_id", "accounts", "account_id"),
    ForeignKey("coverages", "payer_id", "payers", "payer_id"),
    ForeignKey("transactions", "account_id", "accounts", "account_id"),
    ForeignKey("transactions", "payer_id", "payers", "payer_id"),
    ForeignKey("transactions", "reverses_id", "transactions", "transaction_id"),
    ForeignKey("denials", "account_id", "accounts", "account_id"),
    ForeignKey("denials", "payer_id", "payers", "payer_id"),
    ForeignKey("appeals", "denial_id", "denials", "denial_id"),
    ForeignKey("contacts", "guarantor_id", "accounts", "guarantor_id"),
    ForeignKey("contacts", "account_id", "accounts", "account_id"),
    ForeignKey("promises", "account_id", "accounts", "account_id"),
    ForeignKey("payment_plans", "account_id", "accounts", "account_id"),
    ForeignKey("flags", "subject_id", "accounts", "account_id", "subject_type = 'account'"),
    ForeignKey("flags", "subject_id", "accounts", "guarantor_id", "subject_type = 'guarantor'"),
)


def check_references(
    connection: duckdb.DuckDBPyConnection, states: Mapping[str, TableState], as_of: date | None
) -> tuple[Finding, ...]:
    """Count dangling references, reversals posted before their originals, unknown flags, and rows from the future."""
    findings = []
    for key in FOREIGN_KEYS:
        if not (states[key.table].present and states[key.parent].present) or not states[key.table].rows_loaded:
            continue
        rows = _count(
            connection,
            f"FROM {key.table} WHERE {key.only} AND {key.column} IS NOT NULL AND NOT EXISTS "
            f"(FROM {key.parent} AS parent WHERE parent.{key.parent_column} = {key.table}.{key.column})",
        )
        if rows:
            what = f"{key.table}.{key.column}"
            message = f"{key.table}: {pluralize(rows, 'row')} whose {what} is not in {key.parent}.{key.parent_column}"
            findings.append(Finding("keys", key.table, rows, message))
    return (
        *findings,
        *_check_reversals(connection),
        *_check_flags(connection),
        *_check_future_rows(connection, as_of),
    )


def _check_reversals(connection: duckdb.DuckDBPyConnection) -> tuple[Finding, ...]:
    early = _count(
        connection,
        "FROM transactions AS later JOIN transactions AS original ON original.transaction_id = later.reverses_id "
        "WHERE later.reverses_id IS NOT NULL AND later.posted_on < original.posted_on",
    )
    message = f"transactions: {pluralize(early, 'reversal')} posted before the row that it reverses"
    return (Finding("keys", "transactions", early, message),) if early else ()


def _check_flags(connection: duckdb.DuckDBPyConnection) -> tuple[Finding, ...]:
    known, word = ", ".join(map(quote_text, KNOWN_FLAGS)), flag_word("flag")
    unknown_flags = connection.execute(
        f"SELECT {word} AS word, count(*) FROM flags WHERE word NOT IN ({known}) GROUP BY word ORDER BY word"
    ).fetchall()
    rows = sum(count for _, count in unknown_flags)
    if not rows:
        return ()
    message = (
        f"flags: {pluralize(rows, 'row')} with {pluralize(len(unknown_flags), 'flag')} that no rule uses. "
        f"Rules use {', '.join(KNOWN_FLAGS)}"
    )
    return (Finding("codes", "flags", rows, message),)


def _check_future_rows(connection: duckdb.DuckDBPyConnection, as_of: date | None) -> tuple[Finding, ...]:
    if as_of is None:
        return ()
    findings = []
    for table in TABLES:
        if table.known_on is None:
            continue
        rows = _count(connection, f"FROM {table.name} WHERE {table.known_on} >= DATE '{as_of}'")
        if rows:
            message = f"{table.name}: {pluralize(rows, 'row')} known on or after the extract's as-of date {as_of}"
            findings.append(Finding("dates", table.name, rows, message))
    return tuple(findings)


def _count(connection: duckdb.DuckDBPyConnection, from_clause: str) -> int:
    return int(fetch_one_row(connection, f"SELECT count(*) {from_clause}")[0])

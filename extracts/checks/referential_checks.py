"""What an extract's tables say of each other. Nothing here refuses a run: each is a finding with a count."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import duckdb

from payrank.extracts.contract.source_file import quote_text
from payrank.extracts.contract.tables import KNOWN_FLAGS, TABLES
from payrank.extracts.extract import TableState
from payrank.extracts.fetch_row import fetch_one_row
from payrank.extracts.finding import Finding
from payrank.extracts.flag_words import flag_word
from payrank.extracts.pluralize import pluralize


@dataclass(frozen=True, slots=True)
class Link:
    """Rows of `table` that name, in `column`, a row of `parent`; `only` narrows them to some rows."""

    table: str
    column: str
    parent: str
    parent_column: str
    only: str = "true"


LINKS: tuple[Link, ...] = (
    Link("accounts", "guarantor_id", "guarantors", "guarantor_id"),
    Link("coverages", "account_id", "accounts", "account_id"),
    Link("coverages", "payer_id", "payers", "payer_id"),
    Link("transactions", "account_id", "accounts", "account_id"),
    Link("transactions", "payer_id", "payers", "payer_id"),
    Link("transactions", "reverses_id", "transactions", "transaction_id"),
    Link("denials", "account_id", "accounts", "account_id"),
    Link("denials", "payer_id", "payers", "payer_id"),
    Link("appeals", "denial_id", "denials", "denial_id"),
    Link("contacts", "guarantor_id", "accounts", "guarantor_id"),
    Link("contacts", "account_id", "accounts", "account_id"),
    Link("promises", "account_id", "accounts", "account_id"),
    Link("payment_plans", "account_id", "accounts", "account_id"),
    Link("flags", "subject_id", "accounts", "account_id", "subject_type = 'account'"),
    Link("flags", "subject_id", "accounts", "guarantor_id", "subject_type = 'guarantor'"),
)


def describe_links(
    connection: duckdb.DuckDBPyConnection, states: Mapping[str, TableState], as_of: date | None
) -> tuple[Finding, ...]:
    """Count rows that name an absent row, reversals before their original, unknown flags, and rows of the future."""
    findings = []
    for link in LINKS:
        if not (states[link.table].present and states[link.parent].present) or not states[link.table].rows_loaded:
            continue
        rows = _count(
            connection,
            f"FROM {link.table} WHERE {link.only} AND {link.column} IS NOT NULL AND NOT EXISTS "
            f"(FROM {link.parent} AS parent WHERE parent.{link.parent_column} = {link.table}.{link.column})",
        )
        if rows:
            what = f"{link.table}.{link.column}"
            told = f"{link.table}: {pluralize(rows, 'row')} whose {what} is not in {link.parent}.{link.parent_column}"
            findings.append(Finding("keys", link.table, rows, told))
    return (
        *findings,
        *_describe_reversals(connection),
        *_describe_flags(connection),
        *_describe_future(connection, as_of),
    )


def _describe_reversals(connection: duckdb.DuckDBPyConnection) -> tuple[Finding, ...]:
    early = _count(
        connection,
        "FROM transactions AS later JOIN transactions AS original ON original.transaction_id = later.reverses_id "
        "WHERE later.reverses_id IS NOT NULL AND later.posted_on < original.posted_on",
    )
    told = f"transactions: {pluralize(early, 'reversal')} posted before the row reversed"
    return (Finding("keys", "transactions", early, told),) if early else ()


def _describe_flags(connection: duckdb.DuckDBPyConnection) -> tuple[Finding, ...]:
    known, word = ", ".join(map(quote_text, KNOWN_FLAGS)), flag_word("flag")
    found = connection.execute(
        f"SELECT {word} AS word, count(*) FROM flags WHERE word NOT IN ({known}) GROUP BY word ORDER BY word"
    ).fetchall()
    rows = sum(count for _, count in found)
    if not rows:
        return ()
    told = (
        f"flags: {pluralize(rows, 'row')} with {pluralize(len(found), 'flag')} that no rule reads; "
        f"rules read {', '.join(KNOWN_FLAGS)}"
    )
    return (Finding("codes", "flags", rows, told),)


def _describe_future(connection: duckdb.DuckDBPyConnection, as_of: date | None) -> tuple[Finding, ...]:
    if as_of is None:
        return ()
    findings = []
    for table in TABLES:
        if table.known_on is None:
            continue
        rows = _count(connection, f"FROM {table.name} WHERE {table.known_on} >= DATE '{as_of}'")
        if rows:
            told = f"{table.name}: {pluralize(rows, 'row')} known on or after the extract's as-of date {as_of}"
            findings.append(Finding("dates", table.name, rows, told))
    return tuple(findings)


def _count(connection: duckdb.DuckDBPyConnection, from_clause: str) -> int:
    return int(fetch_one_row(connection, f"SELECT count(*) {from_clause}")[0])

"""Rows that were loaded and do not stay: a quarantined record's, a merged account's, and the same row again.

Every loaded row keeps the place that it came from: the session (a number into the blocks of the report) and the line
of its record. Taking rows out again settles the counts of their blocks, and the outcome of a record none of whose rows
stays.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import duckdb

from payrank.extracts.contract.source_file import quote_name
from payrank.extracts.contract.tables import any_table
from payrank.extracts.errors import ExtractRefusedError
from payrank.extracts.fetch_row import fetch_one_row
from payrank.extracts.load.quarantine import MOST_NAMED
from payrank.extracts.load.repeated_keys import may_repeat
from payrank.extracts.pluralize import pluralize
from payrank.extracts.readers.session.record_ledger import QUARANTINED, SKIPPED
from payrank.extracts.readers.session.report import BlockCount
from payrank.extracts.readers.session.source_table import LINE

ORIGIN_COLUMNS = {"load_block": "INTEGER", "load_line": "BIGINT"}
"""Columns of a loaded table beside the canonical ones; they are not written."""

DESCRIPTIVE_TABLES = {"accounts", "coverages", "payers", "guarantors", "flags", "stated_balances"}
"""Tables whose rows describe: a payer's row comes from the first record that names it, and others need it too; a flag
protects. They stand although their record is quarantined for a row in another table."""

DUPLICATE_ROW = "the same row again"


class LoadedRows:
    """The loaded tables as rows with places, in the session's own database."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self.connection = connection
        self.blocks: list[BlockCount] = []
        connection.execute("CREATE TABLE load_blocks (block INTEGER, source INTEGER)")
        connection.execute(
            f"CREATE TABLE removed_records (source INTEGER, {LINE} BIGINT, reason INTEGER, stays BOOLEAN)"
        )

    def add_block(self, source: int, block: BlockCount) -> None:
        """Add the counts of a session that took rows of a source, under the number that its rows carry."""
        self.connection.execute("INSERT INTO load_blocks VALUES (?, ?)", [len(self.blocks), source])
        self.blocks.append(block)

    def remove_quarantined(self, tables: Iterable[str]) -> None:
        """Take out what quarantined records gave to the ledger and to every other table but those that describe."""
        (any_bad,) = fetch_one_row(self.connection, f"SELECT count(*) FROM record_ledger WHERE outcome = {QUARANTINED}")
        if not any_bad:
            return
        bad = f"SELECT DISTINCT source, {LINE} AS load_line FROM record_ledger WHERE outcome = {QUARANTINED}"
        for table in tables:
            if table in DESCRIPTIVE_TABLES:
                continue
            self._remove(
                table,
                f"SELECT loaded.rowid AS load_row FROM {quote_name(table)} AS loaded JOIN load_blocks AS blocks "
                f"ON blocks.block = loaded.load_block JOIN ({bad}) AS bad USING (source, load_line)",
                None,
            )

    def remove(self, table: str, rows: str, reason: int) -> int:
        """Take out rows, given by a query of `load_row`, for a reason; return how many.

        A record of which no row stays in any table is skipped for that reason once `settle` is called.
        """
        return self._remove(table, rows, reason)

    def _remove(self, table: str, rows: str, reason: int | None) -> int:
        name = quote_name(table)
        self.connection.execute(
            f"CREATE OR REPLACE TEMP TABLE removed_rows AS SELECT rowid AS load_row, load_block, load_line FROM {name} "
            f"WHERE rowid IN (SELECT load_row FROM ({rows}))"
        )
        (count,) = fetch_one_row(self.connection, "SELECT count(*) FROM removed_rows")
        if not count:
            return 0
        self.connection.execute(f"DELETE FROM {name} WHERE rowid IN (SELECT load_row FROM removed_rows)")
        counts = self.connection.execute(
            "SELECT load_block, sum(n), count_if(NOT stays) FROM (SELECT load_block, load_line, count(*) AS n, "
            f"(load_block, load_line) IN (SELECT (load_block, load_line) FROM {name}) AS stays "
            "FROM removed_rows GROUP BY ALL) GROUP BY load_block"
        ).fetchall()
        for number, gone, records in counts:
            block = self.blocks[number]
            moved = "quarantined" if reason is None else "skipped"
            self.blocks[number] = replace(
                block,
                loaded=block.loaded - records,
                rows_written=block.rows_written - int(gone),
                **{moved: getattr(block, moved) + records},
            )
        if reason is not None:
            self.connection.execute(
                f"INSERT INTO removed_records SELECT DISTINCT source, load_line, {reason}, false "
                "FROM removed_rows JOIN load_blocks AS blocks ON blocks.block = removed_rows.load_block"
            )
        return int(count)

    def skip_removed(self, tables: Iterable[str]) -> None:
        """Set aside the records none of whose rows stays, whatever else was said of them."""
        if not fetch_one_row(self.connection, "SELECT count(*) FROM removed_records")[0]:
            return
        for table in tables:
            self.connection.execute(
                f"UPDATE removed_records SET stays = true WHERE (source, {LINE}) IN (SELECT (source, load_line) "
                f"FROM {quote_name(table)} AS loaded JOIN load_blocks AS blocks ON block = load_block)"
            )
        gone = f"SELECT source, {LINE}, min(reason) AS reason FROM removed_records WHERE NOT stays GROUP BY ALL"
        self.connection.execute(
            f"DELETE FROM record_ledger WHERE outcome <> {QUARANTINED} "
            f"AND (source, {LINE}) IN (SELECT (source, {LINE}) FROM ({gone}))"
        )
        self.connection.execute(f"INSERT INTO record_ledger SELECT source, {LINE}, {SKIPPED}, reason FROM ({gone})")

    def drop_repeated(self, table: str, columns: Sequence[str], reason: int) -> int:
        """Keep the first of rows that are alike in every column; return how many were dropped.

        Raises
        ------
        ExtractRefusedError
            When rows with one key differ; the message names the files and lines of the first five pairs.
        """
        key = [name for name in any_table(table).key if name in columns]
        if not key or not may_repeat(self.connection, table, key):
            return 0
        name, keys = quote_name(table), ", ".join(map(quote_name, key))
        fields = ", ".join(map(quote_name, columns))
        self.connection.execute(
            f"CREATE OR REPLACE TEMP TABLE repeats AS SELECT {keys}, min(rowid) AS first_row, "
            f"count(DISTINCT row({fields})) AS kinds FROM {name} GROUP BY {keys} HAVING count(*) > 1"
        )
        same = " AND ".join(f"other.{quote_name(part)} IS NOT DISTINCT FROM repeats.{quote_name(part)}" for part in key)
        joined = f"repeats JOIN {name} AS other ON {same}"
        (differing,) = fetch_one_row(self.connection, "SELECT count(*) FROM repeats WHERE kinds > 1")
        if differing:
            others = " and others" if differing > MOST_NAMED else ""
            raise ExtractRefusedError(
                f"{table}: {pluralize(differing, 'key')} ({', '.join(key)}) with rows that differ: "
                f"{'; '.join(self._name_pairs(name, columns, joined))}{others}. "
                "Allowed: one row a key; the same row again in every column is counted once. "
                "Send one version of each row, or a key that tells them apart."
            )
        rows = f"SELECT other.rowid AS load_row FROM {joined} WHERE other.rowid <> repeats.first_row"
        return self._remove(table, rows, reason)

    def _name_pairs(self, name: str, columns: Sequence[str], joined: str) -> list[str]:
        """Name where the first rows stand that differ from the first row of their key."""
        differs = " OR ".join(f"first.{quote_name(one)} IS DISTINCT FROM other.{quote_name(one)}" for one in columns)
        pairs = self.connection.execute(
            "SELECT first.load_block, first.load_line, arg_min(other.load_block, other.rowid), "
            f"arg_min(other.load_line, other.rowid) FROM {joined} JOIN {name} AS first "
            f"ON first.rowid = repeats.first_row WHERE kinds > 1 AND ({differs}) "
            f"GROUP BY first.rowid, first.load_block, first.load_line ORDER BY first.rowid LIMIT {MOST_NAMED}"
        ).fetchall()
        return [
            f"{self.blocks[block].file} line {line} and {self.blocks[other].file} line {other_line}"
            for block, line, other, other_line in pairs
        ]

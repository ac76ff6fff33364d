"""Rows that were landed and do not stay: a quarantined record's, a merged account's, and the same row again.

Every landed row keeps the place that it came from: the landing (a number into the blocks of the report) and the line
of its record. Taking rows out again settles the counts of their blocks, and the fate of a record none of whose rows
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
from payrank.extracts.readers.session.record_ledger import QUARANTINED, SET_ASIDE
from payrank.extracts.readers.session.report import BlockCount
from payrank.extracts.readers.session.source_table import LINE

PLACE = {"landed_block": "INTEGER", "landed_line": "BIGINT"}
"""Columns of a landed table beside the canonical ones; they are not written."""

TOLD_ONCE = {"accounts", "coverages", "payers", "guarantors", "flags", "stated_balances"}
"""Tables whose rows describe: a payer's row comes from the first record that names it, and others need it too; a flag
protects. They stand although their record is quarantined for a row in another table."""

SAME_AGAIN = "the same row again"


class LandedRows:
    """The landed tables as rows with places, in the landing's own database."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self.connection = connection
        self.blocks: list[BlockCount] = []
        connection.execute("CREATE TABLE landed_blocks (block INTEGER, source INTEGER)")
        connection.execute(f"CREATE TABLE landed_gone (source INTEGER, {LINE} BIGINT, reason INTEGER, stays BOOLEAN)")

    def add_block(self, source: int, block: BlockCount) -> None:
        """Add the counts of a landing that took rows of a source, under the number that its rows carry."""
        self.connection.execute("INSERT INTO landed_blocks VALUES (?, ?)", [len(self.blocks), source])
        self.blocks.append(block)

    def hold_back(self, tables: Iterable[str]) -> None:
        """Take out what quarantined records gave to the ledger and to every other table but those that describe."""
        (any_bad,) = fetch_one_row(self.connection, f"SELECT count(*) FROM fates WHERE fate = {QUARANTINED}")
        if not any_bad:
            return
        bad = f"SELECT DISTINCT source, {LINE} AS landed_line FROM fates WHERE fate = {QUARANTINED}"
        for table in tables:
            if table in TOLD_ONCE:
                continue
            self._take_out(
                table,
                f"SELECT landed.rowid AS landed_row FROM {quote_name(table)} AS landed JOIN landed_blocks AS blocks "
                f"ON blocks.block = landed.landed_block JOIN ({bad}) AS bad USING (source, landed_line)",
                None,
            )

    def drop(self, table: str, rows: str, reason: int) -> int:
        """Take out rows, given by a query of `landed_row`, for a reason; return how many.

        A record of which no row stays in any table is set aside for that reason once `settle` is called.
        """
        return self._take_out(table, rows, reason)

    def _take_out(self, table: str, rows: str, reason: int | None) -> int:
        name = quote_name(table)
        self.connection.execute(
            f"CREATE OR REPLACE TEMP TABLE going AS SELECT rowid AS landed_row, landed_block, landed_line FROM {name} "
            f"WHERE rowid IN (SELECT landed_row FROM ({rows}))"
        )
        (count,) = fetch_one_row(self.connection, "SELECT count(*) FROM going")
        if not count:
            return 0
        self.connection.execute(f"DELETE FROM {name} WHERE rowid IN (SELECT landed_row FROM going)")
        counts = self.connection.execute(
            "SELECT landed_block, sum(n), count_if(NOT stays) FROM (SELECT landed_block, landed_line, count(*) AS n, "
            f"(landed_block, landed_line) IN (SELECT (landed_block, landed_line) FROM {name}) AS stays "
            "FROM going GROUP BY ALL) GROUP BY landed_block"
        ).fetchall()
        for number, gone, records in counts:
            block = self.blocks[number]
            moved = "quarantined" if reason is None else "skipped"
            self.blocks[number] = replace(
                block,
                written=block.written - records,
                rows=block.rows - int(gone),
                **{moved: getattr(block, moved) + records},
            )
        if reason is not None:
            self.connection.execute(
                f"INSERT INTO landed_gone SELECT DISTINCT source, landed_line, {reason}, false "
                "FROM going JOIN landed_blocks AS blocks ON blocks.block = going.landed_block"
            )
        return int(count)

    def settle(self, tables: Iterable[str]) -> None:
        """Set aside the records none of whose rows stays, whatever else was said of them."""
        if not fetch_one_row(self.connection, "SELECT count(*) FROM landed_gone")[0]:
            return
        for table in tables:
            self.connection.execute(
                f"UPDATE landed_gone SET stays = true WHERE (source, {LINE}) IN (SELECT (source, landed_line) "
                f"FROM {quote_name(table)} AS landed JOIN landed_blocks AS blocks ON block = landed_block)"
            )
        gone = f"SELECT source, {LINE}, min(reason) AS reason FROM landed_gone WHERE NOT stays GROUP BY ALL"
        self.connection.execute(
            f"DELETE FROM fates WHERE fate <> {QUARANTINED} "
            f"AND (source, {LINE}) IN (SELECT (source, {LINE}) FROM ({gone}))"
        )
        self.connection.execute(f"INSERT INTO fates SELECT source, {LINE}, {SET_ASIDE}, reason FROM ({gone})")

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
        rows = f"SELECT other.rowid AS landed_row FROM {joined} WHERE other.rowid <> repeats.first_row"
        return self._take_out(table, rows, reason)

    def _name_pairs(self, name: str, columns: Sequence[str], joined: str) -> list[str]:
        """Name where the first rows stand that differ from the first row of their key."""
        differs = " OR ".join(f"first.{quote_name(one)} IS DISTINCT FROM other.{quote_name(one)}" for one in columns)
        pairs = self.connection.execute(
            "SELECT first.landed_block, first.landed_line, arg_min(other.landed_block, other.rowid), "
            f"arg_min(other.landed_line, other.rowid) FROM {joined} JOIN {name} AS first "
            f"ON first.rowid = repeats.first_row WHERE kinds > 1 AND ({differs}) "
            f"GROUP BY first.rowid, first.landed_block, first.landed_line ORDER BY first.rowid LIMIT {MOST_NAMED}"
        ).fetchall()
        return [
            f"{self.blocks[block].file} line {line} and {self.blocks[other].file} line {other_line}"
            for block, line, other, other_line in pairs
        ]

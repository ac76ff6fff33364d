"""Loaded rows that are removed again: rows of quarantined records, rows of merged accounts, and duplicates.

Every loaded row keeps its origin: the load (an index into the report's blocks) and the line of its record. Removing a
row corrects the counts of its block. A record without any remaining row becomes skipped.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import duckdb

from payrank.extracts.contract.source_file import quote_name
from payrank.extracts.contract.tables import any_table
from payrank.extracts.errors import ExtractRefusedError
from payrank.extracts.fetch_row import fetch_one_row
from payrank.extracts.load.quarantine import MAX_NAMED
from payrank.extracts.load.repeated_keys import may_repeat
from payrank.extracts.pluralize import pluralize
from payrank.extracts.readers.session.record_ledger import QUARANTINED, SKIPPED
from payrank.extracts.readers.session.report import BlockCount
from payrank.extracts.readers.session.source_table import LINE

ORIGIN_COLUMNS = {"load_block": "INTEGER", "load_line": "BIGINT"}
"""Columns of a loaded table in addition to the canonical ones. They are not written to the extract."""

DESCRIPTIVE_TABLES = {"accounts", "coverages", "payers", "guarantors", "flags", "stated_balances"}
"""Tables whose rows stay even if another row of their record is quarantined. Other records need them (a payer's row
comes from the first record that names the payer), or they protect a patient (a flag)."""

DUPLICATE_ROW = "duplicate of another row"


class LoadedRows:
    """The loaded tables of a session, with the origin of each row."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self.connection = connection
        self.blocks: list[BlockCount] = []
        connection.execute("CREATE TABLE load_blocks (block INTEGER, source INTEGER)")
        connection.execute(
            f"CREATE TABLE removed_records (source INTEGER, {LINE} BIGINT, reason INTEGER, stays BOOLEAN)"
        )

    def add_block(self, source: int, block: BlockCount) -> None:
        """Add the counts of one load from a source. Its rows carry the block's number."""
        self.connection.execute("INSERT INTO load_blocks VALUES (?, ?)", [len(self.blocks), source])
        self.blocks.append(block)

    def remove_quarantined(self, tables: Iterable[str]) -> None:
        """Remove the rows of quarantined records from every table that is not descriptive."""
        (quarantined,) = fetch_one_row(
            self.connection, f"SELECT count(*) FROM record_ledger WHERE outcome = {QUARANTINED}"
        )
        if not quarantined:
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
        """Remove the rows that a query returns as `load_row`, for a reason. Return how many were removed.

        Call `skip_removed` afterward: it skips, for that reason, the records without any remaining row.
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
        for number, removed, records in counts:
            block = self.blocks[number]
            outcome = "quarantined" if reason is None else "skipped"
            self.blocks[number] = replace(
                block,
                loaded=block.loaded - records,
                rows_written=block.rows_written - int(removed),
                **{outcome: getattr(block, outcome) + records},
            )
        if reason is not None:
            self.connection.execute(
                f"INSERT INTO removed_records SELECT DISTINCT source, load_line, {reason}, false "
                "FROM removed_rows JOIN load_blocks AS blocks ON blocks.block = removed_rows.load_block"
            )
        return int(count)

    def skip_removed(self, tables: Iterable[str]) -> None:
        """Mark the records without any remaining row as skipped, whatever their outcome was."""
        if not fetch_one_row(self.connection, "SELECT count(*) FROM removed_records")[0]:
            return
        for table in tables:
            self.connection.execute(
                f"UPDATE removed_records SET stays = true WHERE (source, {LINE}) IN (SELECT (source, load_line) "
                f"FROM {quote_name(table)} AS loaded JOIN load_blocks AS blocks ON block = load_block)"
            )
        removed = f"SELECT source, {LINE}, min(reason) AS reason FROM removed_records WHERE NOT stays GROUP BY ALL"
        self.connection.execute(
            f"DELETE FROM record_ledger WHERE outcome <> {QUARANTINED} "
            f"AND (source, {LINE}) IN (SELECT (source, {LINE}) FROM ({removed}))"
        )
        self.connection.execute(f"INSERT INTO record_ledger SELECT source, {LINE}, {SKIPPED}, reason FROM ({removed})")

    def drop_repeated(self, table: str, columns: Sequence[str], reason: int) -> int:
        """Keep the first of each set of rows that are identical in every column. Return how many were dropped.

        Raises
        ------
        ExtractRefusedError
            When rows with the same key differ. The message names the files and lines of the first five pairs.
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
            others = " and others" if differing > MAX_NAMED else ""
            raise ExtractRefusedError(
                f"{table}: {pluralize(differing, 'key')} ({', '.join(key)}) with rows that differ: "
                f"{'; '.join(self._name_pairs(name, columns, joined))}{others}. "
                "Allowed: one row per key; exact duplicates are counted once. "
                "Send one version of each row, or a key that distinguishes them."
            )
        rows = f"SELECT other.rowid AS load_row FROM {joined} WHERE other.rowid <> repeats.first_row"
        return self._remove(table, rows, reason)

    def _name_pairs(self, name: str, columns: Sequence[str], joined: str) -> list[str]:
        """Name the files and lines of rows that differ from the first row with the same key."""
        differs = " OR ".join(
            f"first.{quote_name(column)} IS DISTINCT FROM other.{quote_name(column)}" for column in columns
        )
        pairs = self.connection.execute(
            "SELECT first.load_block, first.load_line, arg_min(other.load_block, other.rowid), "
            f"arg_min(other.load_line, other.rowid) FROM {joined} JOIN {name} AS first "
            f"ON first.rowid = repeats.first_row WHERE kinds > 1 AND ({differs}) "
            f"GROUP BY first.rowid, first.load_block, first.load_line ORDER BY first.rowid LIMIT {MAX_NAMED}"
        ).fetchall()
        return [
            f"{self.blocks[block].file} line {line} and {self.blocks[other].file} line {other_line}"
            for block, line, other, other_line in pairs
        ]

"""An import session: the canonical tables that a reader fills, and the ledger of every source record."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import duckdb

from payrank.extracts.contract.parsing import ALLOWED
from payrank.extracts.contract.source_file import digest_file, quote_name
from payrank.extracts.contract.tables import MERGES, SQL_TYPES, Column, any_table
from payrank.extracts.errors import ExtractRefusedError
from payrank.extracts.fetch_row import fetch_one_row
from payrank.extracts.load.load_extract import attribute_columns
from payrank.extracts.load.quarantine import MAX_QUARANTINED_SHARE, render_key
from payrank.extracts.load.stage import RULE
from payrank.extracts.pluralize import pluralize
from payrank.extracts.readers.session.loaded_rows import DUPLICATE_ROW, ORIGIN_COLUMNS, LoadedRows
from payrank.extracts.readers.session.merges import SURVIVOR_HAS_ROW, find_ends, rename_merged
from payrank.extracts.readers.session.record_ledger import FileCounts, RecordLedger
from payrank.extracts.readers.session.report import SAME_RECORD_REJECTED, BlockCount, BrokenRow, describe_broken
from payrank.extracts.readers.session.source_table import LINE, SourceTable, TextOptions, stage_text
from payrank.extracts.readers.session.validate import ValidatedRows, validate_rows

MACROS = (
    r"day(raw) AS CASE WHEN regexp_full_match(raw, '\d{4}-\d{2}-\d{2}[ T]00:00(:00(\.0+)?)?Z?') "
    r"THEN left(raw, 10) WHEN regexp_full_match(raw, '\d{1,2}/\d{1,2}/\d{4}( 12:00:00 AM| 0?0:00(:00)?)?') "
    r"THEN coalesce(strftime(try_strptime(split_part(raw, ' ', 1), '%m/%d/%Y'), '%Y-%m-%d'), raw) ELSE raw END",
    r"negated(raw) AS CASE WHEN regexp_full_match(raw, '-\d+(\.\d+)?') THEN raw[2:] "
    r"WHEN regexp_full_match(raw, '\d+(\.\d+)?') THEN '-' || raw ELSE raw END",
)
"""SQL macros for readers' queries. Each returns a text that it cannot read unchanged, so that the contract rejects it.

`day(text)` removes midnight from a date (`2018-08-13 00:00:00`, `8/13/2018 12:00:00 AM`). `negated(text)` reverses the
sign of a plain number."""


EXTRA_FILES = "extra_files"
"""Folder of the workspace for additional files that a reader writes."""


class ImportSession:
    """Canonical tables being filled. A reader stages sources, loads rows, and says why it skips the other records."""

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        workspace: Path,
        attributes: Mapping[str, Mapping[str, str]] | None = None,
    ) -> None:
        self.connection = connection
        self.workspace = workspace
        self.attributes = attributes or {}
        self.sources: list[SourceTable] = []
        self.mapped = False
        self.broken: list[BrokenRow] = []
        self.notices: list[str] = []
        self.columns: dict[str, list[str]] = {}
        self.rules: dict[str, str] = dict(ALLOWED)
        self._unreadable: set[tuple[str, int]] = set()
        self._ledger = RecordLedger(connection)
        self._loaded = LoadedRows(connection)
        self._offered: Counter[str] = Counter()
        for macro in MACROS:
            connection.execute(f"CREATE MACRO {macro}")

    @property
    def blocks(self) -> Sequence[BlockCount]:
        """Return the record counts of each load."""
        return self._loaded.blocks

    def stage(
        self, path: Path, *, delimiter: str = ",", encoding: str = "utf-8", nulls: tuple[str, ...] = ("",)
    ) -> SourceTable:
        """Read a delimited text file, strictly, into a table of texts. A file with known bytes is not read again.

        Raises
        ------
        ExtractRefusedError
            When the file cannot be read at all.
        """
        sha256 = digest_file(path)
        first = self._find(sha256)
        if first is not None:
            return self._repeat(path.name, first)
        relation = f"source_{len(self.sources)}"
        names, scan = stage_text(
            self.connection, path, TextOptions(delimiter, encoding, nulls), relation, self.workspace
        )
        return self._add(SourceTable(len(self.sources), path.name, sha256, relation, names, scan.good, scan.broken))

    def add_source(
        self,
        name: str,
        sha256: str,
        relation: str,
        broken: Sequence[tuple[int, str]] = (),
        same_as: str | None = None,
        mixed: bool = False,
    ) -> SourceTable:
        """Add a source that the reader parsed itself.

        Parameters
        ----------
        relation
            A table or view in `connection`, with one row per record: text columns and `source_line`.
        broken
            Text that is not a valid record, as (line, rule).
        mixed
            Whether the file has records of several types. Broken records then count against the file, not against each
            table that its other records fill.
        """
        described = self.connection.execute(f"DESCRIBE {quote_name(relation)}").fetchall()
        names = tuple(column for column, *_ in described if column != LINE)
        (good,) = fetch_one_row(self.connection, f"SELECT count(*) FROM {quote_name(relation)}")
        return self._add(
            SourceTable(len(self.sources), name, sha256, relation, names, good, tuple(broken), same_as, mixed)
        )

    def _find(self, sha256: str) -> SourceTable | None:
        return next((source for source in self.sources if source.sha256 == sha256 and source.same_as is None), None)

    def _repeat(self, name: str, first: SourceTable) -> SourceTable:
        return self._add(
            SourceTable(
                len(self.sources), name, first.sha256, first.relation, first.names, first.good, first.broken, first.name
            )
        )

    def _add(self, source: SourceTable) -> SourceTable:
        self.sources.append(source)
        return source

    def select_columns(self, table: str, offered: Iterable[str]) -> tuple[Column, ...]:
        """Return the offered columns: first the contract's, in its order, then attributes, then `audit_*` columns."""
        offered = set(offered) - {LINE}
        known = (*any_table(table).columns, *attribute_columns(self.attributes.get(table, {})))
        audit = sorted(offered - {column.name for column in known})
        return (*(column for column in known if column.name in offered), *(Column(name, "text") for name in audit))

    def load(self, table: str, source: SourceTable, query: str) -> int:
        """Load the rows of a query, which returns canonical columns (as text or typed) and `source_line`.

        Returns
        -------
        Rows written. Rows that violate the contract are quarantined by file, line, column, and rule.
        """
        if source.same_as is not None:
            return 0
        described = self.connection.execute(f"DESCRIBE {query}").fetchall()
        columns = self.select_columns(table, [name for name, *_ in described])
        return self.add_rows(table, source, validate_rows(self.connection, columns, query, source.name))

    def add_rows(self, table: str, source: SourceTable, rows: ValidatedRows, block: int | None = None) -> int:
        """Write validated rows to their table, and enter their records in the ledger.

        Parameters
        ----------
        block
            Number of the table's block in the user's mapping. None numbers the loads from this file.
        """
        self.mapped = self.mapped or block is not None
        self.create_table(table, [column.name for column in rows.columns])
        names = ", ".join(quote_name(column.name) for column in rows.columns)
        loaded, bad = self._ledger.add_loaded(source, rows.name, f"{RULE} IS NOT NULL")
        # A record is loaded completely or not at all. Half a transfer would change what is owed.
        same_record = f"AND {LINE} NOT IN (SELECT {LINE} FROM {rows.name} WHERE {RULE} IS NOT NULL)" if bad else ""
        (written,) = fetch_one_row(
            self.connection,
            f"INSERT INTO {quote_name(table)} ({names}, {', '.join(ORIGIN_COLUMNS)}) "
            f"SELECT {names}, {len(self.blocks)}, {LINE} FROM {rows.name} WHERE {RULE} IS NULL {same_record} "
            "ORDER BY rowid",
        )
        self._offered[table] += int(fetch_one_row(self.connection, f"SELECT count(*) FROM {rows.name}")[0])
        self.broken += self._name_broken(table, source, rows)
        number = block or 1 + sum(count.table == table and count.file == source.name for count in self.blocks)
        quarantined = bad + (0 if source.mixed else len(source.broken))
        skipped = source.records - loaded - quarantined
        self._loaded.add_block(
            source.number,
            BlockCount(table, number, source.name, source.records, loaded, skipped, quarantined, int(written)),
        )
        return int(written)

    def create_table(self, table: str, names: Iterable[str]) -> None:
        """Create the table if needed, and add the columns that it does not have yet."""
        known = self.columns.setdefault(table, [])
        for column in self.select_columns(table, names):
            if column.name in known:
                continue
            field = f"{quote_name(column.name)} {SQL_TYPES[column.kind]}"
            change = f"ALTER TABLE {quote_name(table)} ADD COLUMN {field}"
            places = ", ".join(f"{name} {sql_type}" for name, sql_type in ORIGIN_COLUMNS.items())
            self.connection.execute(change if known else f"CREATE TABLE {quote_name(table)} ({places}, {field})")
            known.append(column.name)

    def _name_broken(self, table: str, source: SourceTable, rows: ValidatedRows) -> list[BrokenRow]:
        """List each row that broke a rule, by its record. Text that is not a valid record counts once per table."""
        key = any_table(table).key
        has_key = {column.name for column in rows.columns} >= set(key)
        rejected = self.connection.execute(
            f"SELECT {LINE}, {RULE}, {render_key(any_table(table)) if has_key else 'NULL'} FROM {rows.name} "
            f"WHERE {RULE} IS NOT NULL ORDER BY rowid"
        ).fetchall()
        broken = [
            BrokenRow(table, key, column, rule, source.name, line)
            for line, number, key in rejected
            for column, rule in [rows.rules[number - 1]]
        ]
        if not source.mixed and (table, source.number) not in self._unreadable:
            self._unreadable.add((table, source.number))
            self._offered[table] += len(source.broken)
            broken += [BrokenRow(table, None, None, rule, source.name, line) for line, rule in source.broken]
        return sorted(broken, key=lambda row: row.source_line)

    def add_rules(self, rules: Mapping[str, str]) -> None:
        """Add a reader's rules: rule -> what it allows, for messages."""
        self.rules.update(rules)

    def extra_file(self, name: str) -> Path:
        """Return the path for an additional file, which is published with the tables of the import."""
        folder = self.workspace / EXTRA_FILES
        folder.mkdir(mode=0o700, exist_ok=True)
        return folder / name

    def skip(self, source: SourceTable, reason: str, query: str) -> int:
        """Skip the records that a query returns by `source_line`, for a reason. Return how many records it returns."""
        return 0 if source.same_as is not None else self._ledger.skip(source, reason, query)

    def mark_reference(self, source: SourceTable) -> None:
        """Count the records of a source as reference only, unless they are also loaded."""
        self._ledger.mark_reference(source)

    def add_notice(self, text: str) -> None:
        """Add a notice for the user at the end of the import. It may contain counts, never a value from a row."""
        self.notices.append(text)

    def _follow_merges(self) -> None:
        """Follow each merge to its end, and quarantine the merges that have no single end."""
        for number, line, rule in find_ends(self.connection):
            source = self.sources[number]
            self.broken.append(BrokenRow(MERGES.name, None, "into_id", rule, source.name, line))
            self._ledger.quarantine(source, line)
        self._loaded.remove_quarantined(self.columns)

    def refuse_if_too_many_quarantined(self) -> None:
        """Refuse the import if over 1% of a table's rows, or of a file's records, are quarantined.

        Raises
        ------
        ExtractRefusedError
            With the broken rules, their counts, and the first line of each.
        """
        broken_by_table = {table: [row for row in self.broken if row.table_name == table] for table in self.columns}
        for table, broken in sorted(
            broken_by_table.items(), key=lambda item: -len(item[1])
        ):  # report the table with the most broken rows first
            offered = self._offered[table]
            (loaded,) = fetch_one_row(self.connection, f"SELECT count(*) FROM {quote_name(table)}")
            rejected = offered - int(loaded)
            if rejected > MAX_QUARANTINED_SHARE * offered:
                raise ExtractRefusedError(
                    describe_broken(
                        table,
                        broken or self.broken,
                        rejected,
                        offered,
                        self.rules,
                        same_record=rejected - len(broken),
                        mapped=self.mapped,
                    )
                )
            if rejected > len(broken):
                self.add_notice(f"{table}: {pluralize(rejected - len(broken), 'row')} left out {SAME_RECORD_REJECTED}")
        for source in self.sources:
            broken = [row for row in self.broken if row.table_name == source.name]
            if len(broken) > MAX_QUARANTINED_SHARE * source.records:
                raise ExtractRefusedError(
                    describe_broken(source.name, broken, len(broken), source.records, self.rules, mapped=self.mapped)
                )

    def finish(self) -> list[FileCounts]:
        """Remove rows of quarantined records, apply merges, drop duplicate rows, and count every source's records.

        Raises
        ------
        ExtractRefusedError
            When over 1% of a table or a file is quarantined, or rows with the same key differ.
        """
        for source in self.sources:
            loaded = any(number == source.number for _, number in self._unreadable)
            if source.same_as is None and not loaded:  # list its broken records under the file itself
                self.broken += [
                    BrokenRow(source.name, None, None, rule, source.name, line) for line, rule in source.broken
                ]
        self._loaded.remove_quarantined(self.columns)
        if MERGES.name in self.columns:
            self._follow_merges()
        self.refuse_if_too_many_quarantined()
        if MERGES.name in self.columns:
            self.notices += rename_merged(self._loaded, self.columns, self._ledger.number_of(SURVIVOR_HAS_ROW))
        for table in self.columns:
            self._drop_repeated(table)
        self._loaded.skip_removed(self.columns)
        return self._ledger.count_records(self.sources)

    def _drop_repeated(self, table: str) -> None:
        if table == MERGES.name:
            return  # `find_ends` handles repeated subjects
        (rows,) = fetch_one_row(self.connection, f"SELECT count(*) FROM {quote_name(table)}")
        dropped = self._loaded.drop_repeated(table, self.columns[table], self._ledger.number_of(DUPLICATE_ROW))
        if dropped:
            self.add_notice(f"{table}: {dropped:,} of {rows:,} rows are exact duplicates and were written once")


def require_columns(source: SourceTable, *names: str) -> None:
    """Check that a staged source has the columns that its reader needs.

    Raises
    ------
    ExtractRefusedError
        Naming the file and the columns that are missing.
    """
    missing = [name for name in names if name not in source.names]
    if missing:
        raise ExtractRefusedError(
            f"{source.name}: column {', '.join(missing)} is missing. Allowed: {', '.join(names)}, spelled exactly. "
            "Add it to the export, and import again."
        )

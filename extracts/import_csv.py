"""Imports CSV files of any shape by a mapping: canonical Parquet tables, their metadata, and a report of every row."""

from __future__ import annotations

import tempfile
from collections.abc import Collection
from dataclasses import replace
from datetime import date
from pathlib import Path

import duckdb

from extracts.ask import ask_row
from extracts.contract import SQL_TYPES, TABLE_NAMES, Column, table
from extracts.errors import ExtractRefused, PayrankError, WrongUsage
from extracts.import_report import (
    BlockCount,
    BrokenRow,
    FileRead,
    ImportReport,
    describe_broken,
    write_quarantine,
    write_report,
)
from extracts.import_source import ImportSource, find_files, stage_sources
from extracts.load import attribute_columns, load_extract, open_database
from extracts.map_rows import ORDINAL, MappedRows, define_dollars, map_rows
from extracts.mapping import Block, SourceMapping, read_mapping
from extracts.metadata import Metadata, write_metadata
from extracts.publish import build_aside
from extracts.quarantine import MOST_QUARANTINED, render_key
from extracts.source_file import IMPORT_REPORT, quote_name
from extracts.stage import RULE
from extracts.write_table import write_table


def import_csv(source: Path, out: Path, mapping: Path) -> ImportReport:
    """Import a CSV file, or a folder of them, into a new extract folder.

    Writes `<table>.parquet` in the order of the source, `extract.toml` with control totals of what was written,
    `import_report.json` and `import_quarantine.csv`, all readable by the owner alone. The result is loaded once before
    it is shown: what `load_extract` would refuse is not published.

    Parameters
    ----------
    source
        A CSV file (also .csv.gz), or a folder.
    out
        A new or empty folder, or one that an import made, which is then replaced.
    mapping
        A TOML file; its grammar is in `extracts.mapping`.

    Raises
    ------
    WrongUsage
        When the mapping does not fit the source, or `out` holds something else.
    ExtractRefused
        When a file cannot be read, over 1% of a table's rows is quarantined, or the result is no valid extract.
    """
    plan = read_mapping(mapping)
    matches = [(block, find_files(source, block)) for block in plan.blocks]
    with (
        build_aside(out, replaces=IMPORT_REPORT) as aside,
        tempfile.TemporaryDirectory(prefix="payrank-") as workspace,
        open_database(Path(workspace)) as connection,
    ):
        run = _Import(connection, plan, aside)
        run.read(matches, Path(workspace))
        return run.write(out)


class _Import:
    def __init__(self, connection: duckdb.DuckDBPyConnection, plan: SourceMapping, aside: Path) -> None:
        self.connection = connection
        self.plan = plan
        self.aside = aside
        self.files: list[FileRead] = []
        self.counts: list[BlockCount] = []
        self.broken: list[BrokenRow] = []

    def read(self, matches: list[tuple[Block, list[Path]]], workspace: Path) -> None:
        """Stage every file, shut the database off from all other files, and run every block on its files."""
        define_dollars(self.connection, self.plan.csv.decimal)
        paths = sorted({path for _, found in matches for path in found})
        staged = stage_sources(self.connection, paths, self.plan.csv, workspace)
        self.files = [FileRead(s.file.name, s.sha256, s.records, s.same_as) for s in staged.values()]
        # DuckDB 2.0 moves an expression that occurs twice out of its TRY, where its error ends the query; `in_clause`
        # stays off for the order of the rows, see `open_database`.
        self.connection.execute("SET disabled_optimizers = 'common_subexpressions,in_clause'")
        lock_database(self.connection)
        for name in TABLE_NAMES:
            blocks = [(block, found) for block, found in matches if block.table == name]
            if not blocks:
                continue
            self.create(name, {column for block, _ in blocks for column in block.columns})
            for block, found in blocks:
                for path in found:
                    if staged[path].same_as is None:
                        self.run_block(block, staged[path])
            self.refuse_many(name)

    def columns_of(self, name: str, mapped: Collection[str]) -> tuple[Column, ...]:
        """Return the mapped columns: the contract's in its order, then attributes, then `audit_*` columns by name."""
        known = (*table(name).columns, *attribute_columns(self.plan.attributes.get(name, {})))
        audit = sorted(set(mapped) - {column.name for column in known})
        return (*(column for column in known if column.name in mapped), *(Column(column, "text") for column in audit))

    def create(self, name: str, mapped: Collection[str]) -> None:
        """Create the empty table with every column that any of its blocks maps."""
        fields = ", ".join(f"{quote_name(c.name)} {SQL_TYPES[c.kind]}" for c in self.columns_of(name, mapped))
        self.connection.execute(f"CREATE TABLE {quote_name(name)} ({fields})")

    def run_block(self, block: Block, source: ImportSource) -> None:
        """Map one file's rows into the block's table, and account for each of them."""
        rows = map_rows(self.connection, block, self.columns_of(block.table, block.columns), source)
        names = ", ".join(quote_name(column.name) for column in rows.columns)
        (written,) = ask_row(
            self.connection,
            f"INSERT INTO {quote_name(block.table)} ({names}) SELECT {names} FROM {rows.name} WHERE {RULE} IS NULL "
            f"ORDER BY {ORDINAL}",
        )
        broken = self.broken_rows(block, source, rows)
        (taken,) = ask_row(self.connection, f"SELECT count(*) FROM {rows.name}")
        skipped = source.scan.good - taken
        count = BlockCount(block.table, block.number, source.file.name, source.records, written, skipped, len(broken))
        if count.rows_in != count.written + count.skipped + count.quarantined:
            raise PayrankError(f"{block.title} over {source.file.name}: its rows do not add up. Report this fault.")
        self.counts.append(count)
        self.broken += broken

    def broken_rows(self, block: Block, source: ImportSource, rows: MappedRows) -> list[BrokenRow]:
        """Name each row that broke a rule, in the order of the file; records that are no rows count for every block."""
        found = self.connection.execute(
            f"SELECT {ORDINAL}, {RULE}, {render_mapped_key(block, rows)} FROM {rows.name} WHERE {RULE} IS NOT NULL "
            f"ORDER BY {ORDINAL}"
        ).fetchall()
        name = source.file.name
        broken = [
            BrokenRow(block.table, key, column, rule, name, source.scan.line_of(ordinal))
            for ordinal, number, key in found
            for column, rule in [rows.rules[number - 1]]
        ]
        broken += [BrokenRow(block.table, None, None, rule, name, line) for line, rule in source.scan.broken]
        return sorted(broken, key=lambda row: row.source_line)

    def refuse_many(self, name: str) -> None:
        """Refuse when over 1% of what a table's blocks took is quarantined."""
        broken = [row for row in self.broken if row.table_name == name]
        taken = sum(count.written + count.quarantined for count in self.counts if count.table == name)
        if len(broken) > MOST_QUARANTINED * taken:
            raise ExtractRefused(describe_broken(name, broken, taken))

    def write(self, out: Path) -> ImportReport:
        """Write the tables, prove that they load, and write what is known about them."""
        names = [name for name in TABLE_NAMES if any(block.table == name for block in self.plan.blocks)]
        totals = {name: write_table(self.connection, name, self.aside) for name in names}
        metadata = Metadata(self.plan.source_system, None, totals, self.plan.attributes)
        write_metadata(metadata, self.aside)
        try:
            with load_extract(self.aside) as loaded:
                as_of = ask_as_of(loaded.connection, self.plan.as_of)
                notices = loaded.notices
        except ExtractRefused as error:
            raise ExtractRefused(str(error).replace(str(self.aside), str(out))) from None
        write_metadata(replace(metadata, as_of=as_of), self.aside)
        report = ImportReport(
            folder=out,
            source_system=self.plan.source_system,
            as_of=as_of,
            files=tuple(self.files),
            blocks=tuple(self.counts),
            rows_written={name: total.rows or 0 for name, total in totals.items()},
            notices=notices,
        )
        write_report(report, self.aside)
        write_quarantine(self.broken, self.aside)
        return report


def lock_database(connection: duckdb.DuckDBPyConnection) -> None:
    """Shut a connection off from files, network and Python variables for good: what runs next is a user's SQL."""
    connection.execute("SET python_enable_replacements = false")
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")


def ask_as_of(connection: duckdb.DuckDBPyConnection, as_of: date | str | None) -> date | None:
    """Return the as-of date that a mapping gives, running its query over the loaded tables.

    Raises
    ------
    WrongUsage
        When the query fails or gives no day.
    """
    if not isinstance(as_of, str):
        return as_of
    lock_database(connection)
    try:
        (day,) = ask_row(connection, f"SELECT CAST(({as_of}\n) AS DATE)")
    except duckdb.Error as error:
        found = f"fails ({type(error).__name__})"
    else:
        if isinstance(day, date):
            return day
        found = "gives no day"
    raise WrongUsage(
        f"as_of of the mapping {found}. Allowed: a day, or a query over the canonical tables that gives one, as "
        '"SELECT max(posted_on) + 1 FROM transactions". Correct the mapping.'
    )


def render_mapped_key(block: Block, rows: MappedRows) -> str:
    """Render the key of a mapped row, from the parts of it that could be read."""
    return render_key(table(block.table)) if {c.name for c in rows.columns} >= set(table(block.table).key) else "NULL"

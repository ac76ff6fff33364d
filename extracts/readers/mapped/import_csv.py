"""Imports tables of any shape by a mapping: every block over every file that it reads."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from payrank.extracts.contract.source_file import quote_name, quote_text
from payrank.extracts.contract.tables import any_table
from payrank.extracts.errors import WrongUsageError
from payrank.extracts.fetch_row import fetch_one_row
from payrank.extracts.pluralize import pluralize
from payrank.extracts.readers.excel.workbook import OTHER_SUFFIXES, StagedSheet, is_workbook, stage_sheet
from payrank.extracts.readers.excel.workbook import SUFFIXES as EXCEL_SUFFIXES
from payrank.extracts.readers.mapped.compare_declared import Arrived, DeclarationCheck
from payrank.extracts.readers.mapped.lookup import Lookup, join_lookup, stage_lookup
from payrank.extracts.readers.mapped.macros import BLANKS, EXPRESSION, define_macros
from payrank.extracts.readers.mapped.map_rows import map_rows
from payrank.extracts.readers.mapped.mapping import MAPPABLE, Block, SourceMapping, read_mapping
from payrank.extracts.readers.mapped.ready_mappings import find_mapping
from payrank.extracts.readers.mapped.stage_file import StagedFile, stage_file
from payrank.extracts.readers.session.import_session import ImportSession
from payrank.extracts.readers.session.report import ImportReport
from payrank.extracts.readers.session.run_import import lock_database, run_import
from payrank.extracts.readers.session.source_table import SourceTable
from payrank.extracts.readers.session.validate import ValidatedRows

SUFFIXES = (".csv", ".csv.gz", *EXCEL_SUFFIXES, *OTHER_SUFFIXES)
TAKEN_BY_NONE = "taken by no block of the mapping"


def import_csv(source: Path, out: Path, mapping: Path | str) -> ImportReport:
    """Import CSV files and Excel workbooks into a new extract folder; `run_import` says what is written there.

    Parameters
    ----------
    source
        A CSV file (also .csv.gz), a workbook (.xlsx, .xlsm), or a folder of them.
    out
        A new or empty folder, or one that an import made, which is then replaced.
    mapping
        A TOML file (its grammar is in `payrank.extracts.readers.mapped.mapping`), or
        `ready:NAME` for one that comes with
        payrank.

    Raises
    ------
    WrongUsageError
        When the mapping does not fit the source, or `out` holds something else.
    ExtractRefusedError
        When a file cannot be read, over 1% of a table's rows is quarantined, or the result is no valid extract.
    """
    plan = read_mapping(find_mapping(mapping))
    counts = tuple(declaration.count_file for declaration in plan.declared if declaration.count_file)
    matches = [
        (block, [path for path in find_files(source, block) if not path.name.endswith(counts)]) for block in plan.blocks
    ]
    if not any(paths for _, paths in matches):
        raise WrongUsageError(f"{source}: no file fits any block of the mapping. Correct the mapping or the source.")
    lookups = {lookup.name: lookup for block, paths in matches if paths for lookup in block.lookups}
    looked_up = {name: _find_one(source, lookup) for name, lookup in lookups.items()}
    return run_import(
        out,
        lambda session: _Mapped(session, plan, source).read(matches, lookups, looked_up),
        source_system=plan.source_system,
        as_of=plan.as_of,
        attributes=plan.attributes,
    )


Key = tuple[Path, str | None, int | None]
"""A file, and of a workbook the sheet and the row of its header."""


@dataclass(slots=True)
class _Mapped:
    """One import: every file is staged first, the database is shut off, then every block runs on its files."""

    session: ImportSession
    plan: SourceMapping
    source: Path
    staged: dict[Key, StagedSheet] = field(default_factory=dict)
    tables: dict[str, str] = field(default_factory=dict)
    joined: dict[tuple[str, str], str] = field(default_factory=dict)
    texts: dict[Path, StagedFile] = field(default_factory=dict)

    def read(
        self, matches: list[tuple[Block, list[Path]]], lookups: dict[str, Lookup], looked_up: dict[str, Path]
    ) -> None:
        connection = self.session.connection
        define_macros(connection, self.plan.csv.decimal)
        self.session.add_rules({"expression": EXPRESSION})
        keys: set[Key] = {(path, block.sheet, block.header_row) for block, paths in matches for path in paths}
        keys |= {(looked_up[name], lookup.sheet, lookup.header_row) for name, lookup in lookups.items()}
        for key in sorted(keys, key=lambda key: (str(key[0]), key[1] or "", key[2] or 0)):
            self.staged[key] = self.stage(*key)
        # DuckDB 2.0 moves an expression that occurs twice out of its TRY, where its error ends the query; `in_clause`
        # stays off for the order of the rows, see `open_database`.
        connection.execute("SET disabled_optimizers = 'common_subexpressions,in_clause'")
        lock_database(connection)
        arrived = [Arrived(key[0], sheet, self.texts.get(key[0])) for key, sheet in self.staged.items()]
        DeclarationCheck(self.session, self.plan.declared, self.source, arrived).run()
        for name, lookup in lookups.items():
            sheet = self.staged[looked_up[name], lookup.sheet, lookup.header_row]
            self.tables[name] = stage_lookup(self.session, lookup, sheet.source)
            if sheet.faulty:
                self.session.add_notice(
                    f"{lookup.title}: columns {', '.join(sheet.faulty)} of {sheet.source.name} have cells that cannot "
                    "be read; they tell nothing"
                )
        for name in MAPPABLE:
            self.run_table(name, [(block, paths) for block, paths in matches if block.table == name])
        self.account({(looked_up[name], lookup.sheet, lookup.header_row) for name, lookup in lookups.items()})

    def stage(self, path: Path, sheet: str | None, header_row: int | None) -> StagedSheet:
        options = self.plan.csv
        if is_workbook(path):
            staged = stage_sheet(self.session, path, sheet=sheet, header_row=header_row, nulls=options.nulls)
            return next((other for other in self.staged.values() if other.source is staged.source), staged)
        if sheet is not None:
            raise WrongUsageError(
                f"{path.name}: the mapping gives it a sheet, and it is no workbook. Allowed: for "
                f"{', '.join(EXCEL_SUFFIXES)}. Correct the mapping."
            )
        if path in self.texts:
            raise WrongUsageError(
                f"{path.name}: the mapping reads it with different header_row. Allowed: one header a text file. "
                "Correct the mapping."
            )
        declared = [declaration for declaration in self.plan.declared if declaration.fits(path, self.source)]
        self.texts[path] = stage_file(self.session, path, options, header_row, declared)
        return StagedSheet(self.texts[path].source)

    def run_table(self, name: str, blocks: list[tuple[Block, list[Path]]]) -> None:
        """Run the blocks of a table, in the mapping's order, each over its files by name."""
        mapped = {column for block, paths in blocks if paths for column in block.columns}
        if mapped:
            self.session.create_table(name, mapped)
        for block, paths in blocks:
            if not paths:
                self.session.add_notice(f"{block.title}: no file fits {block.file!r}; left out, for it is optional")
            for path in paths:
                self.run_block(block, self.staged[path, block.sheet, block.header_row])

    def run_block(self, block: Block, sheet: StagedSheet) -> None:
        """Map one table's rows into the block's."""
        source = sheet.source
        if source.same_as is not None:
            return
        relation = f"{source.relation}_marked" if sheet.faulty else source.relation
        for lookup in block.lookups:
            step = (relation, lookup.name)
            if step not in self.joined:
                table = self.tables[lookup.name]
                self.joined[step] = join_lookup(self.session, source, relation, lookup, table)
            relation = self.joined[step]
        columns = self.session.select_columns(block.table, block.columns)
        rows = map_rows(self.session.connection, block, columns, source, relation, sheet.faulty)
        self.warn_about_padded_ids(block, source, rows)
        self.session.add_rows(block.table, source, rows, block.number)
        self.warn_about_numeric_ids(block, sheet)

    def warn_about_padded_ids(self, block: Block, source: SourceTable, rows: ValidatedRows) -> None:
        """Give notice of ids that begin or end with a blank or begin with an apostrophe: to the letter they are others.

        Rows that were found under `00123` in one file and `'00123` in another would never meet.
        """
        for column in rows.columns:
            if column.kind != "id":
                continue
            name, padded = quote_name(column.name), quote_text(f"^['{BLANKS}]|[{BLANKS}]$")
            query = f"SELECT count(*) FROM {quote_name(rows.name)} WHERE regexp_matches({name}, {padded})"
            (count,) = fetch_one_row(self.session.connection, query)
            if count:
                self.session.add_notice(
                    f"{source.name}: {pluralize(count, 'row')} of {block.title} have a blank around {column.name} or "
                    "an apostrophe before it; ids are kept to the letter. Take it off by trim() or ltrim()"
                )

    def warn_about_numeric_ids(self, block: Block, sheet: StagedSheet) -> None:
        """Give notice of ids that a workbook keeps as numbers: their leading zeros, if there were any, are gone."""
        for name, text in block.columns.items():
            column = any_table(block.table).column(name)
            if text in sheet.numbers and column is not None and column.kind == "id":
                message = (
                    f"{sheet.source.name}: column {text} holds {pluralize(sheet.numbers[text], 'id')} as numbers; "
                    "leading zeros, if there were any, were lost in Excel"
                )
                if message not in self.session.notices:
                    self.session.add_notice(message)

    def account(self, looked_up: set[Key]) -> None:
        """Say of the records that no block took that none did; a lookup's were looked up."""
        for key, sheet in self.staged.items():
            if key not in looked_up:
                query = f"SELECT source_line FROM {sheet.source.relation}"
                self.session.skip(sheet.source, TAKEN_BY_NONE, query)


def find_files(source: Path, block: Block) -> list[Path]:
    """Find the files that a block reads, sorted by name; an optional block may find none.

    Raises
    ------
    WrongUsageError
        When the source is absent or no file fits the block's pattern.
    """
    paths = _match(source, block.file, block.title)
    if not paths and not block.optional:
        pattern = block.file or " or ".join(f"*{suffix}" for suffix in SUFFIXES[:3])
        raise WrongUsageError(
            f"{block.title}: no file of {source} fits {pattern!r}. Correct the pattern or the source."
        )
    return paths


def _find_one(source: Path, lookup: Lookup) -> Path:
    paths = _match(source, lookup.file, lookup.title)
    if len(paths) != 1:
        raise WrongUsageError(
            f"{lookup.title}: {pluralize(len(paths), 'file')} of {source} fit {lookup.file!r}. Allowed: one. Correct "
            "the pattern or the source."
        )
    return paths[0]


def _match(source: Path, pattern: str | None, title: str) -> list[Path]:
    if not source.exists():
        raise WrongUsageError(f"{source}: no such file or folder. Give a CSV file, a workbook, or a folder of them.")
    if pattern is not None and (Path(pattern).is_absolute() or ".." in Path(pattern).parts):
        raise WrongUsageError(f"{title}: file points outside the source folder. Allowed: a pattern inside it.")
    if source.is_file():
        return [source] if pattern is None or source.match(pattern) else []
    if pattern is None:
        files = (path for path in source.iterdir() if path.is_file() and not path.name.startswith(("~$", ".")))
        return sorted(path for path in files if path.name.casefold().endswith(SUFFIXES))
    return sorted(path for path in source.glob(pattern) if path.is_file())

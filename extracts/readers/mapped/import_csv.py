"""Import tables of any layout with a mapping: run every mapping block on every file that it reads."""

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
NOT_MAPPED = "not selected by any block of the mapping"


def import_csv(source: Path, out: Path, mapping: Path | str) -> ImportReport:
    """Import CSV files and Excel workbooks into a new extract folder. `run_import` describes the files that it writes.

    Parameters
    ----------
    source
        A CSV file (also .csv.gz), a workbook (.xlsx, .xlsm), or a folder of them.
    out
        A new or empty folder, or one that an import made, which is replaced.
    mapping
        A TOML file (`payrank.extracts.readers.mapped.mapping` describes its syntax), or `ready:NAME` for one that comes
        with payrank.

    Raises
    ------
    WrongUsageError
        When the mapping does not fit the source, or `out` has other contents.
    ExtractRefusedError
        When a file cannot be read, over 1% of a table's rows are quarantined, or the result is not a valid extract.
    """
    plan = read_mapping(find_mapping(mapping))
    counts = tuple(declaration.count_file for declaration in plan.declared if declaration.count_file)
    matches = [
        (block, [path for path in find_files(source, block) if not path.name.endswith(counts)]) for block in plan.blocks
    ]
    if not any(paths for _, paths in matches):
        raise WrongUsageError(f"{source}: no file matches any block of the mapping. Correct the mapping or the source.")
    lookups = {lookup.name: lookup for block, paths in matches if paths for lookup in block.lookups}
    lookup_paths = {name: _find_one(source, lookup) for name, lookup in lookups.items()}
    return run_import(
        out,
        lambda session: _Mapped(session, plan, source).read(matches, lookups, lookup_paths),
        source_system=plan.source_system,
        as_of=plan.as_of,
        attributes=plan.attributes,
    )


Key = tuple[Path, str | None, int | None]
"""A file, and for a workbook its sheet and header row."""


@dataclass(slots=True)
class _Mapped:
    """One import: stage every file, lock the database, then run every block on its files."""

    session: ImportSession
    plan: SourceMapping
    source: Path
    staged: dict[Key, StagedSheet] = field(default_factory=dict)
    tables: dict[str, str] = field(default_factory=dict)
    joined: dict[tuple[str, str], str] = field(default_factory=dict)
    texts: dict[Path, StagedFile] = field(default_factory=dict)

    def read(
        self, matches: list[tuple[Block, list[Path]]], lookups: dict[str, Lookup], lookup_paths: dict[str, Path]
    ) -> None:
        connection = self.session.connection
        define_macros(connection, self.plan.csv.decimal)
        self.session.add_rules({"expression": EXPRESSION})
        keys: set[Key] = {(path, block.sheet, block.header_row) for block, paths in matches for path in paths}
        keys |= {(lookup_paths[name], lookup.sheet, lookup.header_row) for name, lookup in lookups.items()}
        for key in sorted(keys, key=lambda key: (str(key[0]), key[1] or "", key[2] or 0)):
            self.staged[key] = self.stage(*key)
        # DuckDB 2.0 moves an expression that occurs twice out of its TRY, so that its error stops the query.
        # `in_clause` stays off to preserve the row order, see `open_database`.
        connection.execute("SET disabled_optimizers = 'common_subexpressions,in_clause'")
        lock_database(connection)
        arrived = [Arrived(key[0], sheet, self.texts.get(key[0])) for key, sheet in self.staged.items()]
        DeclarationCheck(self.session, self.plan.declared, self.source, arrived).run()
        for name, lookup in lookups.items():
            sheet = self.staged[lookup_paths[name], lookup.sheet, lookup.header_row]
            self.tables[name] = stage_lookup(self.session, lookup, sheet.source)
            if sheet.faulty:
                self.session.add_notice(
                    f"{lookup.title}: columns {', '.join(sheet.faulty)} of {sheet.source.name} have unreadable cells, "
                    "which count as null"
                )
        for name in MAPPABLE:
            self.run_table(name, [(block, paths) for block, paths in matches if block.table == name])
        self.skip_unmapped({(lookup_paths[name], lookup.sheet, lookup.header_row) for name, lookup in lookups.items()})

    def stage(self, path: Path, sheet: str | None, header_row: int | None) -> StagedSheet:
        options = self.plan.csv
        if is_workbook(path):
            staged = stage_sheet(self.session, path, sheet=sheet, header_row=header_row, nulls=options.nulls)
            return next((other for other in self.staged.values() if other.source is staged.source), staged)
        if sheet is not None:
            raise WrongUsageError(
                f"{path.name}: the mapping gives it a sheet, but it is not a workbook. Allowed: sheet for "
                f"{', '.join(EXCEL_SUFFIXES)}. Correct the mapping."
            )
        if path in self.texts:
            raise WrongUsageError(
                f"{path.name}: the mapping gives it different values of header_row. Allowed: one header per text file. "
                "Correct the mapping."
            )
        declared = [declaration for declaration in self.plan.declared if declaration.fits(path, self.source)]
        self.texts[path] = stage_file(self.session, path, options, header_row, declared)
        return StagedSheet(self.texts[path].source)

    def run_table(self, name: str, blocks: list[tuple[Block, list[Path]]]) -> None:
        """Run the blocks of a table in the mapping's order, each on its files, sorted by name."""
        mapped = {column for block, paths in blocks if paths for column in block.columns}
        if mapped:
            self.session.create_table(name, mapped)
        for block, paths in blocks:
            if not paths:
                self.session.add_notice(
                    f"{block.title}: skipped, because it is optional and no file matches {block.file!r}"
                )
            for path in paths:
                self.run_block(block, self.staged[path, block.sheet, block.header_row])

    def run_block(self, block: Block, sheet: StagedSheet) -> None:
        """Map the rows of one source table with the block."""
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
        """Add a notice about IDs with surrounding blanks or a leading apostrophe, because IDs are compared exactly.

        Rows with the ID `00123` in one file and `'00123` in another would not match.
        """
        for column in rows.columns:
            if column.kind != "id":
                continue
            name, padded = quote_name(column.name), quote_text(f"^['{BLANKS}]|[{BLANKS}]$")
            query = f"SELECT count(*) FROM {quote_name(rows.name)} WHERE regexp_matches({name}, {padded})"
            (count,) = fetch_one_row(self.session.connection, query)
            if count:
                self.session.add_notice(
                    f"{source.name}: {pluralize(count, 'row')} of {block.title} have blanks around {column.name}, or "
                    "an apostrophe before it. IDs are kept exactly. Remove them with trim() or ltrim()"
                )

    def warn_about_numeric_ids(self, block: Block, sheet: StagedSheet) -> None:
        """Add a notice about IDs that a workbook stores as numbers, which have lost any leading zeros."""
        for name, text in block.columns.items():
            column = any_table(block.table).column(name)
            if text in sheet.numbers and column is not None and column.kind == "id":
                message = (
                    f"{sheet.source.name}: column {text} has {pluralize(sheet.numbers[text], 'ID')} stored as numbers; "
                    "any leading zeros were lost in Excel"
                )
                if message not in self.session.notices:
                    self.session.add_notice(message)

    def skip_unmapped(self, lookup_keys: set[Key]) -> None:
        """Skip the records that no block selects. Lookup tables are reference records already."""
        for key, sheet in self.staged.items():
            if key not in lookup_keys:
                query = f"SELECT source_line FROM {sheet.source.relation}"
                self.session.skip(sheet.source, NOT_MAPPED, query)


def find_files(source: Path, block: Block) -> list[Path]:
    """Return the files that a block reads, sorted by name. An optional block may have none.

    Raises
    ------
    WrongUsageError
        When the source does not exist, or no file fits the block's pattern.
    """
    paths = _match(source, block.file, block.title)
    if not paths and not block.optional:
        pattern = block.file or " or ".join(f"*{suffix}" for suffix in SUFFIXES[:3])
        raise WrongUsageError(
            f"{block.title}: no file in {source} matches {pattern!r}. Correct the pattern or the source."
        )
    return paths


def _find_one(source: Path, lookup: Lookup) -> Path:
    paths = _match(source, lookup.file, lookup.title)
    if len(paths) != 1:
        raise WrongUsageError(
            f"{lookup.title}: {pluralize(len(paths), 'file')} in {source} match {lookup.file!r}. Allowed: one. Correct "
            "the pattern or the source."
        )
    return paths[0]


def _match(source: Path, pattern: str | None, title: str) -> list[Path]:
    if not source.exists():
        raise WrongUsageError(f"{source}: no such file or folder. Give a CSV file, a workbook, or a folder of them.")
    if pattern is not None and (Path(pattern).is_absolute() or ".." in Path(pattern).parts):
        raise WrongUsageError(f"{title}: file is outside the source folder. Allowed: a pattern inside it.")
    if source.is_file():
        return [source] if pattern is None or source.match(pattern) else []
    if pattern is None:
        files = (path for path in source.iterdir() if path.is_file() and not path.name.startswith(("~$", ".")))
        return sorted(path for path in files if path.name.casefold().endswith(SUFFIXES))
    return sorted(path for path in source.glob(pattern) if path.is_file())

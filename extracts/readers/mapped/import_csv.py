"""Imports tables of any shape by a mapping: every block over every file that it reads."""

from __future__ import annotations

from pathlib import Path

from extracts.contract import TABLE_NAMES
from extracts.errors import WrongUsage
from extracts.readers.landing import Landing
from extracts.readers.mapped.map_rows import define_dollars, map_rows
from extracts.readers.mapped.mapping import Block, SourceMapping, read_mapping
from extracts.readers.report import ImportReport
from extracts.readers.run_import import lock_database, run_import
from extracts.readers.source_table import SourceTable

SUFFIXES = (".csv", ".csv.gz")
TAKEN_BY_NONE = "taken by no block of the mapping"


def import_csv(source: Path, out: Path, mapping: Path) -> ImportReport:
    """Import a CSV file, or a folder of them, into a new extract folder; `run_import` says what is written there.

    Parameters
    ----------
    source
        A CSV file (also .csv.gz), or a folder.
    out
        A new or empty folder, or one that an import made, which is then replaced.
    mapping
        A TOML file; its grammar is in `extracts.readers.mapped.mapping`.

    Raises
    ------
    WrongUsage
        When the mapping does not fit the source, or `out` holds something else.
    ExtractRefused
        When a file cannot be read, over 1% of a table's rows is quarantined, or the result is no valid extract.
    """
    plan = read_mapping(mapping)
    matches = [(block, find_files(source, block)) for block in plan.blocks]
    return run_import(
        out,
        lambda landing: _read(landing, plan, matches),
        source_system=plan.source_system,
        as_of=plan.as_of,
        attributes=plan.attributes,
    )


def _read(landing: Landing, plan: SourceMapping, matches: list[tuple[Block, list[Path]]]) -> None:
    """Stage every file, shut the database off from all other files, and run every block on its files."""
    define_dollars(landing.connection, plan.csv.decimal)
    staged = {
        path: landing.stage(path, delimiter=plan.csv.delimiter, encoding=plan.csv.encoding, nulls=plan.csv.nulls)
        for path in sorted({path for _, found in matches for path in found})
    }
    # DuckDB 2.0 moves an expression that occurs twice out of its TRY, where its error ends the query; `in_clause`
    # stays off for the order of the rows, see `open_database`.
    landing.connection.execute("SET disabled_optimizers = 'common_subexpressions,in_clause'")
    lock_database(landing.connection)
    for name in TABLE_NAMES:
        blocks = [(block, found) for block, found in matches if block.table == name]
        mapped = {column for block, _ in blocks for column in block.columns}
        if mapped:
            landing.create(name, mapped)
        for block, found in blocks:
            for path in found:
                _run_block(landing, block, staged[path])
    for source in staged.values():
        landing.set_aside(source, TAKEN_BY_NONE, f"SELECT source_line FROM {source.relation}")


def _run_block(landing: Landing, block: Block, source: SourceTable) -> None:
    """Map one file's rows into the block's table."""
    if source.same_as is not None:
        return
    columns = landing.columns_of(block.table, block.columns)
    landing.take(block.table, source, map_rows(landing.connection, block, columns, source), block.number)


def find_files(source: Path, block: Block) -> list[Path]:
    """Find the files that a block reads, sorted by name.

    Raises
    ------
    WrongUsage
        When the source is absent or no file fits the block's pattern.
    """
    if not source.exists():
        raise WrongUsage(f"{source}: no such file or folder. Give a CSV file or a folder of them.")
    if source.is_file():
        found = [source] if block.file is None or source.match(block.file) else []
    elif block.file is None:
        found = sorted(path for path in source.iterdir() if path.is_file() and path.name.endswith(SUFFIXES))
    elif Path(block.file).is_absolute() or ".." in Path(block.file).parts:
        raise WrongUsage(f"{block.title}: file points outside the source folder. Allowed: a pattern inside it.")
    else:
        found = sorted(path for path in source.glob(block.file) if path.is_file())
    if not found:
        pattern = block.file or " or ".join(f"*{suffix}" for suffix in SUFFIXES)
        raise WrongUsage(f"{block.title}: no file of {source} fits {pattern!r}. Correct the pattern or the source.")
    return found

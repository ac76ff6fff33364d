"""Stages X12 files: every file read once into DuckDB tables, and added to the landing with its records."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import duckdb
import pyarrow as pa

from extracts.errors import ExtractRefused, WrongUsage
from extracts.readers.landing import Landing
from extracts.readers.source_table import SourceTable
from extracts.readers.x12.read_file import FileAccount, read_file
from extracts.readers.x12.staged import COLUMNS, split_columns
from extracts.source_file import digest_file

SUFFIXES = (".835", ".837", ".837i", ".837p", ".edi", ".txt", ".dat", ".x12")
"""Names of X12 files, also followed by .gz; any file may be given by its own name."""


MOST_NAMED = 20
"""Refused files that a message names."""
MOST_ROWS = 60_000
"""Rows of a staged table that are held before DuckDB gets them: some 10 MiB."""


def find_files(source: Path) -> list[Path]:
    """Find the X12 files of a folder and its subfolders, sorted by path; a file is given as it is.

    Raises
    ------
    WrongUsage
        When there is none.
    """
    if source.is_file():
        return [source]
    found = sorted(
        path
        for path in (source.rglob("*") if source.is_dir() else ())
        if path.name.lower().removesuffix(".gz").endswith(SUFFIXES) and path.is_file()
    )
    if not found:
        names = ", ".join(f"*{suffix}" for suffix in SUFFIXES)
        raise WrongUsage(f"{source}: no X12 file there. Allowed: a file, or a folder with {names}, also .gz.")
    return found


def stage_files(landing: Landing, source: Path) -> list[tuple[SourceTable, FileAccount]]:
    """Read every file into the tables `x12_<name>`, whose `file` is the number of the landing's source.

    A file of bytes that were read before is not read again.

    Raises
    ------
    ExtractRefused
        When files are refused, naming each.
    """
    connection = landing.connection
    for name in COLUMNS:
        fields = ", ".join(
            f"{column} {'BIGINT' if kind == 'int' else 'VARCHAR'}" for column, kind in split_columns(name)
        )
        connection.execute(f"CREATE TABLE x12_{name} (file INTEGER, {fields})")
    staged = []
    refusals: list[str] = []
    seen: dict[str, SourceTable] = {}
    for path in find_files(source):
        name = path.name if path == source else path.relative_to(source).as_posix()
        sha256 = digest_file(path)
        number = len(landing.sources)
        if sha256 in seen:
            first = seen[sha256]
            landing.add_source(name, sha256, first.relation, same_as=first.name)
            continue
        inserts = _Inserts(connection, number)
        try:
            account = read_file(path, inserts, name)
        except ExtractRefused as refused:
            refusals.append(str(refused))
            continue
        inserts.close()
        relation = f"x12_source_{number}"
        connection.execute(f"CREATE VIEW {relation} AS {_render_records(number)}")
        seen[sha256] = landing.add_source(name, sha256, relation)
        staged.append((seen[sha256], account))
    if refusals:
        raise refuse_files(refusals)
    return staged


def refuse_files(refusals: Sequence[str]) -> ExtractRefused:
    """Refuse an import with every file that was refused, so that one run names all that must be asked for again.

    >>> str(refuse_files(["a.835: no ISA.", "b.835: cut."]))
    'a.835: no ISA. · b.835: cut. · 2 files are refused, so nothing is imported: take them out, or ask for them again.'
    """
    if len(refusals) == 1:
        return ExtractRefused(refusals[0])
    more = len(refusals) - MOST_NAMED
    named = [*refusals[:MOST_NAMED], *([f"and {more} more"] if more > 0 else [])]
    told = f"{len(refusals)} files are refused, so nothing is imported: take them out, or ask for them again."
    return ExtractRefused(" \u00b7 ".join([*named, told]))


class _Inserts:
    """A sink that appends rows to the staged tables of one file, many at a time: DuckDB is slow at small batches."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, number: int) -> None:
        self.connection = connection
        self.number = number
        self.held: dict[str, list[pa.Table]] = {}

    def __call__(self, name: str, rows: pa.Table) -> None:
        held = self.held.setdefault(name, [])
        held.append(rows)
        if sum(table.num_rows for table in held) > MOST_ROWS:
            self.insert(name)

    def close(self) -> None:
        """Append what is held."""
        for name, held in self.held.items():
            if held:
                self.insert(name)

    def insert(self, name: str) -> None:
        """Append what is held of one table."""
        self.connection.register("x12_batch", pa.concat_tables(self.held[name]))
        self.connection.execute(f"INSERT INTO x12_{name} SELECT {self.number}, * FROM x12_batch")
        self.connection.unregister("x12_batch")
        self.held[name] = []


def _render_records(number: int) -> str:
    """Render the records of a file: each claim (CLP, CLM) and each adjustment of a provider's account (PLB)."""
    return (
        f"SELECT 'CLP' AS segment, source_line FROM x12_paid_claims WHERE file = {number} "
        f"UNION ALL SELECT 'CLM', source_line FROM x12_submitted_claims WHERE file = {number} "
        f"UNION ALL SELECT DISTINCT 'PLB', source_line FROM x12_provider_adjustments WHERE file = {number}"
    )

"""Stage X12 files: read each file once into DuckDB tables and add it to the import session."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa

from payrank.extracts.contract.source_file import digest_file
from payrank.extracts.errors import ExtractRefusedError, WrongUsageError
from payrank.extracts.readers.session.import_session import ImportSession
from payrank.extracts.readers.session.source_table import SourceTable
from payrank.extracts.readers.x12.files.read_file import FileAccount, read_file
from payrank.extracts.readers.x12.files.staged import COLUMNS, split_columns

SUFFIXES = (".835", ".837", ".837i", ".837p", ".edi", ".txt", ".dat", ".x12")
"""Extensions of X12 files, optionally followed by .gz. A single file may have any name."""


MAX_NAMED_FILES = 20
"""Maximum number of refused files named in a message."""
MAX_BUFFERED_ROWS = 60_000
"""Rows of a staged table to buffer before inserting them into DuckDB: about 10 MiB."""


def find_files(source: Path) -> list[Path]:
    """Find the X12 files in a folder and its subfolders, sorted by path, or return a single file.

    Raises
    ------
    WrongUsageError
        If there are none.
    """
    if source.is_file():
        return [source]
    files = sorted(
        path
        for path in (source.rglob("*") if source.is_dir() else ())
        if path.name.lower().removesuffix(".gz").endswith(SUFFIXES) and path.is_file()
    )
    if not files:
        names = ", ".join(f"*{suffix}" for suffix in SUFFIXES)
        raise WrongUsageError(f"{source}: no X12 files found. Allowed: a file, or a folder with {names}, also .gz.")
    return files


@dataclass(frozen=True, slots=True)
class StagedFile:
    """A file and its summary. `same_as` names an earlier file with the same bytes, in which case this file was not
    read.
    """

    number: int
    name: str
    sha256: str
    account: FileAccount | None
    same_as: str | None = None


def stage_files(connection: duckdb.DuckDBPyConnection, source: Path) -> list[StagedFile]:
    """Read every file into the tables `x12_<name>`, whose column `file` is the file's number.

    A file with the same bytes as an earlier file is not read again.

    Raises
    ------
    ExtractRefusedError
        If files are refused. The message names each of them.
    """
    for name in COLUMNS:
        fields = ", ".join(
            f"{column} {'BIGINT' if kind == 'int' else 'VARCHAR'}" for column, kind in split_columns(name)
        )
        connection.execute(f"CREATE TABLE x12_{name} (file INTEGER, {fields})")
    staged: list[StagedFile] = []
    refusals: list[str] = []
    seen: dict[str, str] = {}
    for number, path in enumerate(find_files(source)):
        name = path.name if path == source else path.relative_to(source).as_posix()
        sha256 = digest_file(path)
        if sha256 in seen:
            staged.append(StagedFile(number, name, sha256, None, seen[sha256]))
            continue
        inserts = _Inserts(connection, number)
        try:
            account = read_file(path, inserts, name)
        except ExtractRefusedError as refused:
            refusals.append(str(refused))
            continue
        inserts.close()
        seen[sha256] = name
        staged.append(StagedFile(number, name, sha256, account))
    if refusals:
        raise refuse_files(refusals)
    connection.execute(RECORDS)
    return staged


RECORDS = """
CREATE TABLE x12_records AS
SELECT file, source_line, segment FROM (
  SELECT file, source_line, 'CLP' AS segment FROM x12_paid_claims
  UNION ALL SELECT file, source_line, 'CLM' FROM x12_submitted_claims
  UNION ALL SELECT DISTINCT file, source_line, 'PLB' FROM x12_provider_adjustments
) ORDER BY file, source_line
"""
"""The records of every file: each claim (CLP, CLM) and each provider-level adjustment (PLB)."""


def add_sources(session: ImportSession, staged: Sequence[StagedFile]) -> list[SourceTable]:
    """Add every file and its records to the session. Records in `x12_broken` are quarantined under their rule.

    Returns
    -------
    The files that were read, without duplicates.
    """
    connection = session.connection
    files = []
    relations: dict[str, str] = {}
    for file in staged:
        if file.same_as is not None:
            session.add_source(file.name, file.sha256, relations[file.sha256], same_as=file.same_as)
            continue
        relation = relations[file.sha256] = f"x12_source_{file.number}"
        connection.execute(
            f"CREATE VIEW {relation} AS SELECT segment, source_line FROM x12_records ANTI JOIN x12_broken "
            f"USING (file, source_line) WHERE file = {file.number}"
        )
        broken = connection.execute(
            f"SELECT source_line, rule FROM x12_broken WHERE file = {file.number} ORDER BY source_line"
        ).fetchall()
        files.append(session.add_source(file.name, file.sha256, relation, broken, mixed=True))
    return files


def refuse_files(refusals: Sequence[str]) -> ExtractRefusedError:
    """Return one error that names every refused file, so that one run lists everything to request again.

    >>> str(refuse_files(["a.835: no ISA.", "b.835: cut."]))
    'a.835: no ISA. · b.835: cut. · 2 files are refused, so nothing was imported. Remove them or request them again.'
    """
    if len(refusals) == 1:
        return ExtractRefusedError(refusals[0])
    more = len(refusals) - MAX_NAMED_FILES
    named = [*refusals[:MAX_NAMED_FILES], *([f"and {more} more"] if more > 0 else [])]
    summary = f"{len(refusals)} files are refused, so nothing was imported. Remove them or request them again."
    return ExtractRefusedError(" \u00b7 ".join([*named, summary]))


class _Inserts:
    """A sink that buffers rows before appending them to the staged tables of one file.

    DuckDB is slow at small inserts.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection, number: int) -> None:
        self.connection = connection
        self.number = number
        self.held: dict[str, list[pa.Table]] = {}

    def __call__(self, name: str, rows: pa.Table) -> None:
        held = self.held.setdefault(name, [])
        held.append(rows)
        if sum(table.num_rows for table in held) > MAX_BUFFERED_ROWS:
            self.insert(name)

    def close(self) -> None:
        """Append all buffered rows."""
        for name, held in self.held.items():
            if held:
                self.insert(name)

    def insert(self, name: str) -> None:
        """Append the buffered rows of one table."""
        self.connection.register("x12_batch", pa.concat_tables(self.held[name]))
        self.connection.execute(f"INSERT INTO x12_{name} SELECT {self.number}, * FROM x12_batch")
        self.connection.unregister("x12_batch")
        self.held[name] = []

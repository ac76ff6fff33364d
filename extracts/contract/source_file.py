"""Find the file of each canonical table in a folder."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from payrank.extracts.contract.metadata import FILE_NAME
from payrank.extracts.contract.tables import STATED_BALANCES, TABLE_NAMES
from payrank.extracts.errors import ExtractRefusedError, did_you_mean

Format = Literal["parquet", "csv", "csv.gz"]
SUFFIXES: tuple[Format, ...] = ("parquet", "csv", "csv.gz")
IMPORT_REPORT = "import_report.json"
IMPORT_QUARANTINE = "import_quarantine.csv"
IMPORT_UNRECONCILED = "import_unreconciled.csv"
IMPORT_BALANCES = "import_balances.csv"
IMPORT_FILES = (IMPORT_REPORT, IMPORT_QUARANTINE, IMPORT_UNRECONCILED, IMPORT_BALANCES)
"""Files that an import writes in addition to the tables."""


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One file of an extract: its canonical table and its format."""

    table: str
    path: Path
    format: Format
    place: str | None = None

    @property
    def name(self) -> str:
        """Name used in messages: the file name, or the database table that its rows were copied from."""
        return self.place or self.path.name


def find_sources(folder: Path, schema: str | None = None) -> tuple[dict[str, SourceFile], list[str]]:
    """Find the file of each canonical table. Also return a notice for each file that is ignored.

    Parameters
    ----------
    schema
        Database schema that the files were copied from, if any. Messages then name its tables instead of files.

    Raises
    ------
    ExtractRefusedError
        When the folder does not exist, has no canonical table, or has two files for one table.
    """
    if not folder.is_dir():
        raise ExtractRefusedError(
            f"{folder}: no such folder. Allowed: a folder with one file per table. Give the extract's folder."
        )
    sources: dict[str, SourceFile] = {}
    notices = []
    for path in sorted(folder.iterdir()):
        source = _recognize(path, schema)
        if source is None:
            if not path.name.startswith(".") and path.name not in {FILE_NAME, *IMPORT_FILES}:
                hint = did_you_mean(path.name.split(".")[0], TABLE_NAMES) if path.is_file() else "folders are not read"
                notices.append(f"{path.name}: not a canonical table, ignored ({hint})")
        elif source.table in sources:
            raise ExtractRefusedError(
                f"{source.table}: two files contain this table, {sources[source.table].name} and {source.name}. "
                "Allowed: one file per table. Remove the wrong one, or merge them."
            )
        else:
            sources[source.table] = source
    if not sources:
        raise ExtractRefusedError(
            f"{folder}: no canonical table found. Allowed: "
            + ", ".join(TABLE_NAMES)
            + " as .parquet, .csv, or .csv.gz. Rename the files, or import them with a mapping."
        )
    return sources, notices


def _recognize(path: Path, schema: str | None) -> SourceFile | None:
    stem, _, suffix = path.name.partition(".")
    for known in SUFFIXES:
        if suffix == known and stem in (*TABLE_NAMES, STATED_BALANCES.name) and path.is_file():
            return SourceFile(stem, path, known, f"{schema}.{stem}" if schema else None)
    return None


def digest_file(path: Path) -> str:
    """Return the SHA-256 digest of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def quote_name(name: str) -> str:
    """Quote an SQL identifier.

    >>> quote_name('a"b')
    '"a""b"'
    """
    return '"' + name.replace('"', '""') + '"'


def quote_text(text: str) -> str:
    """Quote an SQL text literal.

    >>> quote_text("O'Hara")
    "'O''Hara'"
    """
    return "'" + text.replace("'", "''") + "'"


def quote_path(path: Path) -> str:
    """Quote a path for DuckDB's readers, which would otherwise treat [, *, and ? as patterns."""
    return quote_text("".join(f"[{letter}]" if letter in "[*?" else letter for letter in str(path.resolve())))

"""Find the files of an Epic folder: their tables, their delimiters, and the tables that are not read."""

from __future__ import annotations

import gzip
import re
import zlib
from dataclasses import dataclass
from pathlib import Path

from payrank.extracts.contract.source_file import digest_file
from payrank.extracts.csv.raw_bytes import open_bytes, refuse_bytes
from payrank.extracts.errors import ExtractRefusedError, WrongUsageError
from payrank.extracts.readers.epic.export.known_tables import (
    BLOCKED_TABLES,
    DESCRIPTION_FILES,
    KNOWN,
    OTHER_NAMES,
    UNUSED_TABLES,
)

SUFFIXES = (".tsv", ".csv", ".txt")
DELIMITERS = ("\t", "|", ",")
MAX_HEADER = 1 << 16
"""Bytes. The widest table that Epic documents has about 250 columns."""

_TABLE_NAME = re.compile(r"[A-Z][A-Z0-9_]{1,60}")


@dataclass(frozen=True, slots=True)
class FoundTables:
    """Files by table name (several only if they are identical), and the tables that are not read."""

    files: dict[str, tuple[Path, ...]]
    unknown: tuple[str, ...]
    blocked: tuple[str, ...]


def find_tables(source: Path) -> FoundTables:
    """Identify the table of each file by its name, ignoring case.

    Raises
    ------
    WrongUsageError
        If the source is not a folder or contains no table.
    ExtractRefusedError
        If two different files contain the same table.
    """
    if not source.is_dir():
        raise WrongUsageError(f"{source}: no such folder. Pass the folder with Epic's tables, one file per table.")
    files: dict[str, list[Path]] = {}
    unknown, blocked = set(), set()
    for path in sorted(path for path in source.iterdir() if path.is_file()):
        name = _name_table(path)
        if name is None or name in DESCRIPTION_FILES:
            continue
        if name in BLOCKED_TABLES:
            blocked.add(name)
        elif name in KNOWN or name in UNUSED_TABLES:
            files.setdefault(name, []).append(path)
        else:
            unknown.add(name if _TABLE_NAME.fullmatch(name) else "(not a table name)")
    for name, paths in files.items():
        if len({digest_file(path) for path in paths}) > 1:
            raise ExtractRefusedError(
                f"{name}: found in {len(paths)} different files ({', '.join(path.name for path in paths)}). "
                "Allowed: one file per table. Combine them or remove the outdated ones."
            )
    if not files:
        raise WrongUsageError(
            f"{source}: contains no Epic table that payrank reads. Allowed: files named after the tables, such as "
            f"HSP_TRANSACTIONS.tsv, ending in {', '.join(SUFFIXES)}, optionally with .gz. Pass the export's folder."
        )
    return FoundTables(
        {name: tuple(paths) for name, paths in sorted(files.items())}, tuple(sorted(unknown)), tuple(sorted(blocked))
    )


def _name_table(path: Path) -> str | None:
    name = path.name.lower().removesuffix(".gz")
    suffix = next((suffix for suffix in SUFFIXES if name.endswith(suffix)), None)
    if suffix is None or name.startswith("."):
        return None
    stem = name.removesuffix(suffix).upper()
    return OTHER_NAMES.get(stem, stem)


def detect_delimiter(path: Path) -> str:
    """Return the delimiter with the most occurrences in the header.

    Raises
    ------
    ExtractRefusedError
        If the file cannot be read.
    """
    try:
        with open_bytes(path) as file:
            header = file.readline(MAX_HEADER).decode("latin-1")
    except (EOFError, gzip.BadGzipFile, zlib.error):
        raise refuse_bytes(path, "truncated or damaged gzip", "Send the file again.") from None
    except OSError as error:
        raise refuse_bytes(path, f"cannot be read ({type(error).__name__})", "Check the file's permissions.") from None
    return max(DELIMITERS, key=header.count)

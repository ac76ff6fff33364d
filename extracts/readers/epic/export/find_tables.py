"""The files of an Epic folder: which table each holds, how its fields are parted, and which are not read."""

from __future__ import annotations

import gzip
import re
import zlib
from dataclasses import dataclass
from pathlib import Path

from payrank.extracts.contract.source_file import digest_file
from payrank.extracts.csv.raw_bytes import open_bytes, refuse_bytes
from payrank.extracts.errors import ExtractRefusedError, WrongUsageError
from payrank.extracts.readers.epic.export.known_tables import BLOCKED_TABLES, KNOWN, NOT_TABLES, OTHER_NAMES, UNHELD

SUFFIXES = (".tsv", ".csv", ".txt")
DELIMITERS = ("\t", "|", ",")
LONGEST_HEADER = 1 << 16
"""Bytes. The widest table that Epic documents has some 250 columns."""

_TABLE_NAME = re.compile(r"[A-Z][A-Z0-9_]{1,60}")


@dataclass(frozen=True, slots=True)
class FoundTables:
    """Table name -> files in order of their names (more than one only where they are equal), and what is not read."""

    files: dict[str, tuple[Path, ...]]
    unknown: tuple[str, ...]
    blocked: tuple[str, ...]


def find_tables(source: Path) -> FoundTables:
    """Name the table of each file by the file's name, whatever its case.

    Raises
    ------
    WrongUsageError
        When the source is no folder or holds no table.
    ExtractRefusedError
        When two files that differ hold the same table.
    """
    if not source.is_dir():
        raise WrongUsageError(f"{source}: no such folder. Give the folder that holds Epic's tables, one file a table.")
    files: dict[str, list[Path]] = {}
    unknown, blocked = set(), set()
    for path in sorted(path for path in source.iterdir() if path.is_file()):
        name = _name_table(path)
        if name is None or name in NOT_TABLES:
            continue
        if name in BLOCKED_TABLES:
            blocked.add(name)
        elif name in KNOWN or name in UNHELD:
            files.setdefault(name, []).append(path)
        else:
            unknown.add(name if _TABLE_NAME.fullmatch(name) else "(not a table's name)")
    for name, paths in files.items():
        if len({digest_file(path) for path in paths}) > 1:
            raise ExtractRefusedError(
                f"{name}: found in {len(paths)} files that differ ({', '.join(path.name for path in paths)}). "
                "Allowed: one file a table. Join them, or take out what is old."
            )
    if not files:
        raise WrongUsageError(
            f"{source}: holds no table of Epic that payrank reads. Allowed: files named as the tables, such as "
            f"HSP_TRANSACTIONS.tsv, ending in {', '.join(SUFFIXES)} or these and .gz. Give the export's folder."
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
    """Tell by the header what parts a file's fields; a header of one column is parted by nothing.

    Raises
    ------
    ExtractRefusedError
        When the file cannot be read.
    """
    try:
        with open_bytes(path) as file:
            header = file.readline(LONGEST_HEADER).decode("latin-1")
    except (EOFError, gzip.BadGzipFile, zlib.error):
        raise refuse_bytes(path, "truncated or damaged gzip", "Send the file again.") from None
    except OSError as error:
        raise refuse_bytes(path, f"cannot be read ({type(error).__name__})", "Check the file's permissions.") from None
    return max(DELIMITERS, key=header.count)

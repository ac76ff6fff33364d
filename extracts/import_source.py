"""The source files of an import: which a block reads, their text as UTF-8, and their rows as a table of texts."""

from __future__ import annotations

import codecs
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import duckdb

from extracts.csv_bytes import CHUNK, open_bytes, refuse_bytes
from extracts.csv_relation import create_from_csv, open_csv
from extracts.csv_scan import Scan
from extracts.errors import WrongUsage
from extracts.mapping import Block, CsvOptions
from extracts.source_file import SourceFile, digest_file, quote_text

SUFFIXES = (".csv", ".csv.gz")


@dataclass(frozen=True, slots=True)
class ImportSource:
    """A staged source file: the DuckDB table `relation` holds its good records, columns `names`, all text.

    `records` counts all records after the header, broken ones too. `same_as` names an earlier file of equal bytes,
    in which case nothing was staged.
    """

    file: SourceFile
    sha256: str
    relation: str
    names: tuple[str, ...]
    scan: Scan
    same_as: str | None

    @property
    def records(self) -> int:
        """Records after the header."""
        return self.scan.good + len(self.scan.broken)


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


def stage_sources(
    connection: duckdb.DuckDBPyConnection, paths: Iterable[Path], options: CsvOptions, workspace: Path
) -> dict[Path, ImportSource]:
    """Read each file once into a table of texts, with `source_file` and `source_row` beside its own columns.

    Raises
    ------
    ExtractRefused
        When a file as a whole cannot be read.
    """
    staged: dict[Path, ImportSource] = {}
    seen: dict[str, ImportSource] = {}
    for number, path in enumerate(paths):
        sha256 = digest_file(path)
        file = SourceFile("source", path, "csv")
        if sha256 in seen:
            first = seen[sha256]
            staged[path] = ImportSource(file, sha256, first.relation, first.names, first.scan, first.file.name)
            continue
        text = _transcode(path, options.encoding, workspace)
        csv = open_csv(text, workspace, delimiter=options.delimiter, nulls=options.nulls)
        extra = [
            f"{sql} AS {name}"
            for name, sql in {"source_file": quote_text(path.name), "source_row": "row_number() OVER ()"}.items()
            if name not in {column.casefold() for column in csv.names}
        ]
        relation = f"source_{number}"
        create_from_csv(connection, relation, f"SELECT {', '.join(['*', *extra])} FROM {csv.relation}", csv)
        if text != path:
            text.unlink()
        staged[path] = seen[sha256] = ImportSource(file, sha256, relation, csv.names, csv.scan, None)
    return staged


def _transcode(path: Path, encoding: str, workspace: Path) -> Path:
    """Give a UTF-8 copy of a file in another encoding, in the private workspace; a UTF-8 file is given as it is."""
    name = codecs.lookup(encoding).name
    if name in {"utf-8", "utf-8-sig"}:
        return path
    decoder = codecs.getincrementaldecoder(name)()
    copy = workspace / path.name.removesuffix(".gz")
    lines = 1
    with open_bytes(path) as file, copy.open("wb") as out:
        try:
            while chunk := file.read(CHUNK):
                text = decoder.decode(chunk)
                lines += text.count("\n")
                out.write(text.encode())
            out.write(decoder.decode(b"", True).encode())
        except UnicodeError:
            raise refuse_bytes(path, f"is not {name} text, at line {lines} or after", "Set its encoding.") from None
    return copy

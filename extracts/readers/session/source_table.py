"""The source files of an import: each file becomes a table of texts, and each record keeps its line number."""

from __future__ import annotations

import codecs
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb
import pyarrow as pa

from payrank.extracts.contract.source_file import quote_name, quote_text
from payrank.extracts.csv.raw_bytes import read_chunks, refuse_bytes
from payrank.extracts.csv.relation import create_from_csv, open_csv
from payrank.extracts.csv.scan import Scan
from payrank.extracts.errors import ExtractRefusedError

LINE = "source_line"
"""Column of a staged table: the line number (from 1) of the record in its file."""


@dataclass(frozen=True, slots=True)
class SourceTable:
    """A staged source. The DuckDB table `relation` has its good records as text columns `names`, plus `source_line`.

    `broken` lists the (line, rule) of text that is not a valid record. `records` counts good and broken records.
    `same_as` names an earlier file with the same bytes; `relation` is then that file's, and nothing is loaded from this
    one. A `mixed` file has records of several types, so the table of a broken record is unknown.
    """

    number: int
    name: str
    sha256: str
    relation: str
    names: tuple[str, ...]
    good: int
    broken: tuple[tuple[int, str], ...] = ()
    same_as: str | None = None
    mixed: bool = False

    @property
    def records(self) -> int:
        """Number of records in the file, without the header."""
        return self.good + len(self.broken)


@dataclass(frozen=True, slots=True)
class TextOptions:
    """Format options of a delimited text file."""

    delimiter: str = ","
    encoding: str = "utf-8"
    nulls: tuple[str, ...] = ("",)


def stage_text(
    connection: duckdb.DuckDBPyConnection,
    path: Path,
    options: TextOptions,
    relation: str,
    workspace: Path,
    trimmed: Path | None = None,
    above: int = 0,
) -> tuple[tuple[str, ...], Scan]:
    """Read a delimited file into `relation`: its columns as text, plus `source_row`, `source_file`, and `source_line`.

    Parameters
    ----------
    trimmed
        A UTF-8 copy with only the header and the records. It is read instead of the file, and then deleted.
    above
        Number of lines above the header, which are not in the copy.

    Returns
    -------
    The names of the file's columns, and the scan that counted its records.

    Raises
    ------
    ExtractRefusedError
        When the file cannot be read at all, or has a column `source_line`.
    """
    text = transcode(path, options.encoding, workspace) if trimmed is None else trimmed
    csv = open_csv(text, workspace, delimiter=options.delimiter, nulls=options.nulls)
    names = {name.casefold() for name in csv.names}
    if LINE in names:
        raise ExtractRefusedError(
            f"{path.name}: has a column named {LINE}, which payrank uses for line numbers. Allowed: any other name. "
            "Rename the column."
        )
    extra = [
        f"{sql} AS {name}"
        for name, sql in {"source_file": quote_text(path.name), "source_row": "row_number() OVER ()"}.items()
        if name not in names
    ]
    create_from_csv(connection, f"{relation}_rows", f"SELECT {', '.join(['*', *extra])} FROM {csv.relation}", csv)
    if text != path:
        text.unlink()
    scan = replace(
        csv.scan,
        broken=tuple((line + above, rule) for line, rule in csv.scan.broken),
        starts=tuple((first, line + above) for first, line in csv.scan.starts),
    )
    _add_line_numbers(connection, relation, scan)
    return csv.names, scan


def _add_line_numbers(connection: duckdb.DuckDBPyConnection, relation: str, scan: Scan) -> None:
    """Add each record's physical line, from the runs of records on consecutive lines."""
    rows = quote_name(f"{relation}_rows")
    if len(scan.starts) <= 1:
        first, line = scan.starts[0] if scan.starts else (0, 1)
        query = f"SELECT *, rowid + {line - first} AS {LINE} FROM {rows}"
    else:
        firsts, lines = zip(*scan.starts, strict=True)
        runs = pa.table({"first": pa.array(firsts, pa.int64()), "line": pa.array(lines, pa.int64())})
        connection.register("line_runs", runs)
        connection.execute(f"CREATE TABLE {quote_name(f'{relation}_lines')} AS SELECT * FROM line_runs")
        connection.unregister("line_runs")
        query = (
            f"SELECT records.*, records.rowid - runs.first + runs.line AS {LINE} FROM {rows} AS records "
            f"ASOF JOIN {quote_name(f'{relation}_lines')} AS runs ON records.rowid >= runs.first"
        )
    connection.execute(f"CREATE VIEW {quote_name(relation)} AS {query}")


def transcode(path: Path, encoding: str, workspace: Path) -> Path:
    """Return a UTF-8 copy of a file in the private workspace. A file that is UTF-8 already is returned as it is.

    Raises
    ------
    ExtractRefusedError
        When the file is not text in that encoding.
    """
    name = codecs.lookup(encoding).name
    if name in {"utf-8", "utf-8-sig"}:
        return path
    decoder = codecs.getincrementaldecoder(name)()
    copy = workspace / path.name.removesuffix(".gz")
    lines = 1
    with copy.open("wb") as out:
        try:
            for chunk in read_chunks(path):
                text = decoder.decode(chunk)
                lines += text.count("\n")
                out.write(text.encode())
            out.write(decoder.decode(b"", True).encode())
        except UnicodeError:
            raise refuse_bytes(path, f"is not {name} text, at line {lines} or after", "Set its encoding.") from None
    return copy

"""The tables of a source whose mapping is to be drafted: how each is written, its header, and its first rows."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from extracts.csv_bytes import open_bytes, read_chunks, refuse_bytes
from extracts.errors import WrongUsage
from extracts.readers.mapped.excel import OTHER_SUFFIXES, SUFFIXES, is_workbook
from extracts.readers.mapped.excel_package import open_book
from extracts.readers.mapped.excel_sheet import Layout, Row, read_rows
from extracts.readers.mapped.header_words import looks_like_data

MOST_ROWS = 20_000
"""Rows that a draft looks at; what it says of a column is said of these."""
TEXT_SUFFIXES = (".csv", ".csv.gz", ".tsv", ".tsv.gz", ".txt", ".txt.gz")
_DELIMITERS = (",", "\t", ";", "|")
_MARKS = {codecs.BOM_UTF8: "utf-8", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
_NO_NAME = ("/", "-", ".")


@dataclass(frozen=True, slots=True)
class RawTable:
    """A table as texts: the file, how it is written, its column names and first rows.

    An empty field is None; a cell of a workbook that cannot be read starts with `FAULT`.
    """

    file: str
    sheet: str | None
    header_row: int | None
    encoding: str
    delimiter: str
    names: tuple[str, ...]
    rows: tuple[tuple[str | None, ...], ...]
    whole: bool

    @property
    def title(self) -> str:
        """How the draft calls it."""
        return self.file if self.sheet is None else f"{self.file}, sheet {self.sheet}"


def read_tables(source: Path) -> list[RawTable]:
    """Read the first rows of each table of a file or folder, by name.

    Raises
    ------
    WrongUsage
        When there is no such file, or none that holds a table.
    ExtractRefused
        When a file cannot be read, or its header names a patient's values rather than columns.
    """
    if not source.exists():
        raise WrongUsage(f"{source}: no such file or folder. Give a CSV file, a workbook, or a folder of them.")
    paths = [source] if source.is_file() else sorted(path for path in source.iterdir() if _is_table(path))
    if not paths:
        raise WrongUsage(f"{source}: holds no table. Allowed: {', '.join((*TEXT_SUFFIXES, *SUFFIXES))}. Add one.")
    return [table for path in paths for table in (_read_book(path) if is_workbook(path) else [_read_text(path)])]


def _is_table(path: Path) -> bool:
    name = path.name.casefold()
    known = name.endswith((*TEXT_SUFFIXES, *SUFFIXES, *OTHER_SUFFIXES))
    return path.is_file() and known and not name.startswith((".", "~$"))


def _read_text(path: Path) -> RawTable:
    encoding = _find_encoding(path)
    with open_bytes(path) as file:
        text = io.TextIOWrapper(file, encoding="utf-8-sig" if encoding == "utf-8" else encoding, newline="")
        head = "".join(islice(text, 50))
        delimiter = _find_delimiter(head)
        text.seek(0)
        reader = csv.reader(text, delimiter=delimiter)
        try:
            found = list(islice(reader, MOST_ROWS + 2))
        except csv.Error:
            raise refuse_bytes(path, "cannot be read as delimited text", "Look for quotes that do not close.") from None
    if not found:
        raise refuse_bytes(path, "empty file, without even a header", "Send the file again.")
    header, *rows = found
    width = len(header)
    good = [tuple(field or None for field in row) for row in rows if len(row) == width]
    _check_header(path, header, good)
    return RawTable(
        path.name, None, None, encoding, delimiter, tuple(header), tuple(good[:MOST_ROWS]), len(rows) <= MOST_ROWS
    )


def _check_header(path: Path, header: list[str], rows: Sequence[Sequence[str | None]]) -> None:
    digits = sum(any(c.isdigit() for c in name) and not any(c.isalpha() for c in name) for name in header)
    if digits or not all(name.strip() for name in header) or len({name.casefold() for name in header}) < len(header):
        raise refuse_bytes(
            path,
            "the first line is no header: it has numbers, a field without a name, or one name twice",
            "Put a line of column names first.",
        )
    if looks_like_data(header, rows):
        raise refuse_bytes(
            path,
            "the first line looks like a row, not like names of columns: none is a word of the trade, or it is written "
            "as the lines below it are",
            "Put a line of column names first, some in plain words as Account, Date or Amount.",
        )


def _find_encoding(path: Path) -> str:
    """Tell UTF-8, UTF-16 and Windows-1252 apart by the bytes of the whole file."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    first = True
    for chunk in read_chunks(path):
        if first:
            marked = next((name for mark, name in _MARKS.items() if chunk.startswith(mark)), None)
            if marked is not None:
                return marked
            if b"\0" in chunk:
                return "utf-16-le" if chunk[1:2] == b"\0" else "utf-16-be"
            first = False
        try:
            decoder.decode(chunk)
        except UnicodeDecodeError:
            return "cp1252"
    return "utf-8"


def _find_delimiter(head: str) -> str:
    """Choose the delimiter under which the first lines have most columns, all the same number."""

    def columns(delimiter: str) -> int:
        counts = [len(row) for row in csv.reader(io.StringIO(head), delimiter=delimiter) if row]
        alike = sum(count == counts[0] for count in counts) if counts else 0
        return counts[0] if counts and alike >= 0.9 * len(counts) else 1

    return max(_DELIMITERS, key=columns)


def _read_book(path: Path) -> list[RawTable]:
    book = open_book(path)
    tables = []
    with book.package:
        for sheet in book.sheets:
            rows = list(islice(read_rows(book, sheet, Layout()), MOST_ROWS + 30))
            place = _find_header(rows)
            if place is None:
                continue
            header, body = rows[place], rows[place + 1 :]
            columns = sorted(header.cells)
            cells = tuple(tuple(row.cells.get(column) for column in columns) for row in body[:MOST_ROWS])
            _check_header(path, [header.cells[column] for column in columns], cells)
            tables.append(
                RawTable(
                    path.name,
                    sheet.name,
                    header.number if place else None,
                    "utf-8",
                    ",",
                    tuple(header.cells[column] for column in columns),
                    cells,
                    len(body) <= MOST_ROWS,
                )
            )
    return tables


def _find_header(rows: list[Row]) -> int | None:
    """Find the first of the first 30 rows that is as wide as the widest of them: titles above a table are narrower."""
    top = rows[:30]
    widest = max((len(row.cells) for row in top), default=0)
    return next((place for place, row in enumerate(top) if len(row.cells) >= max(2, 0.8 * widest)), None)

"""The tables of a source for a drafted mapping: the format of each, its header, and its first rows."""

from __future__ import annotations

import codecs
import csv
import io
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from payrank.extracts.csv.raw_bytes import open_bytes, read_chunks, refuse_bytes
from payrank.extracts.errors import WrongUsageError
from payrank.extracts.readers.excel.package import open_book
from payrank.extracts.readers.excel.sheet import Layout, read_rows
from payrank.extracts.readers.excel.workbook import OTHER_SUFFIXES, SUFFIXES, is_workbook
from payrank.extracts.readers.mapped.header_words import looks_like_data

MAX_ROWS = 20_000
"""Rows that a draft examines."""
TEXT_SUFFIXES = (".csv", ".csv.gz", ".tsv", ".tsv.gz", ".txt", ".txt.gz")
_DELIMITERS = (",", "\t", ";", "|")
_MARKS = {codecs.BOM_UTF8: "utf-8", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}


@dataclass(frozen=True, slots=True)
class RawTable:
    """A table as texts: its file, format, column names, and first rows.

    `repeated_headers` counts rows that repeat the header, which are not in `rows`. An empty field is None. An
    unreadable cell of a workbook starts with `FAULT`. `whole`: the rows are the complete table.
    """

    file: str
    sheet: str | None
    header_row: int | None
    encoding: str
    delimiter: str
    names: tuple[str, ...]
    rows: tuple[tuple[str | None, ...], ...]
    whole: bool
    repeated_headers: int = 0

    @property
    def title(self) -> str:
        """Name used in the draft."""
        return self.file if self.sheet is None else f"{self.file}, sheet {self.sheet}"


def read_tables(source: Path) -> list[RawTable]:
    """Read the first rows of each table in a file or folder, sorted by name.

    Raises
    ------
    WrongUsageError
        When the file does not exist, or the folder has no table.
    ExtractRefusedError
        When a file cannot be read, or its header looks like a patient's values.
    """
    if not source.exists():
        raise WrongUsageError(f"{source}: no such file or folder. Give a CSV file, a workbook, or a folder of them.")
    paths = [source] if source.is_file() else sorted(path for path in source.iterdir() if _is_table(path))
    if not paths:
        raise WrongUsageError(f"{source}: has no table. Allowed: {', '.join((*TEXT_SUFFIXES, *SUFFIXES))}. Add one.")
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
        try:
            lines = list(islice(_read_lines(text, delimiter), MAX_ROWS + 32))
        except csv.Error:
            raise refuse_bytes(path, "cannot be read as delimited text", "Look for quotes that do not close.") from None
    if not lines:
        raise refuse_bytes(path, "the file is empty, without a header", "Send the file again.")
    place = _find_header([sum(map(bool, fields)) for _, fields in lines]) or 0
    line, header = lines[place]
    whole = [tuple(field or None for field in fields) for _, fields in lines[place + 1 :] if len(fields) == len(header)]
    good = [row for row in whole if row != tuple(header)]
    _check_header(path, header, good)
    return RawTable(
        path.name,
        None,
        line if line > 1 else None,
        encoding,
        delimiter,
        tuple(header),
        tuple(good[:MAX_ROWS]),
        len(lines) - place - 1 <= MAX_ROWS,
        len(whole) - len(good),
    )


def _read_lines(text: io.TextIOWrapper, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Read records with the line on which each begins, and skip blank lines."""
    reader = csv.reader(text, delimiter=delimiter)
    line = 1
    for fields in reader:
        if fields:
            yield line, fields
        line = reader.line_num + 1


def _check_header(path: Path, header: list[str], rows: Sequence[Sequence[str | None]]) -> None:
    digits = sum(any(c.isdigit() for c in name) and not any(c.isalpha() for c in name) for name in header)
    if digits or not all(name.strip() for name in header) or len({name.casefold() for name in header}) < len(header):
        raise refuse_bytes(
            path,
            "the first line is not a header: it has numbers, an empty name, or a repeated name",
            "Put a line of column names first.",
        )
    if looks_like_data(header, rows):
        raise refuse_bytes(
            path,
            "the first line looks like a row, not a header: it has no billing term, or has the same format as the "
            "lines below it",
            "Put a line of column names first, with some plain words such as Account, Date, or Amount.",
        )


def _find_encoding(path: Path) -> str:
    """Detect UTF-8, UTF-16, or Windows-1252 from the bytes of the whole file."""
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
    """Choose the delimiter that gives most of the first lines the same, largest number of columns."""

    def columns(delimiter: str) -> int:
        counts = Counter(len(row) for row in csv.reader(io.StringIO(head), delimiter=delimiter) if row)
        width, alike = counts.most_common(1)[0] if counts else (1, 0)
        return width if alike >= 0.6 * counts.total() else 1

    return max(_DELIMITERS, key=columns)


def _read_book(path: Path) -> list[RawTable]:
    book = open_book(path)
    tables = []
    with book.package:
        for sheet in book.sheets:
            rows = list(islice(read_rows(book, sheet, Layout()), MAX_ROWS + 30))
            place = _find_header([len(row.cells) for row in rows])
            if place is None:
                continue
            header, body = rows[place], rows[place + 1 :]
            columns = sorted(header.cells)
            cells = tuple(tuple(row.cells.get(column) for column in columns) for row in body[:MAX_ROWS])
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
                    len(body) <= MAX_ROWS,
                )
            )
    return tables


def _find_header(filled: list[int]) -> int | None:
    """Return the index of the first of 30 rows that is about as full as the fullest. Titles above a table are narrower.

    >>> _find_header([1, 2, 0, 7, 8, 8]), _find_header([1, 1])
    (3, None)
    """
    top = filled[:30]
    widest = max(top, default=0)
    return next((place for place, cells in enumerate(top) if cells >= max(2, 0.8 * widest)), None)

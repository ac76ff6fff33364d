"""Stream the rows of a worksheet: each with its Excel row number, and its cells as text by column."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from payrank.extracts.readers.excel.cells import (
    ERROR,
    FAULT,
    FORMULA,
    Format,
    render_moment,
    render_number,
    render_serial,
)
from payrank.extracts.readers.excel.package import Book, Sheet, refuse_book, stream, unescape

MAX_COLUMNS = 16384
_BOOLEANS = {"1": "true", "0": "false"}
_REFERENCE = re.compile(r"([A-Z]{1,3})([0-9]{1,7})")


@dataclass(slots=True)
class Row:
    """A row. `cells` maps column (from 0) -> text, without empty cells.

    `numbers` are the columns with a number whose format does not show leading zeros.
    """

    number: int
    hidden: bool
    cells: dict[int, str] = field(default_factory=dict)
    numbers: set[int] = field(default_factory=set)


@dataclass(slots=True)
class Layout:
    """Layout that may surprise the user: the first row of each merged area, and hidden columns."""

    merged: list[int] = field(default_factory=list)
    hidden_columns: list[int] = field(default_factory=list)


def column_letters(column: int) -> str:
    """Return Excel's letters for a column (from 0).

    >>> column_letters(0), column_letters(27)
    ('A', 'AB')
    """
    letters = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def read_rows(book: Book, sheet: Sheet, layout: Layout) -> Iterator[Row]:
    """Read the nonempty rows of a sheet, from the top. Reading fills `layout`.

    Raises
    ------
    ExtractRefusedError
        When the sheet is damaged, or its rows are out of order.
    """
    reader = _Reader(book, layout)
    for _ in stream(book.path, book.package, sheet.part, reader.start, reader.end, reader.text):
        yield from reader.take()


class _Reader:
    def __init__(self, book: Book, layout: Layout) -> None:
        self.book = book
        self.layout = layout
        self.ready: list[Row] = []
        self.row = Row(0, hidden=False)
        self.column = -1
        self.kind = "n"
        self.format = Format()
        self.formula = False
        self.inside = ""
        self.value: list[str] = []

    def take(self) -> list[Row]:
        rows, self.ready = self.ready, []
        return rows

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "c":
            self._start_cell(attributes)
        elif name in {"v", "t"}:
            self.inside = name if self.inside != "rPh" else "rPh"
        elif name == "f":
            self.formula = True
        elif name == "rPh":
            self.inside = "rPh"
        elif name == "row":
            number = int(attributes.get("r", self.row.number + 1))
            if number <= self.row.number:
                raise refuse_book(self.book.path, f"damaged: row {number} is out of order", "Save it again in Excel.")
            self.row = Row(number, hidden=attributes.get("hidden", "") in {"1", "true"})
            self.column = -1
        elif name == "mergeCell":
            match = _REFERENCE.match(attributes.get("ref", ""))
            self.layout.merged.append(int(match[2]) if match else 0)
        elif name == "col" and attributes.get("hidden", "") in {"1", "true"}:
            self.layout.hidden_columns.append(int(attributes.get("min", "1")) - 1)

    def _start_cell(self, attributes: dict[str, str]) -> None:
        match = _REFERENCE.fullmatch(attributes.get("r", ""))
        column = _number_of(match[1]) if match else self.column + 1
        if column <= self.column or column >= MAX_COLUMNS:
            raise refuse_book(
                self.book.path, f"damaged: a cell of row {self.row.number} is out of place", "Save it again in Excel."
            )
        self.column = column
        self.kind = attributes.get("t", "n")
        style = int(attributes.get("s", "0"))
        self.format = self.book.formats[style] if style < len(self.book.formats) else Format()
        self.formula = False
        self.value.clear()

    def text(self, data: str) -> None:
        if self.inside in {"v", "t"}:
            self.value.append(data)

    def end(self, name: str) -> None:
        if name in {"v", "t"}:
            self.inside = "" if self.inside != "rPh" else "rPh"
        elif name == "rPh":
            self.inside = ""
        elif name == "c":
            if self.value or self.formula:
                self._end_cell()
        elif name == "row" and self.row.cells:
            self.ready.append(self.row)

    def _end_cell(self) -> None:
        raw = "".join(self.value)
        if self.formula and (self.book.uncalculated or not (raw or self.kind == "str")):
            text = FAULT + FORMULA
        else:
            text = self._render(raw)
        if text:
            self.row.cells[self.column] = text

    def _render(self, raw: str) -> str:
        if self.kind == "n":
            return self._render_number(raw) if raw else ""
        if self.kind == "s":
            place = int(raw)
            return self.book.texts[place] if 0 <= place < len(self.book.texts) else FAULT + ERROR
        if self.kind in {"str", "inlineStr"}:
            return unescape(raw)
        if self.kind == "d":
            return render_moment(raw)
        return _BOOLEANS.get(raw, FAULT + ERROR) if self.kind == "b" else FAULT + ERROR

    def _render_number(self, raw: str) -> str:
        if self.format.is_date:
            return render_serial(raw, since_1904=self.book.since_1904)
        if not self.format.zeros:
            self.row.numbers.add(self.column)
        return render_number(raw, self.format.zeros)


def _number_of(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number - 1

"""A worklist as an Excel workbook: a sheet to work from, the accounts beneath, a sheet a queue, and what it rests on.

The bytes depend on the list alone: XlsxWriter stamps its files with the creation date that it is given, and that is the
as-of date. The book is built in memory, so no temporary file holds a patient's row.
"""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

import xlsxwriter

from payrank.scoring.rules.suppressions import name_rules
from payrank.scoring.worklist import Line, Worklist
from payrank.scoring.worklists.columns import Grid, Kind, Value, accounts_of, grid_of, in_words

_HEADER_ROW = 3
_NOTES_WIDTH = 40
MOST_SHEETS = 30
"""Queues that get a sheet of their own; the first sheet, which holds every row, filters by queue."""
_FORMATS: dict[Kind, dict[str, Any]] = {
    "text": {"num_format": "@"},
    "code": {"num_format": "@"},
    "long_text": {"num_format": "@", "text_wrap": True},
    "money": {"num_format": "$#,##0.00;[Red]-$#,##0.00"},
    "probability": {"num_format": "0%"},
    "count": {"num_format": "0"},
    "date": {"num_format": "mmm d, yyyy", "align": "left"},
}
_NO_GUESSING = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}


def render_xlsx(worklist: Worklist[Line]) -> bytes:
    """Return the workbook: sheet `Worklist`, `Accounts` for a patient list, a sheet a queue, and `About`."""
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer, {"in_memory": True, **_NO_GUESSING})
    midnight = datetime.combine(worklist.as_of, datetime.min.time())
    book.set_properties({"title": worklist.title, "author": "payrank", "created": midnight})
    look = _Look(book)
    names = _SheetNames()
    _add_sheet(book, look, names.take("Worklist"), worklist, grid_of(worklist.lines, worklist.name))
    accounts = accounts_of(worklist)
    if accounts.rows:
        _add_sheet(book, look, names.take("Accounts"), worklist, accounts, notes=False)
    by_queue = lines_by_queue(worklist)
    for queue, lines in by_queue.items() if len(by_queue) > 1 else ():
        _add_sheet(book, look, names.take(in_words(queue)), worklist, grid_of(lines, worklist.name))
    _add_about(book, look, names.take("About"), worklist)
    book.close()
    return buffer.getvalue()


def lines_by_queue(worklist: Worklist[Line]) -> dict[str, list[Line]]:
    """Return the lines of each queue, by its name; of very many queues the largest, `MOST_SHEETS` in number."""
    found: dict[str, list[Line]] = {}
    for line in worklist.lines:
        found.setdefault(line.queue, []).append(line)
    largest = sorted(found, key=lambda queue: (-len(found[queue]), queue))[:MOST_SHEETS]
    return {queue: found[queue] for queue in sorted(largest)}


class _Look:
    """The formats of a book, made once."""

    def __init__(self, book: Any) -> None:
        font = {"font_name": "Calibri", "font_size": 10, "valign": "top"}
        self.title = book.add_format({"font_name": "Calibri", "font_size": 15, "bold": True, "font_color": "#12343B"})
        self.quiet = book.add_format({"font_name": "Calibri", "font_size": 10, "font_color": "#4A5A63"})
        self.warning = book.add_format({**font, "bold": True, "font_color": "#7A3E00"})
        self.header = book.add_format(
            {
                **font,
                "bold": True,
                "font_color": "#FFFFFF",
                "bg_color": "#17505B",
                "text_wrap": True,
                "valign": "vcenter",
            }
        )
        self.notes = book.add_format({**font, "bg_color": "#FFFBEA", "text_wrap": True, "num_format": "@"})
        self.of_kind = {kind: book.add_format({**font, **extra}) for kind, extra in _FORMATS.items()}


class _SheetNames:
    """Names for sheets: what Excel allows (31 characters, no []:*?/\\), each once whatever the letters' case."""

    def __init__(self) -> None:
        self._taken: set[str] = set()

    def take(self, wanted: str) -> str:
        plain = re.sub(r"[\[\]:*?/\\\x00-\x1f]", " ", wanted).strip().strip("'")[:28] or "Queue"
        name, count = plain, 1
        while name.lower() in self._taken or name.lower() == "history":
            count += 1
            name = f"{plain} {count}"
        self._taken.add(name.lower())
        return name


def _add_sheet(book: Any, look: _Look, name: str, worklist: Worklist[Line], grid: Grid, *, notes: bool = True) -> None:
    sheet = book.add_worksheet(name)
    last = len(grid.columns) - (0 if notes else 1)
    sheet.write_string(0, 0, worklist.title, look.title)
    sheet.write_string(1, 0, f"As of {worklist.as_of:%B} {worklist.as_of.day}, {worklist.as_of.year}", look.quiet)
    if worklist.notices:
        sheet.write_string(2, 0, " · ".join(worklist.notices), look.warning)
    for at, (_, title, kind, width) in enumerate(grid.columns):
        sheet.set_column(at, at, width, look.of_kind[kind])
        sheet.write_string(_HEADER_ROW, at, title, look.header)
    if notes:
        sheet.set_column(last, last, _NOTES_WIDTH, look.notes)
        sheet.write_string(_HEADER_ROW, last, "Notes", look.header)
    sheet.set_row(_HEADER_ROW, 30)
    for down, row in enumerate(grid.rows, start=_HEADER_ROW + 1):
        _write_row(sheet, look, down, row, grid.columns)
    sheet.autofilter(_HEADER_ROW, 0, _HEADER_ROW + max(len(grid.rows), 1), last)
    sheet.freeze_panes(_HEADER_ROW + 1, 2)
    sheet.set_landscape()
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(_HEADER_ROW)


def _write_row(
    sheet: Any, look: _Look, down: int, row: Sequence[Value], columns: Sequence[tuple[str, str, Kind, int]]
) -> None:
    for at, (value, (_, _, kind, _)) in enumerate(zip(row, columns, strict=True)):
        shown = look.of_kind[kind]
        if value is None or value == "":
            continue
        if isinstance(value, date):
            sheet.write_datetime(down, at, datetime.combine(value, datetime.min.time()), shown)
        elif isinstance(value, str):
            sheet.write_string(down, at, in_words(value) if kind == "code" else value, shown)
        else:
            sheet.write_number(down, at, round(value, 2) if kind == "money" else value, shown)


def queues_left_out(worklist: Worklist[Line]) -> list[tuple[str, Value, Kind]]:
    """Return what the book says of queues without a sheet of their own; nothing where each has one."""
    others = len({line.queue for line in worklist.lines}) - MOST_SHEETS
    return [("Queues without a sheet: filter the first one", others, "count")] if others > 0 else []


def _add_about(book: Any, look: _Look, name: str, worklist: Worklist[Line]) -> None:
    sheet = book.add_worksheet(name)
    sheet.set_column(0, 0, 44)
    sheet.set_column(1, 1, 60)
    sheet.write_string(0, 0, worklist.title, look.title)
    facts: list[tuple[str, Value, Kind]] = [
        ("As of", worklist.as_of, "date"),
        ("Model", worklist.model, "text"),
        ("Listed", len(worklist.lines), "count"),
        ("Dollars at stake", worklist.at_stake, "money"),
        ("Expected dollars", worklist.expected, "money"),
        ("Below the cut", worklist.over_capacity, "count"),
        ("Usual chance, before anything is known of a row", worklist.usual, "probability"),
        *queues_left_out(worklist),
        ("Kept off by rules, each once", worklist.kept_off, "count"),
        *((f"Kept off by {rule}", count, "count") for rule, count in name_rules(worklist.suppressed)),
        *(("Notice", notice, "text") for notice in worklist.notices),
        ("Notes", "The notes column lives in this workbook alone: tomorrow's file starts empty.", "text"),
    ]
    for down, (label, value, kind) in enumerate(facts, start=2):
        sheet.write_string(down, 0, label, look.quiet)
        _write_row(sheet, look, down, (None, value), (("", "", "text", 0), ("", "", kind, 0)))

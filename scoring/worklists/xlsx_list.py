"""A worklist as an Excel workbook: a sheet to work from, the accounts, one sheet per queue, and an About sheet.

The bytes depend only on the list: XlsxWriter stamps its files with the creation date it is given, and that is the as-of
date. The workbook is built in memory, so no temporary file holds a patient's row.
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
from payrank.scoring.worklists.columns import CellFormat, Grid, Value, account_grid, display_text, list_grid

_HEADER_ROW = 3
_NOTES_WIDTH = 40
MAX_QUEUE_SHEETS = 30
"""Queues that get a sheet of their own. The first sheet has every row and can be filtered by queue."""
_FORMATS: dict[CellFormat, dict[str, Any]] = {
    "text": {"num_format": "@", "indent": 1},
    "code": {"num_format": "@", "indent": 1},
    "long_text": {"num_format": "@", "text_wrap": True, "indent": 1},
    "money": {"num_format": "$#,##0.00;[Red]-$#,##0.00"},
    "probability": {"num_format": "0%"},
    "count": {"num_format": "0"},
    "date": {"num_format": "mmm d, yyyy", "align": "left", "indent": 1},
}
_NO_CONVERSION = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}


def render_xlsx(worklist: Worklist[Line]) -> bytes:
    """Return the workbook: sheet `Worklist`, `Accounts` for a patient list, one sheet per queue, and `About`."""
    buffer = io.BytesIO()
    workbook = xlsxwriter.Workbook(buffer, {"in_memory": True, **_NO_CONVERSION})
    midnight = datetime.combine(worklist.as_of, datetime.min.time())
    workbook.set_properties({"title": worklist.title, "author": "payrank", "created": midnight})
    styles = _Styles(workbook)
    names = _SheetNames()
    _add_sheet(workbook, styles, names.take("Worklist"), worklist, list_grid(worklist.lines, worklist.name))
    accounts = account_grid(worklist)
    if accounts.rows:
        _add_sheet(workbook, styles, names.take("Accounts"), worklist, accounts, notes=False)
    by_queue = lines_by_queue(worklist)
    for queue, lines in by_queue.items() if len(by_queue) > 1 else ():
        _add_sheet(workbook, styles, names.take(display_text(queue)), worklist, list_grid(lines, worklist.name))
    _add_about(workbook, styles, names.take("About"), worklist)
    workbook.close()
    return buffer.getvalue()


def lines_by_queue(worklist: Worklist[Line]) -> dict[str, list[Line]]:
    """Return the lines of each queue, by queue name; at most the `MAX_QUEUE_SHEETS` largest queues."""
    queues: dict[str, list[Line]] = {}
    for line in worklist.lines:
        queues.setdefault(line.queue, []).append(line)
    largest = sorted(queues, key=lambda queue: (-len(queues[queue]), queue))[:MAX_QUEUE_SHEETS]
    return {queue: queues[queue] for queue in sorted(largest)}


class _Styles:
    """The cell styles of a workbook, created once."""

    def __init__(self, workbook: Any) -> None:
        font = {"font_name": "Calibri", "font_size": 10, "valign": "top"}
        self.title = workbook.add_format(
            {"font_name": "Calibri", "font_size": 15, "bold": True, "font_color": "#12343B"}
        )
        self.quiet = workbook.add_format({"font_name": "Calibri", "font_size": 10, "font_color": "#4A5A63"})
        self.warning = workbook.add_format({**font, "bold": True, "font_color": "#7A3E00"})
        self.header = workbook.add_format(
            {
                **font,
                "bold": True,
                "font_color": "#FFFFFF",
                "bg_color": "#17505B",
                "text_wrap": True,
                "valign": "vcenter",
            }
        )
        self.notes = workbook.add_format({**font, "bg_color": "#FFFBEA", "text_wrap": True, "num_format": "@"})
        self.cells = {name: workbook.add_format({**font, **extra}) for name, extra in _FORMATS.items()}


class _SheetNames:
    """Sheet names that Excel allows (31 characters, no []:*?/\\), unique regardless of case."""

    def __init__(self) -> None:
        self._taken: set[str] = set()

    def take(self, title: str) -> str:
        plain = re.sub(r"[\[\]:*?/\\\x00-\x1f]", " ", title).strip().strip("'")[:28] or "Queue"
        name, count = plain, 1
        while name.lower() in self._taken or name.lower() == "history":
            count += 1
            name = f"{plain} {count}"
        self._taken.add(name.lower())
        return name


def _add_sheet(
    workbook: Any, styles: _Styles, name: str, worklist: Worklist[Line], grid: Grid, *, notes: bool = True
) -> None:
    sheet = workbook.add_worksheet(name)
    last = len(grid.columns) - (0 if notes else 1)
    sheet.write_string(0, 0, worklist.title, styles.title)
    sheet.write_string(1, 0, f"As of {worklist.as_of:%B} {worklist.as_of.day}, {worklist.as_of.year}", styles.quiet)
    if worklist.notices:
        sheet.write_string(2, 0, " · ".join(worklist.notices), styles.warning)
    for column, (_, title, cell_format, width) in enumerate(grid.columns):
        sheet.set_column(column, column, width, styles.cells[cell_format])
        sheet.write_string(_HEADER_ROW, column, title, styles.header)
    if notes:
        sheet.set_column(last, last, _NOTES_WIDTH, styles.notes)
        sheet.write_string(_HEADER_ROW, last, "Notes", styles.header)
    sheet.set_row(_HEADER_ROW, 30)
    for row_number, row in enumerate(grid.rows, start=_HEADER_ROW + 1):
        _write_row(sheet, styles, row_number, row, grid.columns)
    sheet.autofilter(_HEADER_ROW, 0, _HEADER_ROW + max(len(grid.rows), 1), last)
    sheet.freeze_panes(_HEADER_ROW + 1, 2)
    sheet.set_landscape()
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(_HEADER_ROW)


def _write_row(
    sheet: Any,
    styles: _Styles,
    row_number: int,
    row: Sequence[Value],
    columns: Sequence[tuple[str, str, CellFormat, int]],
) -> None:
    for column, (value, (_, _, cell_format, _)) in enumerate(zip(row, columns, strict=True)):
        style = styles.cells[cell_format]
        if value is None or value == "":
            continue
        if isinstance(value, date):
            sheet.write_datetime(row_number, column, datetime.combine(value, datetime.min.time()), style)
        elif isinstance(value, str):
            sheet.write_string(row_number, column, display_text(value) if cell_format == "code" else value, style)
        else:
            sheet.write_number(row_number, column, round(value, 2) if cell_format == "money" else value, style)


def _queues_without_sheet(worklist: Worklist[Line]) -> list[tuple[str, Value, CellFormat]]:
    """Return a row for the About sheet on queues without a sheet of their own; empty where each has one."""
    others = len({line.queue for line in worklist.lines}) - MAX_QUEUE_SHEETS
    return [("Queues without a sheet (filter the first sheet)", others, "count")] if others > 0 else []


def _add_about(workbook: Any, styles: _Styles, name: str, worklist: Worklist[Line]) -> None:
    sheet = workbook.add_worksheet(name)
    sheet.set_column(0, 0, 44)
    sheet.set_column(1, 1, 60)
    sheet.write_string(0, 0, worklist.title, styles.title)
    facts: list[tuple[str, Value, CellFormat]] = [
        ("As of", worklist.as_of, "date"),
        ("Model", worklist.model, "text"),
        ("Listed", len(worklist.lines), "count"),
        ("Dollars at stake", worklist.at_stake, "money"),
        ("Expected recovery", worklist.expected, "money"),
        ("Over capacity", worklist.over_capacity, "count"),
        ("Average chance, before any details are known", worklist.baseline_probability, "probability"),
        *_queues_without_sheet(worklist),
        ("Suppressed by rules (total)", worklist.suppressed, "count"),
        *((f"Suppressed by {rule}", count, "count") for rule, count in name_rules(worklist.suppressed_by)),
        *(("Notice", notice, "text") for notice in worklist.notices),
        ("Notes", "Notes stay in this workbook. The next run's file starts without them.", "text"),
    ]
    for row_number, (label, value, cell_format) in enumerate(facts, start=2):
        sheet.write_string(row_number, 0, label, styles.quiet)
        _write_row(sheet, styles, row_number, (None, value), (("", "", "text", 0), ("", "", cell_format, 0)))

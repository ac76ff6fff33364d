"""Every cell as two other programs write it and as openpyxl reads it: the same dates, numbers, and texts."""

from __future__ import annotations

import random
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter
from openpyxl import Workbook, load_workbook

from payrank.extracts.readers.excel.package import open_book
from payrank.extracts.readers.excel.sheet import Layout, column_letters, read_rows

FORMATS = ["General", "0.00", "#,##0.00", '"$"#,##0.00_);[Red]("$"#,##0.00)', "0%", "yyyy-mm-dd", "m/d/yy h:mm", "@"]


def draw(chance: Any) -> tuple[Any, Any]:
    """Draw a cell value and a number format, as users might enter them."""
    kind = chance.choice(["day", "moment", "cents", "whole", "text", "flag", "none"])
    start = datetime(1955, 3, 1)  # noqa: DTZ001 - Excel knows no time zones
    moment = start + timedelta(days=chance.randrange(40_000), seconds=chance.randrange(86_400))
    value = {
        "day": moment.date(),
        "moment": moment,
        "cents": chance.randrange(-(10**9), 10**9) / 100,
        "whole": chance.randrange(-(10**14), 10**14),
        "text": chance.choice(["00123", "NA", " ", "a\nb", "\u00fc & <b>", "1e5", "12/31/9999"]),
        "flag": chance.random() < 0.5,
        "none": None,
    }[kind]
    number_format = {"day": "yyyy-mm-dd", "moment": "yyyy-mm-dd hh:mm:ss"}.get(kind, chance.choice(FORMATS[:5]))
    return value, number_format


def expect(value: Any) -> Any:
    """Write a value as the mapped import should see it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return str(value.date()) if value == datetime.combine(value.date(), datetime.min.time()) else str(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float | int):
        return format(Decimal(str(round(value, 2))).normalize(), "f")
    return value


def read(path: Path) -> dict[tuple[Any, Any], Any]:
    book = open_book(path)
    with book.package:
        return {
            (row.number, place): text
            for row in read_rows(book, book.sheets[0], Layout())
            for place, text in row.cells.items()
        }


@pytest.mark.parametrize("writer", ["openpyxl", "xlsxwriter"])
@pytest.mark.parametrize("seed", range(3))
def test_each_cell_is_read_as_it_was_written_and_as_openpyxl_reads_it(tmp_path: Path, seed: int, writer: str) -> None:
    chance = random.Random(seed)  # noqa: S311 - made-up cells
    grid = {(row, column): draw(chance) for row in range(1, 120) for column in range(30)}
    path = tmp_path / "book.xlsx"
    if writer == "openpyxl":
        workbook = Workbook()
        for (row, column), (value, number_format) in grid.items():
            cell = workbook.active.cell(row, column + 1, value)
            cell.number_format = number_format
            if isinstance(value, str):
                cell.data_type = "s"
        workbook.save(path)
    else:
        with xlsxwriter.Workbook(path, {"strings_to_numbers": False}) as book:
            sheet = book.add_worksheet()
            for (row, column), (value, number_format) in grid.items():
                style = book.add_format({"num_format": number_format})
                if isinstance(value, str):
                    sheet.write_string(row - 1, column, value, style)
                elif isinstance(value, date):
                    sheet.write_datetime(row - 1, column, value, style)
                elif value is not None:
                    sheet.write(row - 1, column, value, style)
    cells = read(path)
    written = {place: expect(value) for place, (value, _) in grid.items() if value not in {None, ""}}
    assert cells == written
    other = load_workbook(path, read_only=True)
    seen = {
        (row, column): expect(value)
        for row, values in enumerate(other.active.iter_rows(values_only=True), start=1)
        for column, value in enumerate(values)
        if value is not None
    }
    other.close()
    assert seen == cells


def test_columns_are_named_as_in_excel() -> None:
    assert [column_letters(place) for place in (0, 25, 26, 701, 702, 16383)] == ["A", "Z", "AA", "ZZ", "AAA", "XFD"]

"""Small workbooks written for a test, and imported with one mapping."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable, Iterable
from datetime import date
from pathlib import Path
from typing import Any

from openpyxl import Workbook
from openpyxl.worksheet.worksheet import Worksheet

from payrank.extracts.readers.mapped.import_csv import import_csv
from payrank.extracts.readers.session.report import ImportReport

HEADER = ["Account", "Guarantor", "Opened", "Balance"]
MAPPING = """
[[accounts]]
account_id = "Account"
guarantor_id = "Guarantor"
opened_on = "Opened"
[[transactions]]
transaction_id = "'c' || Account"
account_id = "Account"
posted_on = "Opened"
kind = "'charge'"
amount = "Balance"
responsibility = "'patient'"
"""


def fill(sheet: Worksheet, rows: Iterable[list[Any]] | None = None, header: list[str] = HEADER) -> Worksheet:
    """Write a header and rows, 300 good ones where none are given."""
    sheet.append(header)
    for row in rows if rows is not None else [good(n) for n in range(300)]:
        sheet.append(row)
    return sheet


def good(n: int) -> list[Any]:
    """Return a valid row."""
    return [f"{n:05}", f"G{n % 7}", date(2026, 1, n % 28 + 1), n + 0.5]


def change(path: Path, part: str, pattern: str, replacement: str) -> None:
    """Rewrite one part of a workbook by a regular expression that must match."""
    packed = io.BytesIO(path.read_bytes())
    assert part in zipfile.ZipFile(packed).namelist()
    with zipfile.ZipFile(packed) as old, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for info in old.infolist():
            content = old.read(info)
            if info.filename == part:
                text, count = re.subn(pattern, replacement, content.decode())
                assert count
                content = text.encode()
            new.writestr(info, content)


def import_book(
    folder: Path,
    workbook: Workbook | None = None,
    mapping: str = MAPPING,
    name: str = "book.xlsx",
    alter: Callable[[Path], object] | None = None,
) -> tuple[ImportReport, Path, list[str]]:
    """Write a workbook into `folder`/source and import it; give the report, the extract and its quarantined lines."""
    source = folder / "source"
    source.mkdir(exist_ok=True)
    if workbook is None:
        workbook = Workbook()
        fill(workbook.active)
    workbook.save(source / name)
    if alter is not None:
        alter(source / name)
    (folder / "mapping.toml").write_text(mapping, encoding="utf-8")
    report = import_csv(source, folder / "out", folder / "mapping.toml")
    lines = (folder / "out" / "import_quarantine.csv").read_text().splitlines()[1:]
    return report, folder / "out", lines

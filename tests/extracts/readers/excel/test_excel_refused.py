"""Ambiguous or damaged workbooks are refused by name and column, with advice."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook

from payrank.extracts.csv import raw_bytes as csv_bytes
from payrank.extracts.errors import ExtractRefusedError, WrongUsageError
from payrank.extracts.readers.mapped.import_csv import import_csv
from tests.extracts.readers.excel.excel_books import HEADER, MAPPING, change, fill, import_book


@pytest.fixture
def book(tmp_path: Path) -> Callable[..., Any]:
    """Import a workbook written for the test; give report, extract folder and quarantined lines."""
    return partial(import_book, tmp_path)


@pytest.mark.parametrize(
    ("header", "problem"),
    [
        (["Account", "Guarantor", "Opened", "account"], "columns A, D in row 1 have the same name as another"),
        (["Account", "Guarantor", "Opened", "source_line"], "columns D in row 1 have no usable name"),
    ],
)
def test_a_bad_header_is_refused_by_column_letter(book: Callable[..., Any], header: list[str], problem: str) -> None:
    workbook = Workbook()
    fill(workbook.active, header=header)
    with pytest.raises(ExtractRefusedError, match=problem):
        book(workbook)


@pytest.mark.parametrize(
    ("content", "name", "problem"),
    [
        (bytes.fromhex("D0CF11E0A1B11AE1") + b"\0" * 600, "book.xls", r"an old Excel file \(\.xls\)"),
        (
            bytes.fromhex("D0CF11E0A1B11AE1") + "EncryptedPackage".encode("utf-16-le"),
            "book.xlsx",
            "protected by a password",
        ),
        (b"<html><table>", "book.xls", "HTML or XML with an Excel name"),
        (b"Account,Guarantor\n", "book.xlsx", "is not an Excel workbook"),
        (b"", "book.xlsx", "empty file"),
        (b"PK\x03\x04 and nothing more", "book.xlsx", "damaged or truncated"),
    ],
)
def test_a_file_that_is_not_a_workbook_is_refused_with_advice(
    tmp_path: Path, content: Any, name: str, problem: str
) -> None:
    (tmp_path / name).write_bytes(content)
    (tmp_path / "mapping.toml").write_text(MAPPING)
    with pytest.raises(ExtractRefusedError, match=problem) as refused:
        import_csv(tmp_path / name, tmp_path / "out", tmp_path / "mapping.toml")
    assert refused.value.args[0].startswith(name)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("parts", "problem"),
    [
        (["xl/workbook.bin"], r"binary workbook \(\.xlsb\)"),
        (["mimetype", "content.xml"], r"OpenDocument sheet \(\.ods\)"),
        (["readme.txt"], "has no workbook inside"),
    ],
)
def test_other_packages_are_refused_by_name(tmp_path: Path, parts: list[str], problem: str) -> None:
    with zipfile.ZipFile(tmp_path / "book.xlsx", "w") as package:
        for part in parts:
            package.writestr(part, "x")
    (tmp_path / "mapping.toml").write_text(MAPPING)
    with pytest.raises(ExtractRefusedError, match=problem):
        import_csv(tmp_path / "book.xlsx", tmp_path / "out", tmp_path / "mapping.toml")


@pytest.mark.parametrize("keep", [0.3, 0.9, 0.99])
def test_a_truncated_workbook_is_refused(book: Callable[..., Any], keep: float) -> None:
    with pytest.raises(ExtractRefusedError, match="damaged or truncated"):
        book(alter=lambda path: path.write_bytes(path.read_bytes()[: int(path.stat().st_size * keep)]))


def test_a_sheet_with_truncated_xml_is_refused(book: Callable[..., Any]) -> None:
    with pytest.raises(ExtractRefusedError, match="a part of it cannot be read"):
        book(alter=lambda path: change(path, "xl/worksheets/sheet1.xml", "</worksheet>", ""))


def test_rows_out_of_order_and_entities_are_refused(book: Callable[..., Any]) -> None:
    with pytest.raises(ExtractRefusedError, match="row 2 is out of order"):
        book(alter=lambda path: change(path, "xl/worksheets/sheet1.xml", '<row r="3"', '<row r="2"'))
    with pytest.raises(ExtractRefusedError, match="document type"):
        book(alter=lambda path: change(path, "xl/worksheets/sheet1.xml", "^", '<!DOCTYPE x [<!ENTITY a "b">]>\n'))


def test_a_zip_bomb_is_refused_before_it_expands(book: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_bytes, "BOMB_BYTES", 1 << 20)
    row = '<row><c t="inlineStr"><is><t>' + "A" * 4000 + "</t></is></c></row>"

    def alter(path: Path) -> None:
        change(path, "xl/worksheets/sheet1.xml", "</sheetData>", row * 2000 + "</sheetData>")

    with pytest.raises(ExtractRefusedError, match="a bomb"):
        book(alter=alter)


def test_a_sheet_named_for_a_csv_is_wrong_usage(tmp_path: Path) -> None:
    (tmp_path / "desk.csv").write_text(",".join(HEADER) + "\n")
    (tmp_path / "mapping.toml").write_text(MAPPING.replace("[[accounts]]", '[[accounts]]\nsheet = "Sheet"'))
    with pytest.raises(WrongUsageError, match=r"desk\.csv: the mapping gives it a sheet"):
        import_csv(tmp_path / "desk.csv", tmp_path / "out", tmp_path / "mapping.toml")

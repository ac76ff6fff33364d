"""Excel workbooks as a source: changes by Excel are reported or refused, and rows have their Excel row numbers."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter
from openpyxl import Workbook
from openpyxl.styles import numbers

from payrank.extracts.errors import ExtractRefusedError
from payrank.extracts.load.load_extract import load_extract
from payrank.extracts.readers.excel.workbook import list_sheets
from payrank.extracts.readers.mapped.import_csv import import_csv
from tests.extracts.readers.excel.excel_books import HEADER, MAPPING, change, fill, good, import_book


def moment(*time: Any) -> datetime:
    return datetime(2026, 1, 5, *time)  # noqa: DTZ001 - Excel knows no time zones


@pytest.fixture
def book(tmp_path: Path) -> Callable[..., Any]:
    """Import a workbook written for the test; give report, extract folder and quarantined lines."""
    return partial(import_book, tmp_path)


def ask(folder: Path, query: str) -> list[tuple[Any, ...]]:
    with load_extract(folder) as extract:
        return extract.connection.execute(query).fetchall()


def test_a_complete_workbook_is_imported_with_dates_and_money_as_shown(book: Callable[..., Any]) -> None:
    report, out, lines = book()
    assert report.rows_written == {"accounts": 300, "transactions": 300}
    assert lines == []
    assert [file.name for file in report.files] == ["book.xlsx[Sheet]"]
    rows = ask(out, "SELECT account_id, posted_on, amount FROM transactions ORDER BY account_id DESC LIMIT 1")
    assert rows == [("00299", date(2026, 1, 20), Decimal("299.50"))]


def test_the_same_workbook_gives_the_same_bytes_as_its_csv(book: Callable[..., Any], tmp_path: Path) -> None:
    _, out, _ = book()
    text = ",".join(HEADER) + "\n" + "".join(f"{a},{g},{d},{b}\n" for a, g, d, b in map(good, range(300)))
    (tmp_path / "book.csv").write_text(text)
    import_csv(tmp_path / "book.csv", tmp_path / "csv", tmp_path / "mapping.toml")
    for name in ("accounts.parquet", "transactions.parquet"):
        assert (out / name).read_bytes() == (tmp_path / "csv" / name).read_bytes()


def test_quarantined_rows_are_listed_by_excel_row(book: Callable[..., Any]) -> None:
    workbook = Workbook()
    sheet = fill(workbook.active)
    sheet.append([])
    sheet.append(["00900", "G1", "soon", 1])
    _, _, lines = book(workbook)
    assert lines == [
        "accounts,00900,opened_on,date,book.xlsx[Sheet],303",
        "transactions,c00900,posted_on,date,book.xlsx[Sheet],303",
    ]


@pytest.mark.parametrize(
    ("value", "number_format", "expected"),
    [
        (1234.5600000000001, "General", Decimal("1234.56")),
        (0.1 + 0.2, "General", Decimal("0.30")),
        (-5, "General", Decimal("-5.00")),
        ("12.30", "General", Decimal("12.30")),
        (12.345, "General", None),
        (12.345, "0.00", None),
        ("$12", "General", None),
        (True, "General", None),
    ],
)
def test_money_is_exact_to_the_cent_or_quarantined(
    book: Callable[..., Any], value: float | str | bool, number_format: str, expected: Decimal | None
) -> None:
    workbook = Workbook()
    sheet = fill(workbook.active)
    sheet.append(["X", "G1", date(2026, 1, 5), value])
    sheet.cell(302, 4).number_format = number_format
    _, out, lines = book(workbook)
    amounts = ask(out, "SELECT amount FROM transactions WHERE account_id = 'X'")
    assert amounts == ([] if expected is None else [(expected,)])
    assert lines == ([] if expected is not None else ["transactions,cX,amount,money,book.xlsx[Sheet],302"])


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (moment(13, 45), "2026-01-05 13:45:00"),
        (moment(23, 59, 59), "2026-01-05 23:59:59"),
        (moment(23, 59, 59, 600_000), "2026-01-05 23:59:59"),
        (moment(), "2026-01-05"),
    ],
)
def test_a_date_keeps_its_time_unless_the_mapping_drops_it(
    book: Callable[..., Any], value: datetime, shown: str
) -> None:
    workbook = Workbook()
    sheet = fill(workbook.active)
    sheet.append(["X", "G1", value, 1])
    dropped = MAPPING.replace('"Opened"', "\"day(Opened, 'y-m-d time')\"")
    _, out, _ = book(workbook, dropped)
    assert ask(out, "SELECT opened_on FROM accounts WHERE account_id = 'X'") == [(date(2026, 1, 5),)]
    _, out, lines = book(workbook)
    assert bool(lines) is (" " in shown)


def test_dates_count_from_1904_if_the_workbook_says_so(book: Callable[..., Any]) -> None:
    def alter(path: Path) -> None:
        change(path, "xl/workbook.xml", r"<workbookPr\s*/>", '<workbookPr date1904="1"/>')

    workbook = Workbook()
    fill(workbook.active, [["A", "G", 44565, 1]])
    workbook.active["C2"].number_format = "yyyy-mm-dd"
    _, out, _ = book(workbook, alter=alter)
    assert ask(out, "SELECT opened_on FROM accounts") == [(date(2026, 1, 5),)]


def test_a_serial_date_without_a_format_needs_a_declaration_in_the_mapping(book: Callable[..., Any]) -> None:
    workbook = Workbook()
    fill(workbook.active, [["A", "G", 46027, 1]])
    with pytest.raises(ExtractRefusedError, match=r"date in opened_on 1 times in book\.xlsx\[Sheet\], first in line 2"):
        book(workbook)
    _, out, _ = book(workbook, MAPPING.replace('"Opened"', "\"day(Opened, 'excel')\""))
    assert ask(out, "SELECT opened_on FROM accounts") == [(date(2026, 1, 5),)]


def test_ids_kept_as_numbers_give_a_notice_and_zero_padding_is_read_as_shown(book: Callable[..., Any]) -> None:
    workbook = Workbook()
    sheet = fill(workbook.active, [[n, n, date(2026, 1, 5), 1] for n in range(1, 4)])
    for row in range(2, 5):
        sheet.cell(row, 1).number_format = "00000"
    report, out, _ = book(workbook)
    assert ask(out, "SELECT account_id, guarantor_id FROM accounts LIMIT 1") == [("00001", "1")]
    notices = [notice for notice in report.notices if "leading zeros" in notice]
    assert len(notices) == 1
    assert "column Guarantor has 3 IDs stored as numbers" in notices[0]


def test_a_number_that_excel_rounded_is_quarantined_if_it_is_mapped(book: Callable[..., Any]) -> None:
    workbook = Workbook()
    rows = [[*good(n), None] for n in range(300)] + [[12345678901234567, "G1", date(2026, 1, 5), 1, 12345678901234567]]
    fill(workbook.active, rows, [*HEADER, "Unused"])
    _, out, lines = book(workbook)
    assert lines == [
        "accounts,,account_id,excel_rounded,book.xlsx[Sheet],302",
        "transactions,,transaction_id,excel_rounded,book.xlsx[Sheet],302",
    ]
    workbook.active.cell(302, 1).value = "12345678901234567"
    _, out, lines = book(workbook)
    assert lines == []
    assert ask(out, "SELECT count(*) FROM accounts WHERE account_id = '12345678901234567'") == [(1,)]


def test_error_cells_quarantine_their_row_if_the_mapping_uses_them(book: Callable[..., Any]) -> None:
    workbook = Workbook()
    sheet = fill(workbook.active)
    sheet.append(["X", "#N/A", date(2026, 1, 5), 1])
    sheet.append(["Y", "G1", date(2026, 1, 5), "#REF!"])
    assert sheet["B302"].data_type == "e"
    _, out, lines = book(workbook)
    assert lines == [
        "accounts,X,guarantor_id,excel_error,book.xlsx[Sheet],302",
        "transactions,cY,amount,excel_error,book.xlsx[Sheet],303",
    ]
    assert ask(out, "SELECT account_id FROM accounts WHERE account_id IN ('X', 'Y')") == [("Y",)]


def test_a_formula_gives_its_result_and_without_one_its_row_is_quarantined(book: Callable[..., Any]) -> None:
    workbook = Workbook()
    sheet = fill(workbook.active)
    sheet.append(["X", "G1", date(2026, 1, 5), "=1+1"])
    _, _, lines = book(workbook)
    assert lines == ["transactions,cX,amount,excel_formula,book.xlsx[Sheet],302"]

    def calculate(path: Path) -> None:
        change(path, "xl/worksheets/sheet1.xml", "<f>1\\+1</f><v\\s*/>", "<f>1+1</f><v>2</v>")
        change(path, "xl/workbook.xml", ' fullCalcOnLoad="1"', "")

    _, out, lines = book(workbook, alter=calculate)
    assert lines == []
    assert ask(out, "SELECT amount FROM transactions WHERE account_id = 'X'") == [(Decimal("2.00"),)]


def test_formula_results_that_were_never_calculated_are_not_trusted(book: Callable[..., Any]) -> None:
    def pretend(path: Path) -> None:
        change(path, "xl/worksheets/sheet1.xml", "<f>1\\+1</f><v\\s*/>", "<f>1+1</f><v>0</v>")

    workbook = Workbook()
    fill(workbook.active).append(["X", "G1", date(2026, 1, 5), "=1+1"])
    _, _, lines = book(workbook, alter=pretend)
    assert lines == ["transactions,cX,amount,excel_formula,book.xlsx[Sheet],302"]


def test_merged_cells_hidden_rows_and_hidden_columns_are_reported(book: Callable[..., Any]) -> None:
    workbook = Workbook()
    sheet = fill(workbook.active)
    sheet.merge_cells("B5:B6")
    sheet.row_dimensions[9].hidden = True
    sheet.column_dimensions["D"].hidden = True
    sheet.append(["00900", "G1", date(2026, 1, 5), 1])
    report, _, lines = book(workbook)
    assert lines == ["accounts,00004,guarantor_id,required,book.xlsx[Sheet],6"]
    assert any("1 area of merged cells" in notice for notice in report.notices)
    assert any("1 hidden row were read" in notice or "1 hidden row" in notice for notice in report.notices)
    assert any("hidden columns were read" in notice for notice in report.notices)


def test_blank_rows_and_blank_columns_are_ignored(book: Callable[..., Any]) -> None:
    workbook = Workbook()
    sheet = fill(workbook.active)
    for row in range(302, 320):
        sheet.cell(row, 6).number_format = numbers.FORMAT_TEXT
        sheet.cell(row, 1).value = ""
    report, _, _ = book(workbook)
    assert report.files[0].records == 300


def test_the_header_may_be_further_down(book: Callable[..., Any]) -> None:
    workbook = Workbook()
    sheet = workbook.active
    sheet.append(["Aged trial balance"])
    sheet.append([])
    fill(sheet)
    with pytest.raises(ExtractRefusedError, match=r"columns B, C, D, which have no name in row 1.*header_row"):
        book(workbook)
    with_row = MAPPING.replace("]]\n", "]]\nheader_row = 3\n")
    report, _, _ = book(workbook, with_row)
    assert report.rows_written == {"accounts": 300, "transactions": 300}
    assert [file.name for file in report.files] == ["book.xlsx[Sheet!3]"]
    with pytest.raises(ExtractRefusedError, match="has nothing in row 2"):
        book(workbook, MAPPING.replace("]]\n", "]]\nheader_row = 2\n"))


def test_a_stray_note_next_to_the_table_costs_only_its_own_row(book: Callable[..., Any]) -> None:
    workbook = Workbook()
    fill(workbook.active)
    workbook.active["H7"] = "called twice"
    _, _, lines = book(workbook)
    assert lines == [f"{table},,,too_many_columns,book.xlsx[Sheet],7" for table in ("accounts", "transactions")]


def test_each_sheet_is_a_source_and_must_be_named_if_several_have_rows(
    book: Callable[..., Any], tmp_path: Path
) -> None:
    workbook = Workbook()
    fill(workbook.active)
    workbook.active.title = "Accounts"
    fill(workbook.create_sheet("Charges"), [good(n) for n in range(5)])
    workbook.create_sheet("Empty")
    with pytest.raises(ExtractRefusedError, match=r"has rows in 2 sheets \(Accounts, Charges\)"):
        book(workbook)
    named = MAPPING.replace("[[accounts]]", '[[accounts]]\nsheet = "Accounts"')
    named = named.replace("[[transactions]]", '[[transactions]]\nfile = "book.xlsx"\nsheet = "Charges"')
    report, _, _ = book(workbook, named)
    assert report.rows_written == {"accounts": 300, "transactions": 5}
    assert list_sheets(tmp_path / "source" / "book.xlsx") == ["Accounts", "Charges"]
    with pytest.raises(ExtractRefusedError, match=r"has no sheet 'Charge' \(it has Accounts, Charges, Empty\)"):
        book(workbook, named.replace('"Charges"', '"Charge"'))


def test_a_hidden_sheet_is_read_if_named_and_reported_otherwise(book: Callable[..., Any]) -> None:
    workbook = Workbook()
    fill(workbook.active)
    hidden = fill(workbook.create_sheet("Old"), [good(n) for n in range(4)])
    hidden.sheet_state = "hidden"
    report, _, _ = book(workbook)
    assert any("hidden sheet Old has rows and was not read" in notice for notice in report.notices)
    report, _, _ = book(workbook, MAPPING.replace("]]\n", ']]\nsheet = "Old"\n'))
    assert report.rows_written["accounts"] == 4
    assert any("the sheet is hidden" in notice for notice in report.notices)


def test_one_sheet_named_in_one_block_and_not_in_another_is_read_once(book: Callable[..., Any]) -> None:
    report, _, _ = book(mapping=MAPPING.replace("[[accounts]]", '[[accounts]]\nsheet = "Sheet"'))
    assert report.rows_written == {"accounts": 300, "transactions": 300}
    assert len(report.files) == 1


def test_the_same_workbook_under_two_names_is_read_once(book: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "source").mkdir()
    (tmp_path / "source" / "copy.xlsx").touch()

    def alter(path: Path) -> None:
        (tmp_path / "source" / "copy.xlsx").write_bytes(path.read_bytes())

    report, _, _ = book(alter=alter)
    assert [(file.name, file.same_as) for file in report.files] == [
        ("book.xlsx[Sheet]", None),
        ("copy.xlsx[Sheet]", "book.xlsx[Sheet]"),
    ]
    assert report.rows_written["accounts"] == 300


def test_texts_are_read_without_phonetic_guides_and_escapes(tmp_path: Path) -> None:
    path = tmp_path / "book.xlsx"
    with xlsxwriter.Workbook(path) as workbook:
        sheet = workbook.add_worksheet()
        for place, row in enumerate([HEADER, ["first", "line", "2026-01-05", 1]]):
            sheet.write_row(place, 0, row)
    texts = "<si><r><t>00</t></r><r><t>1</t></r><rPh sb='0' eb='1'><t>aid</t></rPh></si>"
    change(path, "xl/sharedStrings.xml", "<si><t>first</t></si>", texts)
    change(path, "xl/sharedStrings.xml", "<t>line</t>", "<t>a_x000A_b</t>")
    (tmp_path / "mapping.toml").write_text(MAPPING)
    import_csv(path, tmp_path / "out", tmp_path / "mapping.toml")
    assert ask(tmp_path / "out", "SELECT account_id, guarantor_id FROM accounts") == [("001", "a\nb")]


def test_payers_named_na_or_none_are_kept_and_declared_nulls_are_null(book: Callable[..., Any]) -> None:
    workbook = Workbook()
    fill(workbook.active, [["NA", "None", date(2026, 1, 5), "-"], ["x", "y", date(2026, 1, 5), 2]])
    mapping = '[csv]\nnulls = ["-"]\n' + MAPPING.replace("\"'c' || Account\"", '"Account"').replace(
        "[[transactions]]", "[[transactions]]\nwhere = 'Balance IS NOT NULL'"
    )
    report, out, _ = book(workbook, mapping)
    assert report.rows_written == {"accounts": 2, "transactions": 1}
    assert ask(out, "SELECT account_id, guarantor_id FROM accounts LIMIT 1") == [("NA", "None")]

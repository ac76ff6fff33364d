"""XLSX lists, read back by another library as a biller would open them in Excel."""

from __future__ import annotations

import csv
import io
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from payrank.scoring.worklist import DenialLine, PatientLine, Reason, Worklist
from payrank.scoring.worklists.columns import display_text
from payrank.scoring.worklists.csv_list import render_csv
from payrank.scoring.worklists.xlsx_list import MAX_QUEUE_SHEETS, render_xlsx

HEADER_ROW = 4


def open_book(content: bytes) -> openpyxl.Workbook:
    return openpyxl.load_workbook(io.BytesIO(content))


def cells(sheet: Any) -> list[list[Any]]:
    return [[cell.value for cell in row] for row in sheet.iter_rows(min_row=HEADER_ROW + 1)]


def test_the_first_sheet_holds_the_rows_of_the_csv(
    patient_list: Callable[..., Worklist[PatientLine]], denial_list: Callable[..., Worklist[DenialLine]]
) -> None:
    for worklist in (patient_list(12), denial_list(12)):
        flat = list(csv.reader(io.StringIO(render_csv(worklist).decode())))[1:]
        for written, row in zip(cells(open_book(render_xlsx(worklist)).worksheets[0]), flat, strict=True):
            for value, text in zip(written[:-1], row, strict=True):  # the last column is for notes
                if isinstance(value, datetime):
                    assert value.date().isoformat() == text
                elif isinstance(value, int | float):
                    assert value == pytest.approx(float(text), abs=0.005)
                else:
                    assert (value or "") in (text, display_text(text))


def test_ids_are_text_and_money_is_a_number_with_a_format(household: Worklist[PatientLine]) -> None:
    sheet = open_book(render_xlsx(household)).worksheets[0]
    by_title = {cell.value: sheet.cell(HEADER_ROW + 1, cell.column) for cell in sheet[HEADER_ROW]}
    assert by_title["Guarantor"].value == "00042"
    assert by_title["Guarantor"].number_format == "@"
    assert by_title["Balance"].value == 1250.5
    assert by_title["Balance"].number_format.startswith("$#,##0.00")
    assert by_title["Chance of payment"].number_format == "0%"
    assert by_title["Deadline"].value == datetime(2026, 11, 23)  # noqa: DTZ001 - Excel knows no time zones
    assert "mmm" in by_title["Deadline"].number_format


def test_header_is_frozen_filtered_and_followed_by_a_notes_column(household: Worklist[PatientLine]) -> None:
    sheet = open_book(render_xlsx(household)).worksheets[0]
    assert sheet.freeze_panes == "C5"
    assert sheet.auto_filter.ref == "A4:R5"
    assert sheet["A1"].value == household.title
    assert sheet["A2"].value == "As of November 20, 2026"
    assert [cell.value for cell in sheet[HEADER_ROW]][-1] == "Notes"
    assert sheet.cell(HEADER_ROW + 1, 18).value is None


def test_accounts_have_their_own_sheet_in_list_order(patient_list: Callable[..., Worklist[PatientLine]]) -> None:
    worklist = patient_list(8)
    book = open_book(render_xlsx(worklist))
    expected = [(line.rank, line.guarantor_id, a.account_id) for line in worklist.lines for a in line.accounts]
    assert [tuple(row[:3]) for row in cells(book["Accounts"])] == expected


def test_each_queue_has_a_sheet_and_every_row_is_on_exactly_one(
    denial_list: Callable[..., Worklist[DenialLine]],
) -> None:
    book = open_book(render_xlsx(denial_list(40)))
    queues = [sheet for sheet in book.worksheets if sheet.title not in ("Worklist", "About")]
    assert [sheet.title for sheet in queues] == ["Appeal", "Corrected claim", "Peer-to-peer"]
    assert sorted(row[0] for sheet in queues for row in cells(sheet)) == list(range(1, 41))


def test_about_shows_suppressions_by_rule(patient_list: Callable[..., Worklist[PatientLine]]) -> None:
    about = {row[0].value: row[1].value for row in open_book(render_xlsx(patient_list(3)))["About"].iter_rows()}
    assert about["Suppressed by H4 Asked us to stop all contact"] == 41
    assert about["Model"] == "payrank-payment, version 3"
    assert about["As of"].date() == date(2026, 11, 20)


def test_hostile_text_is_never_a_formula_or_a_link(household: Worklist[PatientLine]) -> None:
    hostile = '=HYPERLINK("http://example.com","x")'
    line = household.lines[0]
    line = replace(line, guarantor_id=hostile, queue="=1+1", action="http://example.com", action_why="@SUM(A1)")
    line = replace(line, reasons=(Reason("f", "+1", None, 1.0),))
    sheet = open_book(render_xlsx(replace(household, lines=(line,)))).worksheets[0]
    for cell in sheet[HEADER_ROW + 1]:
        assert cell.data_type != "f"
        assert cell.hyperlink is None
    assert sheet.cell(HEADER_ROW + 1, 2).value == hostile


def test_queue_names_that_excel_rejects_are_replaced(denial_list: Callable[..., Worklist[DenialLine]]) -> None:
    worklist = denial_list(6)
    names = ("a/b:c*[d]?", "a/b:c*[d]?" + "x" * 40, "", "History", "worklist", "'quoted'")
    lines = tuple(replace(line, queue=name) for line, name in zip(worklist.lines, names, strict=True))
    titles = [sheet.title for sheet in open_book(render_xlsx(replace(worklist, lines=lines))).worksheets]
    assert len({title.lower() for title in titles}) == len(titles) == 8
    assert all(0 < len(title) <= 31 for title in titles)


def test_an_empty_list_is_still_a_workbook(denial_list: Callable[..., Worklist[DenialLine]]) -> None:
    sheet = open_book(render_xlsx(replace(denial_list(1), lines=()))).worksheets[0]
    assert sheet[HEADER_ROW][1].value == "Denial"


def test_the_same_list_gives_the_same_bytes_in_another_process_zone_and_hash_seed(tmp_path: Path) -> None:
    program = (
        "import hashlib, runpy; made = runpy.run_path('tests/scoring/conftest.py');"
        "from payrank.scoring.worklists.worklist_files import RENDERERS;"
        "lists = (made['make_patient_list'](9), made['make_denial_list'](9));"
        "print([hashlib.sha256(render(each)).hexdigest() for each in lists for render in RENDERERS.values()])"
    )
    root = Path(__file__).parents[2]
    printed = []
    for seed, zone in (("1", "UTC"), ("2", "Pacific/Auckland")):
        environment = {**os.environ, "PYTHONHASHSEED": seed, "TZ": zone, "PYTHONPATH": str(root)}
        done = subprocess.run(
            [sys.executable, "-c", program], cwd=root, env=environment, capture_output=True, text=True, check=True
        )
        printed.append(done.stdout)
    assert printed[0] == printed[1]


def test_money_is_rounded_to_cents_and_probabilities_are_not_rounded(household: Worklist[PatientLine]) -> None:
    line = replace(household.lines[0], balance=0.1 + 0.2, expected_recovery=700.00499, probability=0.62154321)
    book = open_book(render_xlsx(replace(household, lines=(line,))))
    values = [cell for row in cells(book["Worklist"]) for cell in row]
    assert {0.3, 700.0, 0.62154321} <= {value for value in values if isinstance(value, int | float)}
    assert 0.1 + 0.2 not in values


def test_with_thousands_of_queues_the_largest_get_sheets_and_about_counts_the_rest(
    denial_list: Callable[..., Worklist[DenialLine]],
) -> None:
    worklist = denial_list(2600)
    lines = tuple(
        replace(line, queue=f"queue {min(at // 3, 9)} {at % 3 or at}") for at, line in enumerate(worklist.lines)
    )
    book = open_book(render_xlsx(replace(worklist, lines=lines)))
    assert len(book.sheetnames) == 2 + MAX_QUEUE_SHEETS
    about = {row[0].value: row[1].value for row in book["About"].iter_rows()}
    assert (
        about["Queues without a sheet (filter the first sheet)"]
        == len({line.queue for line in lines}) - MAX_QUEUE_SHEETS
    )
    assert {"Queue 9 1", "Queue 9 2"} <= set(book.sheetnames), "the largest have theirs"
    assert len(cells(book["Worklist"])) == 2600


def test_about_shows_the_average_chance_as_a_percentage(household: Worklist[PatientLine]) -> None:
    sheet = open_book(render_xlsx(replace(household, baseline_probability=0.31)))["About"]
    (cell,) = (row[1] for row in sheet.iter_rows() if str(row[0].value).startswith("Average chance"))
    assert (cell.value, cell.number_format) == (0.31, "0%")


def test_unusual_texts_and_right_to_left_names_stay_intact(household: Worklist[PatientLine]) -> None:
    texts = (
        "\u05d1\u05d9\u05ea \u05d7\u05d5\u05dc\u05d9\u05dd",
        "P" * 5000,
        "\u202egro.\u202c",
        "a\x00b\x0bc",
        "\U0001f600 \u00fc\u0301",
    )
    accounts = tuple(
        replace(household.lines[0].accounts[0], account_id=f"A{at}", payer=text) for at, text in enumerate(texts)
    )
    book = open_book(render_xlsx(replace(household, lines=(replace(household.lines[0], accounts=accounts),))))
    payers = [row[3] for row in cells(book["Accounts"])]
    assert payers[0] == texts[0]
    assert payers[1] == texts[1]
    assert len(payers) == 5

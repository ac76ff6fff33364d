"""Totals that a sender declares are compared with its files: a truncated file is refused and never silently loaded."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook

from payrank.extracts.errors import ExtractRefusedError, WrongUsageError
from payrank.extracts.load.load_extract import load_extract
from payrank.extracts.readers.mapped.import_csv import import_csv
from payrank.extracts.readers.session.report import ImportReport

HEADER = "Tx,Acct,Post,Amt\n"
ROWS = [f"T{n},{n % 50:05},2026-02-0{n % 8 + 1},{n}.25\n" for n in range(600)]
LEDGER = HEADER + "".join(ROWS)
TOTAL = sum(Decimal(f"{n}.25") for n in range(600))
ACCOUNTS = "Acct,Guar,Opened\n" + "".join(f"{n:05},G{n},2026-01-05\n" for n in range(50))

MAPPING = """
[[accounts]]
file = "accounts.csv"
account_id = "Acct"
guarantor_id = "Guar"
opened_on = "Opened"
[[transactions]]
file = "ledger*"
transaction_id = "Tx"
account_id = "Acct"
posted_on = "Post"
kind = "'charge'"
amount = "dollars(Amt)"
responsibility = "'patient'"
"""


@pytest.fixture
def desk(tmp_path: Path) -> Callable[..., ImportReport]:
    """Write files and import them by the mapping above and what is declared; give the report."""

    def run(declared: Any, files: Any, options: str = "", mapping: str = MAPPING) -> ImportReport:
        folder = tmp_path / "source"
        folder.mkdir(exist_ok=True)
        for name, content in {"accounts.csv": ACCOUNTS, **files}.items():
            (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
        path = tmp_path / "mapping.toml"
        path.write_text(options + declared + mapping, encoding="utf-8")
        return import_csv(folder, tmp_path / "out", path)

    return run


ONE = '[files."ledger.csv"]\n'


def test_matching_rows_and_dollars_import(desk: Callable[..., ImportReport]) -> None:
    report = desk(
        f'{ONE}rows = 600\namount = {{ column = "Amt", total = "{TOTAL}" }}\n[files."accounts.csv"]\nrows = 50\n',
        {"ledger.csv": LEDGER},
    )
    assert report.rows_written["transactions"] == 600
    assert not any("ledger.csv" in notice or "accounts.csv" in notice for notice in report.notices)


def test_a_file_truncated_at_a_line_end_is_refused_by_its_rows(desk: Callable[..., ImportReport]) -> None:
    with pytest.raises(
        ExtractRefusedError, match=r"^ledger\.csv: .files.* declares 600 rows, found 599 rows.*truncated"
    ) as refused:
        desk(f"{ONE}rows = 600\n", {"ledger.csv": HEADER + "".join(ROWS[:-1])})
    assert refused.value.exit_code == 3


def test_a_truncated_amount_is_refused_by_the_sum(desk: Callable[..., ImportReport]) -> None:
    cut = LEDGER[: -len("9.25\n")]
    assert cut.endswith(",59")
    declared = f'{ONE}rows = 600\namount = {{ column = "Amt", total = "{TOTAL}" }}\n'
    with pytest.raises(ExtractRefusedError, match=r"declares 179,850\.00 dollars, found 179,309\.75 dollars"):
        desk(declared, {"ledger.csv": cut})


def test_without_a_declaration_a_missing_line_end_is_reported(desk: Callable[..., ImportReport]) -> None:
    notices = desk("", {"ledger.csv": LEDGER[: -len("9.25\n")]}).notices
    assert any(n.startswith("ledger.csv: the last line has no line end.") for n in notices)
    assert any(n.startswith("accounts.csv, ledger.csv: no rows, total, or trailer declared") for n in notices)


def test_files_of_one_pattern_are_declared_together_and_a_repeat_counts_once(desk: Callable[..., ImportReport]) -> None:
    parts = {"ledger_1.csv": HEADER + "".join(ROWS[:300]), "ledger_2.csv": HEADER + "".join(ROWS[300:])}
    declared = f'[files."ledger_*.csv"]\nrows = 600\namount = {{ column = "Amt", total = "{TOTAL}" }}\n'
    assert desk(declared, parts).rows_written["transactions"] == 600
    again = {**parts, "ledger_3.csv": parts["ledger_2.csv"]}
    assert desk(declared, again).rows_written["transactions"] == 600
    with pytest.raises(ExtractRefusedError, match="found 599 rows"):
        desk(declared, {**again, "ledger_1.csv": HEADER + "".join(ROWS[1:300])})


@pytest.mark.parametrize(
    ("trailer", "line"),
    [
        ("TRL,{rows},{total}", f"TRL,600,{TOTAL}\n"),
        ("TRL,{rows},{total}", f'"TRL",600,"{TOTAL:,}"'),
        ("TRL,{rows},{total}", f"TRL,600,${TOTAL},,,\r\n\r\n"),
        ("Total of {rows} records,,,{total}", f"Total of 600 records,,,{TOTAL}\n"),
        ("Printed {}, rows: {rows}", "Printed 2026-02-09 by desk, rows: 600\n"),
    ],
)
def test_a_trailer_is_not_a_record_and_its_totals_must_match(
    desk: Callable[..., ImportReport], trailer: str, line: str
) -> None:
    declared = f"{ONE}trailer = '{trailer}'\namount = {{ column = \"Amt\" }}\n"
    if "{total}" not in trailer:
        declared = f"{ONE}trailer = '{trailer}'\n"
    report = desk(declared, {"ledger.csv": LEDGER + line})
    (ledger,) = [file for file in report.files if file.name == "ledger.csv"]
    assert (ledger.records, ledger.loaded, ledger.quarantined) == (600, 600, 0)
    assert not any("ledger.csv" in notice for notice in report.notices)
    with pytest.raises(ExtractRefusedError, match="its trailer declares 600 rows, found 599 rows"):
        desk(declared, {"ledger.csv": HEADER + "".join(ROWS[1:]) + line})


def test_a_two_line_trailer_with_a_wrong_sum_is_refused(desk: Callable[..., ImportReport]) -> None:
    declared = f'{ONE}trailer = ["Grand Total,,,{{total}}", "*** end of report ***"]\namount = {{ column = "Amt" }}\n'
    end = "\n*** end of report ***\n"
    assert desk(declared, {"ledger.csv": f"{LEDGER}Grand Total,,,{TOTAL}{end}"}).rows_written["transactions"] == 600
    with pytest.raises(ExtractRefusedError, match=r"its trailer declares 1\.00 dollars, found 179,850\.00"):
        desk(declared, {"ledger.csv": f"{LEDGER}Grand Total,,,1.00{end}"})


@pytest.mark.parametrize("end", ["", "TRL,", "TRL,60", "Tail,600,1\n"])
def test_a_file_that_ends_without_its_trailer_is_refused_without_showing_its_line(
    desk: Callable[..., ImportReport], end: str
) -> None:
    with pytest.raises(
        ExtractRefusedError, match=r"^ledger\.csv: (does not end with the trailer|its trailer)"
    ) as refused:
        desk(f"{ONE}trailer = 'TRL,{{rows}}'\n", {"ledger.csv": LEDGER + end})
    assert "T599" not in str(refused.value)


def test_a_trailer_is_found_with_other_encodings_delimiters_and_compression(desk: Callable[..., ImportReport]) -> None:
    text = (LEDGER + f"TRL,600,{TOTAL}\n").replace(",", "|")
    declared = '[files."ledger*"]\ntrailer = "TRL|{rows}|{total}"\namount = { column = "Amt" }\n'
    accounts = ACCOUNTS.replace(",", "|").encode("utf-16")
    files = {"accounts.csv": accounts, "ledger.csv.gz": gzip.compress(text.encode("utf-16"))}
    report = desk(declared, files, '[csv]\ndelimiter = "|"\nencoding = "utf-16"\n')
    assert report.rows_written["transactions"] == 600


def test_line_numbers_are_the_files_own_if_titles_come_before_the_header(
    desk: Callable[..., ImportReport], tmp_path: Path
) -> None:
    bad = f"{LEDGER}T900,00001,2026-02-30,1.00\nT901,00001\n"
    mapping = MAPPING.replace('file = "ledger*"', 'file = "ledger*"\nheader_row = 4')
    titles = 'General Hospital\n"Ledger, all",\n\n'
    report = desk(f"{ONE}trailer = 'TRL,{{rows}}'\n", {"ledger.csv": f"{titles}{bad}TRL,602\n"}, mapping=mapping)
    assert report.rows_written["transactions"] == 600
    lines = (tmp_path / "out" / "import_quarantine.csv").read_text().splitlines()[1:]
    assert lines == [
        "transactions,T900,posted_on,date,ledger.csv,605",
        "transactions,,,missing_columns,ledger.csv,606",
    ]
    with pytest.raises(ExtractRefusedError, match="has nothing in line 4"):
        desk("", {"ledger.csv": "a\nb\n"}, mapping=mapping)


def test_a_count_file_declares_the_rows_of_its_file(desk: Callable[..., ImportReport]) -> None:
    declared = '[files."ledger*.csv"]\ncount_file = ".count"\n'
    assert desk(declared, {"ledger.csv": LEDGER, "ledger.csv.count": "600\r\n"}).rows_written["transactions"] == 600
    with pytest.raises(ExtractRefusedError, match=r"its count file \(\.count\) declares 601 rows, found 600 rows"):
        desk(declared, {"ledger.csv": LEDGER, "ledger.csv.count": "601"})
    with pytest.raises(ExtractRefusedError, match="is not just a number of rows"):
        desk(declared, {"ledger.csv": LEDGER, "ledger.csv.count": "six"})
    with pytest.raises(ExtractRefusedError, match=r"ledger_2\.csv: its count file ledger_2\.csv\.count is missing"):
        desk(declared, {"ledger.csv.count": "600", "ledger_2.csv": HEADER})


def test_dollars_are_not_compared_if_a_row_may_have_an_amount(desk: Callable[..., ImportReport]) -> None:
    declared = f'{ONE}amount = {{ column = "Amt", total = "{TOTAL}" }}\n'
    notices = desk(declared, {"ledger.csv": f"{LEDGER}T900,00001,2026-02-01,12.345\n"}).notices
    assert any("not compared, because 1 row may have an amount" in notice for notice in notices)


def test_a_missing_declared_file_is_refused(desk: Callable[..., ImportReport]) -> None:
    with pytest.raises(ExtractRefusedError, match=r"it matches no file that the mapping reads"):
        desk('[files."payments.csv"]\nrows = 1\n', {"ledger.csv": LEDGER})


def test_a_sheet_is_declared_by_its_name(desk: Callable[..., ImportReport], tmp_path: Path) -> None:
    workbook = Workbook()
    workbook.active.title = "Ledger"
    workbook.active.append(HEADER.strip().split(","))
    for row in ROWS[:60]:
        *texts, amount = row.strip().split(",")
        workbook.active.append([*texts, float(amount)])
    workbook.create_sheet("Notes").append(["nothing"])
    (tmp_path / "source").mkdir()
    workbook.save(tmp_path / "source" / "ledger.xlsx")
    mapping = MAPPING.replace('file = "ledger*"', 'file = "ledger*"\nsheet = "Ledger"')
    declared = '[files."ledger.xlsx[Ledger]"]\nrows = 60\namount = { column = "Amt", total = "1785.00" }\n'
    assert desk(declared, {}, mapping=mapping).rows_written["transactions"] == 60
    with pytest.raises(ExtractRefusedError, match=r"^ledger\.xlsx\[Ledger\]: .* declares 61 rows, found 60 rows"):
        desk(declared.replace("60", "61"), {}, mapping=mapping)


@pytest.mark.parametrize(
    ("declared", "problem"),
    [
        ("files = 3\n", "files is not a table of tables"),
        (f"{ONE}", "declares nothing"),
        (f"{ONE}row = 3\n", "unknown key of .* 'row'.*did you mean 'rows'"),
        (f'{ONE}rows = "600"\n', "rows is not a number"),
        (f"{ONE}amount = 3\n", "amount has no column"),
        (f'{ONE}amount = {{ column = "Amt" }}\n', "amount has no total"),
        (f'{ONE}amount = {{ column = "Amt", total = 12.5 }}\n', "total of amount is not dollars as text"),
        (f'{ONE}trailer = "TRL,{{total}}"\n', "has a total, but no column is given"),
        (f'{ONE}trailer = "{{rows}},"\n', "the trailer would match any line"),
        (f'{ONE}trailer = "TRL {{rows}} {{rows}}"\n', "has {rows} twice"),
        (f"{ONE}trailer = 3\n", "trailer is not text"),
        (f'{ONE}count_file = "../x"\n', "count_file is not a file name suffix"),
        ('[files."a.xlsx[b]"]\ntrailer = "TRL"\n', "a sheet has neither a trailer nor a count file"),
        (f'{ONE}trailer = "TRL {{}}"\n[files."led*"]\ntrailer = "END"\n', "both declare its trailer"),
        (f'{ONE}amount = {{ column = "Amount", total = "1" }}\n', "amount is not a column of ledger.csv.*mean 'Amt'"),
    ],
)
def test_a_mistake_in_a_declaration_is_reported(desk: Callable[..., ImportReport], declared: str, problem: str) -> None:
    with pytest.raises(WrongUsageError, match=problem):
        desk(declared, {"ledger.csv": LEDGER + "TRL 1\n"})


def test_the_same_bytes_give_the_same_extract_with_and_without_titles_and_trailer(
    desk: Callable[..., ImportReport], tmp_path: Path
) -> None:
    desk("", {"ledger.csv": LEDGER})
    plain = (tmp_path / "out" / "transactions.parquet").read_bytes()
    mapping = MAPPING.replace('file = "ledger*"', 'file = "ledger*"\nheader_row = 2')
    desk(f'{ONE}trailer = "END"\n', {"ledger.csv": f"A title\n{LEDGER}END\n"}, mapping=mapping)
    assert (tmp_path / "out" / "transactions.parquet").read_bytes() == plain
    with load_extract(tmp_path / "out") as extract:
        assert extract.connection.execute("SELECT sum(amount) FROM transactions").fetchall() == [(TOTAL,)]

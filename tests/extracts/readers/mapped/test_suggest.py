"""A drafted mapping: derived from names and contents, valid TOML, and without a patient's values."""

from __future__ import annotations

import re
import tomllib
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook

from payrank.extracts.errors import ExtractRefusedError, WrongUsageError
from payrank.extracts.load.load_extract import load_extract
from payrank.extracts.readers.mapped.import_csv import import_csv
from payrank.extracts.readers.mapped.mapping import read_mapping
from payrank.extracts.readers.mapped.suggest.suggest_mapping import suggest_mapping

EXPERIMENTS = Path(__file__).parents[4] / "experiments"


def write(
    folder: Path, name: str, header: list[str], rows: list[Any], delimiter: str = ",", encoding: str = "utf-8"
) -> Path:
    text = "\n".join([delimiter.join(header), *(delimiter.join(row) for row in rows)]) + "\n"
    path = folder / name
    path.write_bytes(text.encode(encoding))
    return path


def write_both(folder: Path, rows: list[list[Any]], delimiter: str = ",", encoding: str = "utf-8") -> Path:
    """Write a ledger and the accounts that it is of; return their folder."""
    folder = folder / "both"
    folder.mkdir()
    write(folder, "ledger.csv", LEDGER, rows, delimiter, encoding)
    accounts = [[f"{n:05}", f"G{n}", "2026-01-01"] for n in range(9)]
    write(folder, "accounts.csv", ["Account Number", "Guarantor", "Open Date"], accounts, delimiter, encoding)
    return folder


def blocks(draft: str) -> dict[Any, Any]:
    return {name: block for name, block in tomllib.loads(draft).items() if isinstance(block, list)}


LEDGER = ["Acct #", "Pt Name", "Tx ID", "Tx Type", "Post Dt", "Amt", "Payor"]


def ledger(number: int = 60, days: str = "2026-01-{:02}") -> list[list[Any]]:
    kinds = ["Charge", "Insurance Payment", "Contractual Adjustment", "Patient Payment", "Bad Debt Write-Off"]
    return [
        [
            f"{n % 9:05}",
            f"Lovelace{n}",
            f"T{n}",
            kinds[n % 5],
            days.format(n % 28 + 1),
            f"{'' if n % 5 == 0 else '-'}{n}.25",
            "" if n % 5 == 3 else f"P{n % 3}",
        ]
        for n in range(number)
    ]


def test_a_ledger_gets_one_block_per_transaction_type_with_its_sign(tmp_path: Path) -> None:
    path = write(tmp_path, "ledger.csv", LEDGER, ledger())
    draft = suggest_mapping(path)
    transactions = blocks(draft)["transactions"]
    assert [(block["where"], block["kind"], block["amount"]) for block in transactions] == [
        ("\"Tx Type\" = 'Bad Debt Write-Off'", "'bad_debt_write_off'", 'dollars("Amt")'),
        ("\"Tx Type\" = 'Charge'", "'charge'", 'dollars("Amt")'),
        ("\"Tx Type\" = 'Contractual Adjustment'", "'contractual_adjustment'", 'dollars("Amt")'),
        ("\"Tx Type\" = 'Insurance Payment'", "'insurance_payment'", 'dollars("Amt")'),
        ("\"Tx Type\" = 'Patient Payment'", "'patient_payment'", 'dollars("Amt")'),
    ]
    assert {block["account_id"] for block in transactions} == {"Acct #"}
    assert {block["transaction_id"] for block in transactions} == {"Tx ID"}
    assert "not used: Pt Name" in draft


def test_an_unchanged_draft_is_accepted_and_imports_its_source(tmp_path: Path) -> None:
    folder = write_both(tmp_path, ledger())
    mapping = tmp_path / "mapping.toml"
    mapping.write_text(suggest_mapping(folder), encoding="utf-8")
    report = import_csv(folder, tmp_path / "out", mapping)
    assert report.rows_written == {"accounts": 9, "transactions": 60}
    with load_extract(tmp_path / "out") as extract:
        total = extract.connection.execute("SELECT sum(amount) FROM transactions").fetchall()
    assert total == [(sum(Decimal(row[5]) for row in ledger()),)]


def test_a_draft_contains_no_values_except_levels_that_many_rows_share(tmp_path: Path) -> None:
    rows = [
        [f"secret{n}", f"Lovelace{n}", f"T{n}", "Charge", f"2026-01-{n % 28 + 1:02}", f"77{n}.25", "hush"]
        for n in range(40)
    ]
    rows += [["secretx", "Ada", "T99", "Payment by Ada", "2026-02-01", "5.55", "hush"]]
    draft = suggest_mapping(write(tmp_path, "ledger.csv", LEDGER, rows))
    for value in {field for row in rows for field in row} - {"Charge"}:
        assert value not in draft
    assert "too many or too rare to show" in draft
    assert "[[transactions]]" not in re.sub("(?m)^#.*", "", draft)


def test_levels_that_name_no_kind_are_a_question_and_are_not_shown(tmp_path: Path) -> None:
    header = ["Account", "Post Date", "Category", "Amount"]
    rows = [[str(n), "2026-01-05", ("Charge", "Adjustment", "Ada Lovelace")[n % 3], f"{n}.00"] for n in range(60)]
    draft = suggest_mapping(write(tmp_path, "ledger.csv", header, rows))
    assert [block["kind"] for block in blocks(draft)["transactions"]] == ["'other_adjustment'", "'charge'"]
    assert "Category has 1 more values that do not name a known kind" in draft
    assert "Lovelace" not in draft
    names = [[*row[:2], ("Ada Lovelace", "Grace Hopper")[n % 2], row[3]] for n, row in enumerate(rows)]
    draft = suggest_mapping(write(tmp_path, "ledger.csv", header, names))
    assert not re.search("Lovelace|Hopper", draft)
    assert "transactions" not in tomllib.loads(draft)


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        ("2026-01-{:02}", "Post Dt"),
        ("01/{:02}/2026", "day(\"Post Dt\", 'm/d/y')"),
        ("{:02}/01/2026", "day(\"Post Dt\", 'd/m/y')"),
        ("{:02}-JAN-2026", "day(\"Post Dt\", 'd-mon-y')"),
        ("202601{:02}", "day(\"Post Dt\", 'ymd')"),
        ("1/{}/2026 12:00:00 AM", "day(\"Post Dt\", 'm/d/y time')"),
    ],
)
def test_date_formats_are_detected_from_the_dates(tmp_path: Path, days: str, expected: str) -> None:
    path = write_both(tmp_path, ledger(days=days))
    draft = suggest_mapping(path)
    assert {block["posted_on"] for block in blocks(draft)["transactions"]} == {expected}
    (tmp_path / "mapping.toml").write_text(draft)
    assert import_csv(path, tmp_path / "out", tmp_path / "mapping.toml").rows_quarantined == 0


def test_dates_that_fit_two_formats_are_a_question_and_not_a_block(tmp_path: Path) -> None:
    rows = [[*row[:4], f"0{n % 9 + 1}/0{n % 8 + 1}/2026", *row[5:]] for n, row in enumerate(ledger())]
    draft = suggest_mapping(write(tmp_path, "ledger.csv", LEDGER, rows))
    assert "# ? Post Dt: which is right, m/d/y or d/m/y?" in draft
    assert "transactions" not in tomllib.loads(draft)


def test_mixed_date_formats_are_not_guessed(tmp_path: Path) -> None:
    rows = [[*row[:4], "13/01/2026" if n % 2 else "01/13/2026", *row[5:]] for n, row in enumerate(ledger())]
    draft = suggest_mapping(write(tmp_path, "ledger.csv", LEDGER, rows))
    assert "Post Dt is named like a date, but its values do not fit a single date format" in draft
    assert "transactions" not in tomllib.loads(draft)


def test_mixed_rows_without_a_type_are_not_drafted_as_charges(tmp_path: Path) -> None:
    header = ["Account", "Post Date", "Amount"]
    rows = [[str(n), "2026-01-05", f"{n - 20}.00"] for n in range(40)]
    draft = suggest_mapping(write(tmp_path, "ledger.csv", header, rows))
    assert "which rows are charges, and which are payments?" in draft
    assert "transactions" not in tomllib.loads(draft)


def test_positive_payments_get_a_minus_sign_and_whose_they_are_is_a_question(tmp_path: Path) -> None:
    header = ["Account", "Post Date", "Type", "Amount"]
    rows = [[str(n), "2026-01-05", ("Charge", "Payment")[n % 2], f"{n}.00"] for n in range(40)]
    draft = suggest_mapping(write(tmp_path, "ledger.csv", header, rows))
    (charge,) = blocks(draft)["transactions"]
    assert charge["kind"] == "'charge'"
    assert "Whose payment is it?" in draft
    assert "# amount = '-dollars(\"Amount\")'" in draft


def test_the_sign_depends_only_on_rows_of_the_type(tmp_path: Path) -> None:
    header = ["Account", "Post Date", "Type", "Amount"]
    rows = [[str(n), "2026-01-05", "Charge", f"{n}.00"] for n in range(100)]
    rows += [[str(n), "2026-01-06", "Patient Payment", f"-{n}.00"] for n in range(1, 20)]
    rows += [[str(n), "2026-01-07", "Charity Adjustment", f"({n}.00)"] for n in range(1, 20)]
    rows += [[str(n), "2026-01-07", "Insurance Payment", f"{n}.00"] for n in range(1, 20)]
    draft = suggest_mapping(write(tmp_path, "ledger.csv", header, rows))
    assert [(block["kind"], block["amount"]) for block in blocks(draft)["transactions"]] == [
        ("'charge'", 'dollars("Amount")'),
        ("'charity_adjustment'", 'dollars("Amount")'),
        ("'insurance_payment'", '-dollars("Amount")'),
        ("'patient_payment'", 'dollars("Amount")'),
    ]
    assert "some values are negative" not in draft


def test_denials_with_codes_and_outcomes_give_denials_and_appeals(tmp_path: Path) -> None:
    header = [
        "Denial ID",
        "Claim Number",
        "Denial Date",
        "Denied Amount",
        "CARC",
        "Group Code",
        "Appeal Date",
        "Appeal Outcome",
    ]
    words = ["Overturned", "Upheld", "Partially overturned"]
    rows = [
        [
            f"D{n}",
            f"C{n}",
            f"2026-01-{n % 28 + 1:02}",
            "$1,200.00".replace(",", ""),
            "197",
            "CO",
            "2026-02-03",
            words[n % 3],
        ]
        for n in range(60)
    ]
    path = write(tmp_path, "denials.csv", header, rows)
    draft = suggest_mapping(path)
    (tmp_path / "mapping.toml").write_text(draft)
    report = import_csv(path, tmp_path / "out", tmp_path / "mapping.toml")
    assert report.rows_written == {"denials": 60, "appeals": 60}
    with load_extract(tmp_path / "out") as extract:
        outcomes = extract.connection.execute("SELECT outcome, count(*) FROM appeals GROUP BY 1 ORDER BY 1").fetchall()
        assert outcomes == [("overturned", 20), ("partially_overturned", 20), ("upheld", 20)]
        codes = "SELECT DISTINCT group_code, carc, denied_amount FROM denials"
        assert extract.connection.execute(codes).fetchall() == [("CO", "197", Decimal("1200.00"))]


@pytest.mark.parametrize(
    ("delimiter", "encoding", "detected"),
    [
        ("\t", "utf-8", {"delimiter": "\t", "encoding": "utf-8"}),
        ("|", "cp1252", {"delimiter": "|", "encoding": "cp1252"}),
        (";", "utf-16", {"delimiter": ";", "encoding": "utf-16"}),
        (",", "utf-8-sig", None),
    ],
)
def test_delimiter_and_encoding_are_detected_from_the_bytes(
    tmp_path: Path, delimiter: str, encoding: str, detected: dict[str, str] | None
) -> None:
    rows = [[row[0], "M\u00fcller", *row[2:]] for row in ledger()]
    path = write_both(tmp_path, rows, delimiter, encoding)
    draft = suggest_mapping(path)
    assert tomllib.loads(draft).get("csv") == detected
    (tmp_path / "mapping.toml").write_text(draft, encoding="utf-8")
    assert import_csv(path, tmp_path / "out", tmp_path / "mapping.toml").rows_written["transactions"] == 60


def test_each_file_of_a_folder_and_each_sheet_of_a_workbook_gets_its_blocks(tmp_path: Path) -> None:
    folder = tmp_path / "export"
    folder.mkdir()
    write(folder, "ledger.csv", LEDGER, ledger())
    workbook = Workbook()
    workbook.active.title = "Accounts"
    workbook.active.append(["Aged trial balance"])
    workbook.active.append(["Account Number", "Guarantor", "Admit Date", "Pt Class"])
    for n in range(40):
        workbook.active.append([f"{n:05}", f"G{n}", "2026-01-05", ("Inpatient", "Emergency")[n % 2]])
    workbook.create_sheet("Empty")
    workbook.save(folder / "accounts.xlsx")
    draft = suggest_mapping(folder)
    drafted = blocks(draft)
    (accounts,) = drafted["accounts"]
    assert (accounts["file"], accounts["sheet"], accounts["header_row"]) == ("accounts.xlsx", "Accounts", 2)
    assert {block["file"] for block in drafted["transactions"]} == {"ledger.csv"}
    (tmp_path / "mapping.toml").write_text(draft, encoding="utf-8")
    report = import_csv(folder, tmp_path / "out", tmp_path / "mapping.toml")
    assert report.rows_written == {"accounts": 40, "transactions": 60}
    with load_extract(tmp_path / "out") as extract:
        classes = extract.connection.execute("SELECT DISTINCT patient_class FROM accounts ORDER BY 1").fetchall()
    assert classes == [("emergency",), ("inpatient",)]


@pytest.mark.parametrize("content", [b"", b"00123,2026-01-05,12.50\n00124,2026-01-06,1.00\n", b"a,a\n1,2\n", b"a,,b\n"])
def test_a_file_without_a_header_is_refused_without_showing_its_first_line(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "ledger.csv").write_bytes(content)
    with pytest.raises(ExtractRefusedError, match=r"^ledger\.csv: ") as refused:
        suggest_mapping(tmp_path / "ledger.csv")
    assert "00123" not in str(refused.value)


def test_a_source_without_tables_is_wrong_usage(tmp_path: Path) -> None:
    with pytest.raises(WrongUsageError, match="has no table"):
        suggest_mapping(tmp_path)
    with pytest.raises(WrongUsageError, match="no such file or folder"):
        suggest_mapping(tmp_path / "none.csv")


def test_names_with_line_ends_and_quotes_are_written_as_valid_toml(tmp_path: Path) -> None:
    header = '"Acct ""No""",\'Guar\',"Open\nDate","\nOld\tNotes","Adm\r\nDt"\n'
    rows = "".join(f"{n},G{n},2026-01-05,x,2026-01-{n % 28 + 1}\n" for n in range(30))
    (tmp_path / "odd.csv").write_bytes((header + rows).encode())
    draft = suggest_mapping(tmp_path / "odd.csv")
    (accounts,) = blocks(draft)["accounts"]
    assert (accounts["account_id"], accounts["opened_on"]) == ('Acct "No"', "Open\nDate")
    assert "not used: Old Notes, Adm Dt" in draft
    (tmp_path / "mapping.toml").write_text(draft)
    assert import_csv(tmp_path / "odd.csv", tmp_path / "out", tmp_path / "mapping.toml").rows_written == {
        "accounts": 30
    }


def test_the_same_source_gives_the_same_draft(tmp_path: Path) -> None:
    path = write(tmp_path, "ledger.csv", LEDGER, ledger())
    assert suggest_mapping(path) == suggest_mapping(path)


@pytest.mark.data
def test_real_invoices_are_drafted_like_the_experiments_mapping(real_data: Path, tmp_path: Path) -> None:
    (tmp_path / "mapping.toml").write_text(suggest_mapping(real_data / "invoices"), encoding="utf-8")
    by_hand = import_csv(real_data / "invoices", tmp_path / "hand", EXPERIMENTS / "late_invoices" / "mapping.toml")
    drafted = import_csv(real_data / "invoices", tmp_path / "draft", tmp_path / "mapping.toml")
    assert drafted.rows_written == by_hand.rows_written
    for name in ("accounts.parquet", "transactions.parquet"):
        assert (tmp_path / "draft" / name).read_bytes() == (tmp_path / "hand" / name).read_bytes()


@pytest.mark.data
def test_the_real_reviews_are_drafted_with_the_same_denials_and_outcomes(real_data: Path, tmp_path: Path) -> None:
    (tmp_path / "mapping.toml").write_text(suggest_mapping(real_data / "imr"), encoding="utf-8")
    by_hand = import_csv(real_data / "imr", tmp_path / "hand", EXPERIMENTS / "denial_overturn_imr" / "mapping.toml")
    drafted = import_csv(real_data / "imr", tmp_path / "draft", tmp_path / "mapping.toml")
    assert drafted.rows_written == by_hand.rows_written
    assert drafted.as_of == by_hand.as_of
    columns = "denial_id, denied_on, filed_on, decided_on, outcome"
    query = f"SELECT {columns} FROM denials JOIN appeals USING (denial_id) ORDER BY denial_id"
    with load_extract(tmp_path / "hand") as hand, load_extract(tmp_path / "draft") as draft:
        assert draft.connection.execute(query).fetchall() == hand.connection.execute(query).fetchall()


@pytest.mark.data
@pytest.mark.parametrize("name", ["synthea", "epic_ehi"])
def test_a_draft_of_real_tables_is_valid_and_names_no_person(real_data: Path, tmp_path: Path, name: str) -> None:
    draft = suggest_mapping(real_data / name)
    (tmp_path / "mapping.toml").write_text(draft, encoding="utf-8")
    assert read_mapping(tmp_path / "mapping.toml").blocks
    for line in draft.splitlines():
        assert not re.search(r"\d{4}-\d{2}-\d{2}|\d{3}-\d{2}-\d{4}|[0-9a-f]{8}-[0-9a-f]{4}", line), line

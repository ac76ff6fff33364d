"""Drafts, and messages about files without a header, contain no word that could be a patient's."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook

from payrank.extracts.errors import ExtractRefusedError, WrongUsageError
from payrank.extracts.readers.mapped.column_words import OUTCOMES, PATIENT_CLASSES, find_kind, find_outcome
from payrank.extracts.readers.mapped.header_words import looks_like_data
from payrank.extracts.readers.mapped.import_csv import import_csv
from payrank.extracts.readers.mapped.suggest.suggest_mapping import suggest_mapping

LEDGER = "Tx ID,Acct No,Post Date,Tx Type,Amt\n"
NAMES = "".join(f"DOE,JANE{n},CA\n" for n in range(60))


@pytest.mark.parametrize(
    "level",
    ["Payment from Robert Smith", "Adjustment HIV positive", "Charge Lovelace", "Refund - O'Hara", "Pmt Müller"],
)
def test_a_common_type_with_a_word_that_is_no_billing_term_is_not_shown(tmp_path: Path, level: str) -> None:
    kinds = ("Charge", "Contractual Adjustment", "Insurance Payment", level)
    rows = "".join(f"T{n},{n % 90:05},2026-01-05,{kinds[n % 4]},{n}.00\n" for n in range(600))
    (tmp_path / "ledger.csv").write_text(LEDGER + rows)
    draft = suggest_mapping(tmp_path / "ledger.csv")
    assert [block["kind"] for block in tomllib.loads(draft)["transactions"]] == [
        "'charge'",
        "'contractual_adjustment'",
        "'insurance_payment'",
    ]
    assert "Tx Type has 1 more values that do not name a known kind" in draft
    assert not re.search("Smith|HIV|Lovelace|Hara|ller", draft)


def test_outcomes_and_classes_that_name_a_person_or_a_disease_are_a_question(tmp_path: Path) -> None:
    outcomes = ("paid by Mary Miller", "Denied cancer")
    rows = "".join(f"D{n},C{n},2026-01-05,197,{outcomes[n % 2]}\n" for n in range(60))
    (tmp_path / "denials.csv").write_text("Denial ID,Claim,Denial Date,CARC,Outcome\n" + rows)
    draft = suggest_mapping(tmp_path / "denials.csv")
    assert "outcome: what do the values of Outcome mean?" in draft
    assert not re.search("Miller|cancer", draft)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Bad Debt Write-Off", "bad_debt_write_off"),
        ("MEDICARE PAYMENT - ELECTRONIC REMIT", "insurance_payment"),
        ("Patient Pmt (Credit Card)", "patient_payment"),
        ("Small Balance W/O Adj", "small_balance_write_off"),
        ("PAYMENT GRACE HOPPER", None),
    ],
)
def test_common_billing_wordings_are_understood(text: str, kind: str | None) -> None:
    assert find_kind(text) == kind


def test_recognized_words_may_be_shown() -> None:
    assert find_outcome("Overturned Decision of Health Plan") == "overturned"
    assert {meaning for _, meaning in (*OUTCOMES, *PATIENT_CLASSES)} >= {"upheld", "withdrawn", "clinic"}


@pytest.mark.parametrize(
    "text",
    [
        "SMITH,JOHN,CA\n" + NAMES,
        "SMITH,JOHN,CA\n",
        "LANG,PAT,CA\n" + NAMES,
        "SMITH;T0000;Charge\n" + "".join(f"DOE;T{n:04};Payment\n" for n in range(60)),
        'T0000,5-Jan-26,"Smith, Ada",Charge\n'
        + "".join(f'T{n:04},6-Jan-26,"Doe, Jane",Payment\n' for n in range(1, 60)),
    ],
)
def test_a_first_line_that_is_a_row_is_not_shown_as_names(tmp_path: Path, text: str) -> None:
    (tmp_path / "x.csv").write_text(text)
    with pytest.raises(ExtractRefusedError, match=r"^x\.csv: the first line looks like a row") as refused:
        suggest_mapping(tmp_path / "x.csv")
    assert not re.search("SMITH|JOHN|LANG|PAT|Smith|T0000|Jan", str(refused.value))


def test_a_sheet_whose_first_row_is_a_row_is_not_shown(tmp_path: Path) -> None:
    workbook = Workbook()
    for n in range(40):
        workbook.active.append(["SMITH" if n == 0 else "DOE", "JOHN", "CA"])
    workbook.save(tmp_path / "x.xlsx")
    with pytest.raises(ExtractRefusedError, match="the first line looks like a row") as refused:
        suggest_mapping(tmp_path / "x.xlsx")
    assert "SMITH" not in str(refused.value)


@pytest.mark.parametrize(
    ("names", "rows"),
    [
        (["Konto", "Betrag"], [["00123", "12,50"]] * 9),
        (["ACCT", "TYPE", "STATUS"], [["A1", "CHARGE", "OPEN"]] * 9),
        (["DX1", "DX2", "CLAIM", "AMT"], [["E11", "I10", "C1", "5"]] * 9),
        (["Account", "Charge"], [["A1", "Charge"]] * 9),
        (["Name", "City"], [["Ada", "London"]] * 9 + [["Name", "City"]]),
        (["Account", "Open Date"], []),
    ],
)
def test_column_names_are_recognized_as_names(names: list[str], rows: Any) -> None:
    assert not looks_like_data(names, rows)


@pytest.mark.parametrize(
    "mapping",
    [
        '[[accounts]]\naccount_id = "Acct"\nguarantor_id = "G"\nopened_on = "O"\n',
        '[[accounts]]\naccount_id = "\'a\'"\nguarantor_id = "upper(Guar)"\nopened_on = "O"\n',
        '[lookups.p]\nfile = "x.csv"\nkey = "Key"\nby = "By"\n[[accounts]]\nlookups = ["p"]\n'
        'account_id = "Acct"\nguarantor_id = "G"\nopened_on = "O"\n',
        '[files."x.csv"]\namount = { column = "Amt", total = "1" }\n'
        '[[accounts]]\naccount_id = "Acct"\nguarantor_id = "G"\nopened_on = "O"\n',
    ],
)
def test_no_message_of_an_import_shows_the_first_line_of_a_file_without_a_header(tmp_path: Path, mapping: str) -> None:
    (tmp_path / "x.csv").write_text("SMITH,JOHN,CA\n" + NAMES)
    (tmp_path / "mapping.toml").write_text(mapping)
    with pytest.raises(WrongUsageError, match="Its first line looks like a row") as wrong:
        import_csv(tmp_path / "x.csv", tmp_path / "out", tmp_path / "mapping.toml")
    assert not re.search("SMITH|JOHN|CA,|DOE", str(wrong.value))

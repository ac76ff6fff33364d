"""A draft tolerates unreadable cells up to 1%, the share that an import quarantines."""

from __future__ import annotations

import tomllib
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook

from payrank.extracts.load.load_extract import load_extract
from payrank.extracts.readers.mapped.import_csv import import_csv
from payrank.extracts.readers.mapped.suggest.suggest_mapping import suggest_mapping

NAMES = ["Tx ID", "Acct No", "Post Date", "Tx Type", "Amt"]


def ledger(number: int = 400) -> list[list[Any]]:
    return [[f"T{n}", f"{n % 40:05}", "2026-01-13", ("Charge", "Adjustment")[n % 2], n + 0.5] for n in range(number)]


def write_csv(path: Path, rows: list[Any]) -> Path:
    path.write_text("".join(",".join(map(str, row)) + "\n" for row in [NAMES, *rows]), encoding="utf-8")
    return path


def test_a_formula_and_a_three_decimal_amount_in_400_rows_are_counted_in_the_draft(tmp_path: Path) -> None:
    rows = ledger()
    rows[7][4], rows[9][4] = "=A1+1", 12.345
    workbook = Workbook()
    for row in [NAMES, *rows]:
        workbook.active.append(row)
    workbook.save(tmp_path / "ar.xlsx")
    draft = suggest_mapping(tmp_path / "ar.xlsx")
    assert [block["kind"] for block in tomllib.loads(draft)["transactions"]] == ["'other_adjustment'", "'charge'"]
    assert "; 2 cells of 400 cannot be read this way, and the import quarantines their rows (up to 1%)" in draft


def test_a_column_with_over_one_percent_unreadable_amounts_is_not_money(tmp_path: Path) -> None:
    rows = ledger()
    for row in rows[:5]:
        row[4] = "12.345"
    draft = suggest_mapping(write_csv(tmp_path / "ledger.csv", rows))
    assert "transactions" not in tomllib.loads(draft)
    assert "cannot be read this way" not in draft


def test_a_few_unreadable_dates_are_allowed_and_an_exact_format_is_preferred(tmp_path: Path) -> None:
    rows = [[*row[:2], "01/05/2026", *row[3:]] for row in ledger()]
    rows[3][2] = "01/13/2026"  # m/d/y fits all of them, d/m/y all but one
    draft = suggest_mapping(write_csv(tmp_path / "ledger.csv", rows))
    assert {block["posted_on"] for block in tomllib.loads(draft)["transactions"]} == {"day(\"Post Date\", 'm/d/y')"}
    assert "cannot be read this way" not in draft
    rows[4][2] = "n/a"
    assert "which is right, m/d/y or d/m/y?" in suggest_mapping(write_csv(tmp_path / "ledger.csv", rows))
    for row in rows[20:60]:
        row[2] = "01/14/2026"
    draft = suggest_mapping(write_csv(tmp_path / "ledger.csv", rows))
    assert "every value fits only m/d/y; 1 cell of 400 cannot be read this way" in draft


@pytest.mark.parametrize(("number", "amount"), [(60, "1.2{:02},50"), (60, "({}.000,25)")])
def test_amounts_with_a_decimal_comma_are_drafted_so_that_they_import(tmp_path: Path, number: int, amount: str) -> None:
    folder = tmp_path / "eu"
    folder.mkdir()
    rows = "".join(f"T{n};A{n};{n % 28 + 1:02}.01.2026;Charge;{amount.format(n)}\n" for n in range(number))
    (folder / "ledger.csv").write_text("Tx ID;Acct;Post Date;Tx Type;Amt\n" + rows, encoding="utf-8")
    accounts = "".join(f"A{n};G{n};15.01.2026\n" for n in range(number))
    (folder / "accounts.csv").write_text("Acct;Guarantor;Open Date\n" + accounts, encoding="utf-8")
    draft = suggest_mapping(folder)
    assert tomllib.loads(draft)["csv"]["decimal"] == ","
    (tmp_path / "mapping.toml").write_text(draft, encoding="utf-8")
    assert import_csv(folder, tmp_path / "out", tmp_path / "mapping.toml").rows_quarantined == 0
    with load_extract(tmp_path / "out") as extract:
        (first,) = extract.connection.execute("SELECT min(abs(amount)) FROM transactions").fetchall()
    assert first[0] in {Decimal("1200.50"), Decimal("0.25")}

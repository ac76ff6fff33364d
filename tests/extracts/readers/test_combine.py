"""Combining extracts: nothing is counted twice, and nothing is lost."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from payrank.extracts.errors import ExtractRefusedError
from payrank.extracts.load.load_extract import load_extract
from payrank.extracts.readers.combine import KNOWN, OTHER_LEDGER, SAME_DENIAL, combine_extracts
from tests.extracts.conftest import ExtractWriter

LEDGER = "transaction_id,account_id,posted_on,kind,amount,responsibility\n"
ACCOUNTS = "account_id,guarantor_id,opened_on\n"
DENIALS = "denial_id,account_id,claim_id,denied_on,denied_amount,group_code,carc,rarc\n"


@pytest.fixture
def hospital_and_remits(write_extract: ExtractWriter) -> tuple[Any, Any]:
    hospital = write_extract(
        {
            "accounts.csv": ACCOUNTS + "001,G1,2026-01-05\n002,G2,2026-01-06\n",
            "transactions.csv": LEDGER + "T1,001,2026-01-05,charge,100.00,insurance\n"
            "T2,001,2026-02-05,insurance_payment,-80.00,insurance\n",
            "denials.csv": DENIALS + "D1,001,C1,2026-02-05,20.00,CO,197,\n",
        },
        'source_system = "ledger"\nas_of = 2026-03-01\n',
        folder="hospital",
    )
    remits = write_extract(
        {
            "accounts.csv": ACCOUNTS + "001,P9,2026-01-05\n003,P3,2026-01-07\n",
            "transactions.csv": LEDGER + "R1,001,2026-02-05,insurance_payment,-80.00,insurance\n"
            "R2,003,2026-02-06,insurance_payment,-30.00,insurance\n",
            "denials.csv": DENIALS
            + "R-D1,001,ICN9,2026-02-05,20.00,CO,197,\nR-D2,002,ICN8,2026-02-06,55.00,CO,16,M51\n",
        },
        'source_system = "x12"\nas_of = 2026-02-20\n',
        folder="remits",
    )
    return hospital, remits


def test_a_remittance_adds_denials_and_accounts_but_no_payment_that_the_ledger_has(
    hospital_and_remits: tuple[Any, Any], tmp_path: Path
) -> None:
    report = combine_extracts(hospital_and_remits, tmp_path / "out")
    with load_extract(tmp_path / "out") as extract:
        ask = extract.connection.execute
        assert ask("SELECT transaction_id FROM transactions ORDER BY 1").fetchall() == [("R2",), ("T1",), ("T2",)]
        assert ask("SELECT denial_id FROM denials ORDER BY 1").fetchall() == [("D1",), ("R-D2",)]
        assert ask("SELECT guarantor_id FROM accounts ORDER BY account_id").fetchall() == [("G1",), ("G2",), ("P3",)]
        assert extract.metadata.as_of == date(2026, 3, 1)
        assert extract.metadata.source_system == "ledger + x12"
    aside = {file.name: dict(file.skipped) for file in report.files}
    assert aside["remits/transactions.csv"] == {OTHER_LEDGER: 1}
    assert aside["remits/denials.csv"] == {SAME_DENIAL: 1}
    assert aside["remits/accounts.csv"] == {KNOWN: 1}


def test_every_row_of_every_extract_is_loaded_or_skipped(hospital_and_remits: tuple[Any, Any], tmp_path: Path) -> None:
    combine_extracts(hospital_and_remits, tmp_path / "out")
    report = json.loads((tmp_path / "out" / "import_report.json").read_text())
    assert len(report["files"]) == 6
    for file in report["files"]:
        assert file["records"] == 2 - (file["name"] == "hospital/denials.csv")
        parts = file["loaded"] + file["reference"] + sum(file["skipped"].values()) + file["quarantined"]
        assert file["records"] == parts


def test_the_same_extract_twice_gives_its_own_rows_once(hospital_and_remits: tuple[Any, Any], tmp_path: Path) -> None:
    hospital, _ = hospital_and_remits
    combine_extracts([hospital, hospital], tmp_path / "twice")
    combine_extracts([hospital], tmp_path / "once")
    for name in ("accounts", "transactions", "denials"):
        once = (tmp_path / "once" / f"{name}.parquet").read_bytes()
        assert (tmp_path / "twice" / f"{name}.parquet").read_bytes() == once


def test_rows_quarantined_in_the_parts_are_listed_again(
    hospital_and_remits: tuple[Any, Any], write_extract: ExtractWriter, tmp_path: Path
) -> None:
    hospital, _ = hospital_and_remits
    many = "".join(f"T{n},{n},2026-01-05,charge,1.00,patient\n" for n in range(200))
    other = write_extract(
        {
            "transactions.csv": LEDGER + many + "X,9,2026-01-05,charge,12.345,patient\n",
            "accounts.csv": ACCOUNTS + "9,G,2026-01-01\n",
        },
        folder="other",
    )
    report = combine_extracts([hospital, other], tmp_path / "out")
    assert report.rows_quarantined == 1
    assert "transactions,,,money,other/transactions.csv,202" in (tmp_path / "out" / "import_quarantine.csv").read_text()


def test_an_attribute_of_two_kinds_is_refused_by_name(write_extract: ExtractWriter, tmp_path: Path) -> None:
    first, two = (
        write_extract(
            {"accounts.csv": "account_id,guarantor_id,opened_on,clinic\n1,G,2026-01-05,3\n"},
            f'[attributes.accounts]\nclinic = "{kind}"\n',
            folder=kind,
        )
        for kind in ("category", "number")
    )
    with pytest.raises(
        ExtractRefusedError, match="attribute clinic of accounts is declared as category in one extract"
    ):
        combine_extracts([first, two], tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.fixture
def write_system(write_extract: ExtractWriter) -> Callable[..., Any]:
    """Write a small extract of a system: accounts 001 and 002, a ledger and denials as given."""

    def write(folder: Path, system: str, ledger: str = "", denials: str = "", as_of: str = "2026-03-01") -> Any:
        files = {"accounts.csv": ACCOUNTS + "001,G1,2026-01-05\n002,G2,2026-01-06\n"}
        files |= {"transactions.csv": LEDGER + ledger} if ledger else {}
        files |= {"denials.csv": DENIALS + denials} if denials else {}
        named = f'source_system = "{system}"\n' if system else ""
        return write_extract(files, f"{named}as_of = {as_of}\n", folder=folder)

    return write


def ids(out: Path, table: str = "transactions", key: str = "transaction_id") -> list[Any]:
    with load_extract(out) as extract:
        return [name for (name,) in extract.connection.execute(f"SELECT {key} FROM {table} ORDER BY 1").fetchall()]


NOVEMBER = "X1,001,2026-01-05,insurance_payment,-80.00,insurance\n"
DECEMBER = NOVEMBER + "X2,001,2026-02-05,insurance_payment,-40.00,insurance\n"


def test_two_months_of_one_system_add_up_by_their_keys(write_system: Callable[..., Any], tmp_path: Path) -> None:
    months = write_system("november", "x12", NOVEMBER), write_system("december", "x12", DECEMBER)
    report = combine_extracts(months, tmp_path / "out")
    assert ids(tmp_path / "out") == ["X1", "X2"]
    (december,) = [file for file in report.files if file.name == "december/transactions.csv"]
    assert (december.loaded, dict(december.skipped)) == (1, {KNOWN: 1})


def test_a_later_month_adds_only_to_ledgers_of_its_own_system(write_system: Callable[..., Any], tmp_path: Path) -> None:
    ledger = write_system("ledger", "ar", "T1,002,2026-01-05,charge,50.00,insurance\n")
    december = DECEMBER + "X3,002,2026-02-05,insurance_payment,-50.00,insurance\n"
    months = write_system("november", "x12", NOVEMBER), write_system("december", "x12", december)
    report = combine_extracts([ledger, *months], tmp_path / "out")
    assert ids(tmp_path / "out") == ["T1", "X1", "X2"]
    assert dict(report.files[-1].skipped) == {KNOWN: 1, OTHER_LEDGER: 1}


def test_a_month_skipped_because_the_first_extract_is_combined_gets_a_notice(
    write_system: Callable[..., Any], tmp_path: Path
) -> None:
    parts = write_system("both", "ar + x12", NOVEMBER), write_system("december", "x12", DECEMBER)
    report = combine_extracts(parts, tmp_path / "out")
    assert any("december: 1 transaction skipped" in notice for notice in report.notices)


def test_two_extracts_without_a_system_name_are_two_systems(write_system: Callable[..., Any], tmp_path: Path) -> None:
    report = combine_extracts([write_system("one", "", NOVEMBER), write_system("two", "", DECEMBER)], tmp_path / "out")
    assert ids(tmp_path / "out") == ["X1"]
    assert report.source_system is None


def test_an_unnamed_first_system_keeps_its_position_in_the_name(
    write_system: Callable[..., Any], tmp_path: Path
) -> None:
    parts = write_system("one", "", NOVEMBER), write_system("two", "x12", DECEMBER)
    assert combine_extracts(parts, tmp_path / "out").source_system == "unnamed + x12"


def test_rows_dated_after_the_first_extracts_as_of_date_are_counted_in_a_notice(
    write_system: Callable[..., Any], tmp_path: Path
) -> None:
    parts = write_system("one", "x12", NOVEMBER, as_of="2026-02-05"), write_system("two", "x12", DECEMBER)
    notices = combine_extracts(parts, tmp_path / "out").notices
    assert any(notice.startswith("two: 1 row dated on or after the first extract's as-of date") for notice in notices)
    notices = combine_extracts(parts[::-1], tmp_path / "again").notices
    assert not any("as-of day of the first" in notice for notice in notices)


HELD = "D1,001,C1,2026-02-05,100.00,CO,197,\n"


def denied(*names: Any, claim: str = "C9", day: str = "2026-02-05") -> str:
    return "".join(f"{name},001,{claim},{day},100.00,CO,197,\n" for name in names)


def test_only_as_many_identical_denials_match_as_the_ledger_has(
    write_system: Callable[..., Any], tmp_path: Path
) -> None:
    parts = write_system("ar", "ar", denials=HELD), write_system("remit", "x12", denials=denied("R1", "R2"))
    report = combine_extracts(parts, tmp_path / "out")
    assert ids(tmp_path / "out", "denials", "denial_id") == ["D1", "R2"]
    assert dict(report.files[-1].skipped) == {SAME_DENIAL: 1}


def test_denials_with_the_same_claim_id_match_first(write_system: Callable[..., Any], tmp_path: Path) -> None:
    remit = denied("R1") + denied("R2", claim="C1")
    combine_extracts([write_system("ar", "ar", denials=HELD), write_system("r", "x12", denials=remit)], tmp_path / "o")
    assert ids(tmp_path / "o", "denials", "denial_id") == ["D1", "R1"]


def test_a_matched_denial_matches_again_and_uses_up_no_other(write_system: Callable[..., Any], tmp_path: Path) -> None:
    parts = [
        write_system("ar", "ar", denials=HELD),
        write_system("november", "x12", denials=denied("R1")),
        write_system("december", "x12", denials=denied("R2", "R1")),
    ]
    combine_extracts(parts, tmp_path / "out")
    assert ids(tmp_path / "out", "denials", "denial_id") == ["D1", "R2"]


def test_within_one_system_denials_are_identified_by_id(write_system: Callable[..., Any], tmp_path: Path) -> None:
    parts = write_system("one", "x12", denials=denied("R1")), write_system("two", "x12", denials=denied("R1", "R2"))
    combine_extracts(parts, tmp_path / "out")
    assert ids(tmp_path / "out", "denials", "denial_id") == ["R1", "R2"]


@pytest.mark.parametrize(("day", "message"), [("2026-02-10", True), ("2026-02-11", False), ("2026-01-31", True)])
def test_denials_that_differ_by_a_few_days_are_kept_and_counted(
    write_system: Callable[..., Any], tmp_path: Path, day: str, message: bool
) -> None:
    parts = write_system("ar", "ar", denials=HELD), write_system("remit", "x12", denials=denied("R1", day=day))
    report = combine_extracts(parts, tmp_path / "out")
    assert ids(tmp_path / "out", "denials", "denial_id") == ["D1", "R1"]
    assert (
        any("1 denial added that may duplicate another system's denials" in notice for notice in report.notices)
        == message
    )

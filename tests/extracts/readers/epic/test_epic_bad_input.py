"""Faults in an Epic export are named by file, line, column, and rule, never corrected, and never shown."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from payrank.extracts.errors import ExtractRefusedError
from payrank.extracts.readers.session.report import ImportReport
from tests.extracts.readers.epic.test_epic_folders import HAR, HTR, Tables, fetch_rows, read_epic, texts, write_tables
from tests.extracts.readers.epic.test_epic_professional import action, charge, credit, match, professional

MANY = 250
"""Enough records for one broken record to stay below the 1% quarantine limit."""


def settle(count: int) -> tuple[list[dict[str, str]], list[dict[str, str]]]:
    """Return one payment for each charge, with its match."""
    paid = [credit(f"{6000 + number}", "-100") for number in range(count)]
    return paid, [match(f"{6000 + number}", f"{5000 + number}", "100") for number in range(count)]


def quarantined(report: ImportReport) -> list[tuple[str, str, str, int]]:
    with (report.folder / "import_quarantine.csv").open(encoding="utf-8", newline="") as file:
        return [
            (row["source_file"], row["column_name"], row["rule"], int(row["source_line"]))
            for row in csv.DictReader(file)
        ]


def untied(report: ImportReport) -> set[str]:
    with (report.folder / "import_unreconciled.csv").open(encoding="utf-8", newline="") as file:
        return {row["account_id"] for row in csv.DictReader(file)}


def assert_nothing_shown(report: ImportReport, *values: str) -> None:
    """Neither the notices nor the written report contain a value or an ID of a row."""
    shown = json.dumps(
        [report.notices, json.loads((report.folder / "import_report.json").read_text("utf-8"))["notices"]]
    )
    assert not any(value in shown for value in values)


BROKEN_CHARGES: tuple[tuple[dict[str, str], str, str], ...] = (
    ({"POST_DATE": "2024-02-30 00:00:00"}, "posted_on", "date"),
    ({"POST_DATE": "2024-01-03 14:05:00"}, "posted_on", "date"),
    ({"POST_DATE": ""}, "posted_on", "required"),
    ({"AMOUNT": "12.345"}, "amount", "money"),
    ({"AMOUNT": "$100.00"}, "amount", "money"),
    ({"AMOUNT": ""}, "amount", "required"),
    ({"VOID_DATE": "soon"}, "effective_on", "date"),
    ({"TX_TYPE_C_NAME": "Something else"}, "kind", "level"),
)


def test_broken_charges_are_quarantined_with_their_dependent_records(tmp_path: Path) -> None:
    many = 500
    charges = [charge(f"{5000 + number}", HOSP_ACCT_ID=f"{80000 + number}") for number in range(many)]
    for entry, (broken, _, _) in zip(charges, BROKEN_CHARGES, strict=False):
        entry.update(broken)
    paid, matches = settle(many)
    actions = [action("5000", "1", ("100", "100"), ("100", "90"), "2024-02-01")]
    report = read_epic(tmp_path, professional([*charges, *paid], matches, ARPB_TX_ACTIONS=actions))
    assert sorted(quarantined(report), key=lambda row: row[3]) == [
        ("ARPB_TRANSACTIONS.tsv", column, rule, line) for line, (_, column, rule) in enumerate(BROKEN_CHARGES, start=2)
    ]
    files = {file.name: file for file in report.files}
    assert files["ARPB_TRANSACTIONS.tsv"].quarantined == len(BROKEN_CHARGES)
    assert files["ARPB_TX_MATCH_HX.tsv"].skipped == {"transaction is quarantined": len(BROKEN_CHARGES)}
    assert files["ARPB_TX_ACTIONS.tsv"].skipped == {"transaction is quarantined": 1}
    # Their payments are no longer matched to the visits, so they stay where they were posted and do not reconcile.
    query = "SELECT account_id, count(*), sum(amount) FROM transactions WHERE account_id = '70000' GROUP BY 1"
    assert texts(fetch_rows(report, query)) == [("70000", "8", "-800.00")]
    assert "70000" in untied(report)
    assert_nothing_shown(report, "5000", "12.345", "14:05", "Something else", "soon")


def test_over_one_percent_broken_is_refused_by_file_line_column_and_rule(tmp_path: Path) -> None:
    with pytest.raises(
        ExtractRefusedError, match=r"money in amount 1 times in HSP_TRANSACTIONS\.tsv, first in line 2"
    ) as caught:
        read_epic(tmp_path, {"HSP_ACCOUNT": [HAR], "HSP_TRANSACTIONS": [{**HTR, "TX_AMOUNT": "12.345"}]})
    assert "12.345" not in str(caught.value)
    assert not (tmp_path / "extract").exists()


def test_a_broken_hospital_entry_is_quarantined_and_its_account_listed(tmp_path: Path) -> None:
    accounts = [{**HAR, "HSP_ACCOUNT_ID": f"{700000 + number}"} for number in range(MANY)]
    entries = [{**HTR, "TX_ID": f"{1000 + n}", "HSP_ACCOUNT_ID": f"{700000 + n}"} for n in range(MANY)]
    entries[41]["TX_POST_DATE"] = "2024-13-01 00:00:00"
    report = read_epic(tmp_path, {"HSP_ACCOUNT": accounts, "HSP_TRANSACTIONS": entries})
    assert quarantined(report) == [("HSP_TRANSACTIONS.tsv", "posted_on", "date", 43)]
    assert untied(report) == {"700041"}
    assert_nothing_shown(report, "700041", "2024-13")


BROKEN_MATCHES: tuple[tuple[dict[str, str], str, str], ...] = (
    ({"MTCH_TX_HX_AMT": "12.345"}, "amount", "money"),
    ({"MTCH_TX_HX_INS_AMT": "1,00"}, "amount", "money"),
    ({"MTCH_TX_HX_DT": "2024-02-31"}, "posted_on", "date"),
    ({"MTCH_TX_HX_UN_DT": "later"}, "effective_on", "date"),
)


def test_broken_matches_are_quarantined_and_their_credits_stay_undistributed(tmp_path: Path) -> None:
    many = 401
    paid, matches = settle(many)
    for entry, (broken, _, _) in zip(matches, BROKEN_MATCHES, strict=False):
        entry.update(broken)
    charges = [charge(f"{5000 + number}", HOSP_ACCT_ID=f"{80000 + number}") for number in range(many)]
    report = read_epic(tmp_path, professional([*charges, *paid], matches))
    assert sorted(quarantined(report), key=lambda row: row[3]) == [
        ("ARPB_TX_MATCH_HX.tsv", column, rule, line) for line, (_, column, rule) in enumerate(BROKEN_MATCHES, start=2)
    ]
    assert untied(report) == {"80000", "80001", "80002", "80003", "70000"}


def test_a_broken_action_is_quarantined_and_moves_nothing(tmp_path: Path) -> None:
    good = [action(f"{5000 + n}", "1", ("100", "100"), ("100", "60"), "2024-02-01") for n in range(MANY)]
    owed = {"OUTSTANDING_AMT": "100", "INSURANCE_AMT": "60", "PATIENT_AMT": "40"}
    for column, broken in (("INS_AMOUNT_AFTER", "6o"), ("POST_DATE", "02/30/2024")):
        actions = [*good[:-1], {**good[-1], column: broken}]
        folder = tmp_path / column
        folder.mkdir()
        entries = [charge(f"{5000 + n}", HOSP_ACCT_ID=f"{80000 + n}", **owed) for n in range(MANY)]
        report = read_epic(folder, professional(entries, [], ARPB_TX_ACTIONS=actions))
        ((file, _, _, line),) = quarantined(report)
        assert (file, line) == ("ARPB_TX_ACTIONS.tsv", MANY + 1)
        assert len(untied(report)) == 0
        assert any("on the ledger's last day" in notice for notice in report.notices)


def test_a_match_with_a_missing_transaction_is_skipped_and_counted(tmp_path: Path) -> None:
    entries = [charge(OUTSTANDING_AMT="0"), credit("6001", "-60")]
    matches = [match("6001", "5001", "60"), match("5001", "999999999", "40", LINE="2")]
    report = read_epic(tmp_path, professional(entries, matches))
    (file,) = [file for file in report.files if file.name == "ARPB_TX_MATCH_HX.tsv"]
    assert file.skipped == {"without its transaction in ARPB_TRANSACTIONS": 1}
    assert any(text.startswith("1 record of ARPB_TX_MATCH_HX without its transaction") for text in report.notices)
    assert untied(report) == {"80001"}
    assert_nothing_shown(report, "999999999")


def test_a_void_of_a_missing_charge_is_skipped_and_counted(tmp_path: Path) -> None:
    void = [{"TX_ID": "999999999", "DEL_REVERSE_DATE": "2024-03-01 00:00:00"}]
    entries = [charge(OUTSTANDING_AMT="100", INSURANCE_AMT="100")]
    report = read_epic(tmp_path, professional(entries, [], ARPB_TX_VOID=void))
    (file,) = [file for file in report.files if file.name == "ARPB_TX_VOID.tsv"]
    assert file.skipped == {"without its transaction in ARPB_TRANSACTIONS": 1}
    assert any(text.startswith("1 record of ARPB_TX_VOID") for text in report.notices)
    assert_nothing_shown(report, "999999999")


def test_a_balance_that_does_not_reconcile_is_counted_and_listed_in_a_private_file(tmp_path: Path) -> None:
    report = read_epic(tmp_path, {"HSP_ACCOUNT": [{**HAR, "SBO_TOT_BALANCE": "401.17"}], "HSP_TRANSACTIONS": [HTR]})
    assert report.reconciliation is not None
    assert (report.reconciliation.stated, report.reconciliation.mismatched) == (1, 1)
    listed = report.folder / "import_unreconciled.csv"
    assert listed.read_text("utf-8").splitlines() == [
        "account_id,responsibility,stated,ledger",
        "700001,,401.17,400.00",
    ]
    assert listed.stat().st_mode & 0o077 == 0
    assert_nothing_shown(report, "401.17", "700001")


def test_ids_are_unchanged_next_to_nulls_and_with_leading_zeros(tmp_path: Path) -> None:
    long, zeros = "12345678901234567", "00123"
    entries = [
        charge(long, HOSP_ACCT_ID="", ACCOUNT_ID=long, VISIT_NUMBER=zeros),
        charge("5002", HOSP_ACCT_ID=zeros, ACCOUNT_ID=zeros, ORIGINAL_EPM_ID="12345678901234568"),
        charge("5003", HOSP_ACCT_ID="123", ORIGINAL_EPM_ID=""),
        credit("6001", "-100"),
    ]
    report = read_epic(tmp_path, professional(entries, [match("6001", long, "100")]))
    query = "SELECT account_id, guarantor_id FROM accounts ORDER BY 1"
    assert fetch_rows(report, query) == [("00123", "00123"), ("123", "51"), (f"PB-{long}-{zeros}", long)]
    assert (f"PB{long}",) in fetch_rows(report, "SELECT transaction_id FROM transactions")
    assert ("12345678901234568",) in fetch_rows(report, "SELECT payer_id FROM transactions")


def test_identical_records_count_once_and_different_records_with_one_id_are_refused(tmp_path: Path) -> None:
    report = read_epic(tmp_path, {"HSP_ACCOUNT": [HAR], "HSP_TRANSACTIONS": [HTR, HTR]})
    (file,) = [file for file in report.files if file.name == "HSP_TRANSACTIONS.tsv"]
    assert (file.loaded, file.skipped) == (1, {"duplicate record": 1})
    assert report.reconciliation is not None
    assert report.reconciliation.mismatched == 0
    other: Tables = {"HSP_ACCOUNT": [HAR], "HSP_TRANSACTIONS": [HTR, {**HTR, "TX_AMOUNT": "401"}]}
    folder = tmp_path / "differing"
    folder.mkdir()
    with pytest.raises(ExtractRefusedError, match="transaction_id"):
        read_epic(folder, other)


def test_a_truncated_file_and_a_truncated_gzip_are_refused_by_name(tmp_path: Path) -> None:
    folder = write_tables(tmp_path / "epic", {"HSP_ACCOUNT": [HAR], "HSP_TRANSACTIONS": [HTR]}, suffix=".tsv.gz")
    packed = folder / "HSP_TRANSACTIONS.tsv.gz"
    packed.write_bytes(packed.read_bytes()[:-12])
    with pytest.raises(ExtractRefusedError, match=r"HSP_TRANSACTIONS\.tsv\.gz: truncated or damaged gzip"):
        read_epic(tmp_path, {})
    packed.unlink()
    text = "\t".join(HTR) + "\n" + "\t".join(HTR.values()) + "\n" + "1002\t7000"
    (folder / "HSP_TRANSACTIONS.tsv").write_text(text, encoding="utf-8")
    with pytest.raises(ExtractRefusedError, match=r"HSP_TRANSACTIONS\.tsv: .*truncated"):
        read_epic(tmp_path, {})

"""A real Epic export, reconciled with Epic's stated balances, its statements, and sums computed without SQL."""

from __future__ import annotations

import csv
import os
import shutil
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from typing import Any

import duckdb
import pytest

from payrank.extracts.load.load_extract import load_extract
from payrank.extracts.readers.epic.import_epic import import_epic
from payrank.extracts.readers.session.report import ImportReport

pytestmark = [pytest.mark.data, pytest.mark.slow]
Rows = list[dict[str, str]]
ZERO = Decimal(0)


@pytest.fixture(scope="module")
def export() -> Path:
    data = Path(os.environ.get("PAYRANK_DATA", Path(__file__).parents[5] / "shared" / "data"))
    if not (data / "epic_ehi").is_dir():
        pytest.skip("no real data here: set PAYRANK_DATA to the folder that holds epic_ehi/")
    return data / "epic_ehi"


@pytest.fixture(scope="module")
def report(export: Path, tmp_path_factory: pytest.TempPathFactory) -> ImportReport:
    return import_epic(export, tmp_path_factory.mktemp("epic") / "extract")


def read_table(folder: Path, name: str) -> Rows:
    with (folder / f"{name}.tsv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t"))


def dollars(text: str) -> Decimal:
    return Decimal(text or "0")


def as_day(text: str) -> date:
    return date.fromisoformat(text[:10])


def fetch_rows(report: ImportReport, query: str) -> list[tuple[Any, ...]]:
    with load_extract(report.folder) as extract:
        return extract.connection.execute(query).fetchall()


def professional_kind(row: dict[str, str]) -> str:
    if row["TX_TYPE_C_NAME"] == "Charge":
        return "charge"
    if row["TX_TYPE_C_NAME"] == "Adjustment":
        assert row["ADJUSTMENT_CAT_C_NAME"] == "Contractual"
        return "contractual_adjustment"
    return "patient_payment" if row["ORIGINAL_FC_C_NAME"] == "Self-Pay" else "insurance_payment"


def hospital_kind(row: dict[str, str]) -> str:
    if row["TX_TYPE_HA_C_NAME"] == "Charge":
        return "charge"
    if row["TX_TYPE_HA_C_NAME"] == "Payment":
        return "insurance_payment" if row["PAYOR_ID"] else "patient_payment"
    assert row["ADJUSTMENT_CAT_C_NAME"] == "Contractual"
    return "contractual_adjustment"


def expected_rows(export: Path) -> Iterator[tuple[str, Decimal]]:
    """Return every expected ledger row except transfers: kind and amount, record by record."""
    for row in read_table(export, "HSP_TRANSACTIONS"):
        if row["IS_SYSTEM_ADJ_YN"] != "Y":
            yield hospital_kind(row), dollars(row["TX_AMOUNT"])
    entries = {row["TX_ID"]: row for row in read_table(export, "ARPB_TRANSACTIONS")}
    for row in entries.values():
        if row["TX_TYPE_C_NAME"] == "Charge":
            yield "charge", dollars(row["AMOUNT"])
            if row["VOID_DATE"]:
                yield "charge", -dollars(row["AMOUNT"])
    for match in read_table(export, "ARPB_TX_MATCH_HX"):
        # The charge's own record of each match. The reader uses the payment's record.
        if entries[match["TX_ID"]]["TX_TYPE_C_NAME"] == "Charge":
            kind = professional_kind(entries[match["MTCH_TX_HX_ID"]])
            yield kind, -dollars(match["MTCH_TX_HX_AMT"])
            if match["MTCH_TX_HX_UN_DT"]:
                yield kind, dollars(match["MTCH_TX_HX_AMT"])


def test_every_balance_that_epic_states_reconciles_to_the_cent(report: ImportReport) -> None:
    assert report.reconciliation is not None
    assert (report.reconciliation.mismatched, report.reconciliation.unstated) == (0, 0)
    stated = fetch_rows(report, "SELECT account_id, count(*) FROM stated_balances GROUP BY 1 ORDER BY 1")
    ledger = fetch_rows(report, "SELECT DISTINCT account_id FROM transactions ORDER BY 1")
    assert [account for account, _ in stated] == [account for (account,) in ledger]
    assert {parts for _, parts in stated} == {3}
    assert report.rows_quarantined == 0


def test_rows_and_dollars_by_kind_match_the_files(report: ImportReport, export: Path) -> None:
    counts: Counter[str] = Counter()
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for kind, amount in expected_rows(export):
        counts[kind] += 1
        sums[kind] += amount
    loaded = fetch_rows(
        report, "SELECT kind, count(*), sum(amount) FROM transactions WHERE kind <> 'transfer' GROUP BY kind"
    )
    assert {kind: (rows, amount) for kind, rows, amount in loaded} == {
        kind: (counts[kind], sums[kind]) for kind in counts
    }


def test_no_credit_is_lost_or_counted_twice(report: ImportReport, export: Path) -> None:
    posted = {row["TX_ID"]: dollars(row["AMOUNT"]) for row in read_table(export, "ARPB_TRANSACTIONS")}
    loaded = fetch_rows(
        report,
        "SELECT regexp_extract(transaction_id, '^PB(\\d+)', 1), sum(amount) FROM transactions "
        "WHERE transaction_id LIKE 'PB%' AND kind <> 'transfer' GROUP BY 1",
    )
    voided = {row["TX_ID"] for row in read_table(export, "ARPB_TRANSACTIONS") if row["VOID_DATE"]}
    assert voided
    assert dict(loaded) == {tx: ZERO if tx in voided else amount for tx, amount in posted.items()}


def test_a_visit_adds_up_to_its_own_record(report: ImportReport, export: Path) -> None:
    loaded = {
        account: rest
        for account, *rest in fetch_rows(
            report,
            "SELECT account_id, coalesce(sum(amount) FILTER (kind = 'charge'), 0), "
            "coalesce(sum(amount) FILTER (kind LIKE '%_payment'), 0), "
            "coalesce(sum(amount) FILTER (kind LIKE '%_adjustment'), 0), sum(amount) FROM transactions GROUP BY 1",
        )
    }
    names = ("PB_TOTAL_CHARGES", "PB_TOTAL_PAYMENTS", "PB_TOTAL_ADJ", "PB_TOTAL_BALANCE")
    visits = [row for row in read_table(export, "ARPB_VISITS") if row["PB_TOTAL_CHARGES"]]
    assert len(visits) == 10
    assert {row["PB_VISIT_ID"]: [dollars(row[name]) for name in names] for row in visits} == {
        row["PB_VISIT_ID"]: loaded[row["PB_VISIT_ID"]] for row in visits
    }
    (hospital,) = [row for row in read_table(export, "HSP_ACCOUNT") if row["SBO_TOT_BALANCE"]]
    names = ("SBO_TOTAL_CHARGES", "SBO_TOTAL_PAYMENTS", "SBO_TOTAL_ADJ", "SBO_TOT_BALANCE")
    assert loaded[hospital["HSP_ACCOUNT_ID"]] == [dollars(hospital[name]) for name in names]


def test_the_patient_balance_on_a_statement_date_matches_the_statement(report: ImportReport, export: Path) -> None:
    statements = read_table(export, "GUAR_ACCT_STMT_HX")
    assert len(statements) == 4
    for statement in statements:
        ((owed,),) = fetch_rows(
            report,
            "SELECT sum(amount) FROM transactions JOIN accounts USING (account_id) WHERE responsibility = 'patient' "
            f"AND guarantor_id = '{statement['ACCOUNT_ID']}' "
            f"AND posted_on <= DATE '{as_day(statement['STMT_HX_STMT_DATE'])}'",
        )
        assert owed == dollars(statement["STMT_HX_NEW_BALANCE"])
    loaded = fetch_rows(report, "SELECT guarantor_id, contacted_on, channel, direction FROM contacts ORDER BY 2")
    assert loaded == [(row["ACCOUNT_ID"], as_day(row["STMT_HX_STMT_DATE"]), "statement", "out") for row in statements]


def test_an_account_went_to_the_agency_with_the_balance_that_epic_recorded(report: ImportReport, export: Path) -> None:
    assign, withdraw = read_table(export, "HSP_ACCT_CL_AG_HIS")
    assert fetch_rows(
        report, "SELECT subject_type, subject_id, flag, known_on, ended_on FROM flags WHERE flag = 'agency_placed'"
    ) == [
        (
            "account",
            assign["HSP_ACCOUNT_ID"],
            "agency_placed",
            as_day(assign["AGNCY_HST_DT_OF_CH"]),
            as_day(withdraw["AGNCY_HST_DT_OF_CH"]),
        )
    ]
    for row in (assign, withdraw):
        ((owed,),) = fetch_rows(
            report,
            f"SELECT sum(amount) FROM transactions WHERE account_id = '{row['HSP_ACCOUNT_ID']}' AND "
            f"responsibility = 'patient' AND posted_on <= DATE '{as_day(row['AGNCY_HST_DT_OF_CH'])}'",
        )
        assert owed == dollars(row["AGNCY_HST_ACCT_BAL"])


def test_system_adjustments_are_transfers_or_skipped_and_never_write_offs(report: ImportReport, export: Path) -> None:
    (account,) = [row for row in read_table(export, "HSP_ACCOUNT") if row["TOT_CHGS"]]
    moves = [row for row in read_table(export, "HSP_TRANSACTIONS") if row["IS_SYSTEM_ADJ_YN"] == "Y"]
    assert sum(dollars(row["TX_AMOUNT"]) for row in moves) == ZERO
    between = {
        f"HB{row['TX_ID']}": dollars(row["TX_AMOUNT"])
        for row in moves
        if any(
            dollars(other["TX_AMOUNT"]) == -dollars(row["TX_AMOUNT"])
            and (other["BUCKET_ID"] == account["SELF_PAY_BUCKET_ID"])
            != (row["BUCKET_ID"] == account["SELF_PAY_BUCKET_ID"])
            for other in moves
        )
    }
    assert len(moves) == 4
    assert len(between) == 2
    loaded = fetch_rows(
        report, "SELECT transaction_id, amount FROM transactions WHERE transaction_id LIKE 'HB%' AND kind = 'transfer'"
    )
    assert dict(loaded) == between
    (file,) = [file for file in report.files if file.name == "HSP_TRANSACTIONS.tsv"]
    assert sum(file.skipped.values()) == len(moves) - len(between)


def test_transfers_follow_the_next_responsible_party_and_net_to_zero(report: ImportReport, export: Path) -> None:
    moved = sorted(
        (as_day(row["POST_DATE"]), dollars(row["ACTION_AMOUNT"]))
        for row in read_table(export, "ARPB_TX_ACTIONS")
        if row["ACTION_TYPE_C_NAME"] == "Next Responsible Party"
    )
    transfers = "FROM transactions WHERE kind = 'transfer' AND transaction_id LIKE 'PB%'"
    assert (
        fetch_rows(report, f"SELECT posted_on, amount {transfers} AND responsibility = 'patient' ORDER BY ALL") == moved
    )
    assert (
        fetch_rows(report, f"SELECT posted_on, -amount {transfers} AND responsibility = 'insurance' ORDER BY ALL")
        == moved
    )


def test_the_voided_charge_is_a_charge_and_a_reversal_on_the_void_date(report: ImportReport, export: Path) -> None:
    (voided,) = [row for row in read_table(export, "ARPB_TRANSACTIONS") if row["VOID_DATE"]]
    (recorded,) = [row for row in read_table(export, "ARPB_TX_VOID") if row["DEL_REVERSE_DATE"]]
    assert (voided["TX_ID"], voided["VOID_DATE"]) == (recorded["TX_ID"], recorded["DEL_REVERSE_DATE"])
    assert fetch_rows(
        report,
        "SELECT posted_on, amount, reverses_id FROM transactions WHERE kind = 'charge' AND account_id = "
        f"'{voided['HOSP_ACCT_ID']}' AND transaction_id LIKE 'PB{voided['TX_ID']}%' ORDER BY posted_on",
    ) == [
        (as_day(voided["POST_DATE"]), dollars(voided["AMOUNT"]), None),
        (as_day(voided["VOID_DATE"]), -dollars(voided["AMOUNT"]), f"PB{voided['TX_ID']}"),
    ]


def test_denials_come_from_epics_records_and_its_remittances(report: ImportReport, export: Path) -> None:
    (record,) = [row for row in read_table(export, "BDC_INFO") if row["RECORD_TYPE_C_NAME"] == "Denial"]
    assert fetch_rows(
        report,
        "SELECT denial_id, claim_id, payer_id, denied_on, denied_amount, group_code, carc, rarc, appeal_due_on "
        "FROM denials WHERE denial_id LIKE 'BDC%'",
    ) == [
        (
            f"BDC{record['BDC_ID']}",
            record["INVOICE_NUMBER"],
            read_table(export, "HSP_BDC_PAYOR")[0]["PAYOR_ID"],
            as_day(record["BDC_RECEIVE_DATE"]),
            dollars(read_table(export, "HSP_BDC_DENIAL_DATA")[0]["LINE_DENIED_AMT"]),
            "CO",
            record["EXTERNAL_CODE"],
            "MA63",
            as_day(record["APPEAL_DEADLINE_DATE"]),
        )
    ]
    recorded = {(row["INVOICE_NUMBER"], row["EXTERNAL_CODE"]) for row in read_table(export, "BDC_INFO")}
    remits = {row["IMAGE_ID"]: row for row in read_table(export, "CL_REMIT")}
    beyond = [
        (f"RMT{row['IMAGE_ID']}-{row['LINE']}", row["SVC_ADJ_REASON_CD"], dollars(row["SVC_ADJ_AMT"]))
        for row in read_table(export, "CL_RMT_SVC_LVL_ADJ")
        if row["SVC_ADJ_REASON_CD"] not in {"1", "2", "3", "45"}
        and dollars(row["SVC_ADJ_AMT"]) > 0
        and (remits[row["IMAGE_ID"]]["INV_NO"], row["SVC_ADJ_REASON_CD"]) not in recorded
    ]
    assert (
        fetch_rows(report, "SELECT denial_id, carc, denied_amount FROM denials WHERE denial_id LIKE 'RMT%'") == beyond
    )


def test_every_record_has_one_outcome_and_every_file_is_read(report: ImportReport, export: Path) -> None:
    files = sorted(path.name for path in export.glob("*.tsv") if path.name != "COLUMNS.tsv")
    assert [file.name for file in report.files] == files
    assert len(files) == 36
    for file in report.files:
        assert file.records == len(read_table(export, file.name.removesuffix(".tsv")))
        assert file.records == file.loaded + file.reference + file.quarantined + sum(file.skipped.values())
    assert sum(file.records for file in report.files) == 436


def test_accounts_open_when_first_posted_and_belong_to_their_guarantor(report: ImportReport, export: Path) -> None:
    first: dict[str, date] = {}
    for row in read_table(export, "ARPB_TRANSACTIONS"):
        if row["TX_TYPE_C_NAME"] == "Charge":
            posted = as_day(row["POST_DATE"])
            first[row["HOSP_ACCT_ID"]] = min(first.get(row["HOSP_ACCT_ID"], posted), posted)
    loaded = {
        account: (who, opened)
        for account, who, opened in fetch_rows(report, "SELECT account_id, guarantor_id, opened_on FROM accounts")
    }
    guarantor = {row["PB_VISIT_ID"]: row["GUARANTOR_ID"] for row in read_table(export, "ARPB_VISITS")}
    assert {account: loaded[account] for account in first} == {a: (guarantor[a], day) for a, day in first.items()}
    known = {row["ACCOUNT_ID"] for row in read_table(export, "ACCOUNT")}
    assert {who for who, _ in loaded.values()} == known
    assert fetch_rows(report, "SELECT payer_class FROM payers") == [("commercial",)]


def test_a_reordered_gzipped_csv_export_produces_the_same_bytes(
    report: ImportReport, export: Path, tmp_path: Path
) -> None:
    shuffled = tmp_path / "shuffled"
    shuffled.mkdir()
    for path in export.glob("*.tsv"):
        with path.open(encoding="utf-8", newline="") as file:
            header, *rows = csv.reader(file, delimiter="\t")
        rows.sort(key=lambda row: sha256("|".join(row).encode()).digest())
        with (shuffled / f"{path.stem.lower()}.csv").open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([header, *rows])
    other = import_epic(shuffled, tmp_path / "other")
    names = sorted(path.name for path in report.folder.glob("*.parquet"))
    assert names == sorted(path.name for path in other.folder.glob("*.parquet"))
    for name in names:
        assert (report.folder / name).read_bytes() == (other.folder / name).read_bytes(), name
    assert report.reconciliation == other.reconciliation


def test_an_account_with_a_missing_payment_does_not_reconcile_and_is_listed(export: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    shutil.copytree(export, broken)
    path = broken / "ARPB_TRANSACTIONS.tsv"
    path.chmod(0o600)
    (gone,) = [row for row in read_table(export, "ARPB_TRANSACTIONS") if row["AMOUNT"] == "-139.97"]
    lines = path.read_text("utf-8").splitlines(keepends=True)
    broken.chmod(0o700)
    path.write_text("".join(line for line in lines if not line.startswith(gone["TX_ID"])), encoding="utf-8")
    report = import_epic(broken, tmp_path / "extract")
    assert report.reconciliation is not None
    assert report.reconciliation.mismatched == 2
    with (tmp_path / "extract" / "import_unreconciled.csv").open(encoding="utf-8", newline="") as file:
        listed = list(csv.DictReader(file))
    assert {row["ledger"] for row in listed} == {"139.97"}
    assert any("of ARPB_TX_MATCH_HX without its transaction in" in notice for notice in report.notices)
    assert not any("139.97" in notice or gone["TX_ID"] in notice for notice in report.notices)


def test_the_extract_is_readable_by_other_tools_with_money_as_decimals(report: ImportReport) -> None:
    described = (
        duckdb.connect()
        .execute(f"DESCRIBE SELECT amount, posted_on FROM read_parquet('{report.folder / 'transactions.parquet'}')")
        .fetchall()
    )
    assert [kind for _, kind, *_ in described] == ["DECIMAL(18,2)", "DATE"]

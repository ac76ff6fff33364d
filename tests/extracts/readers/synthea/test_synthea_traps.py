"""Small faulty Synthea folders: what is refused, quarantined, listed, or unchanged."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from payrank.extracts.errors import ExtractRefusedError
from payrank.extracts.load.load_extract import load_extract
from payrank.extracts.readers.session.report import ImportReport
from payrank.extracts.readers.synthea.import_synthea import import_synthea

CLAIMS = (
    "Id,PATIENTID,PROVIDERID,PRIMARYPATIENTINSURANCEID,SECONDARYPATIENTINSURANCEID,APPOINTMENTID,SERVICEDATE,"
    "STATUS1,OUTSTANDING1,OUTSTANDING2,OUTSTANDINGP"
)
TRANSACTIONS = (
    "ID,CLAIMID,CHARGEID,PATIENTID,TYPE,AMOUNT,METHOD,FROMDATE,TODATE,PROCEDURECODE,TRANSFEROUTID,TRANSFERTYPE,"
    "PAYMENTS,ADJUSTMENTS,TRANSFERS,OUTSTANDING"
)
DAY = "2024-03-01T09:15:00Z"


def claim(
    account: str,
    *,
    patient: str = "p1",
    first: str = "medi",
    second: str = "0",
    visit: str = "v1",
    due: tuple[str, str, str] = ("0", "", "0"),
    day: str = DAY,
) -> str:
    return f"{account},{patient},org,{first},{second},{visit},{day},CLOSED,{','.join(due)}"


def transaction(
    number: int | str,
    account: str,
    kind: str,
    *,
    amount: str = "",
    method: str = "",
    named: str = "",
    paid: str = "",
    adjusted: str = "",
    moved: str = "",
    day: str = DAY,
    key: str | None = None,
) -> str:
    return (
        f"{key or f't{number}'},{account},{number},p1,{kind},{amount},{method},{day},1970-01-01T00:00:00Z,99213,,"
        f"{named},{paid},{adjusted},{moved},"
    )


def fill(claims: int = 1) -> tuple[list[str], list[str]]:
    """Return over 100 plain claims with their ledger, so that one bad row stays below the 1% quarantine limit."""
    names = [f"c{number}" for number in range(claims)]
    rows = [transaction(100 + n, name, "CHARGE", amount="10.00", named="1") for n, name in enumerate(names)]
    rows += [transaction(1000 + n, name, "PAYMENT", paid="10.00", method="ECHECK") for n, name in enumerate(names)]
    return [claim(name) for name in names], rows


RunImport = Callable[..., ImportReport]


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    def write_folder(claims: Sequence[str], transactions: Sequence[str], **files: str | bytes) -> Path:
        folder = tmp_path / "source"
        folder.mkdir(exist_ok=True)
        (folder / "claims.csv").write_text("\n".join([CLAIMS, *claims]) + "\n", encoding="utf-8")
        (folder / "claims_transactions.csv").write_text(
            "\n".join([TRANSACTIONS, *transactions]) + "\n", encoding="utf-8"
        )
        for name, content in files.items():
            data = content if isinstance(content, bytes) else content.encode()
            (folder / f"{name}.csv").write_bytes(data)
        return folder

    return write_folder


@pytest.fixture
def run(write: Callable[..., Path], tmp_path: Path) -> RunImport:
    def run_import(claims: Sequence[str], transactions: Sequence[str], **files: str | bytes) -> ImportReport:
        return import_synthea(write(claims, transactions, **files), tmp_path / "extract")

    return run_import


def fetch_rows(tmp_path: Path, query: str) -> list[tuple[Any, ...]]:
    with load_extract(tmp_path / "extract") as extract:
        return extract.connection.execute(query).fetchall()


def read_quarantine(tmp_path: Path) -> list[dict[str, Any]]:
    with (tmp_path / "extract" / "import_quarantine.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def read_untied(tmp_path: Path) -> list[dict[str, Any]]:
    with (tmp_path / "extract" / "import_unreconciled.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_a_claim_moves_from_first_payer_to_second_to_patient(run: RunImport, tmp_path: Path) -> None:
    report = run(
        [claim("c", first="one", second="two")],
        [
            transaction(1, "c", "CHARGE", amount="100.00", named="1"),
            transaction(2, "c", "PAYMENT", paid="20.00", method="COPAY"),
            transaction(3, "c", "PAYMENT", paid="50.00", method="ECHECK"),
            transaction(4, "c", "ADJUSTMENT", adjusted="5.00", method="SYSTEM"),
            transaction(5, "c", "TRANSFEROUT", moved="25.00"),
            transaction(6, "c", "TRANSFERIN", amount="25.00", moved="25.00", named="2"),
            transaction(7, "c", "PAYMENT", paid="15.00", method="ECHECK"),
            transaction(8, "c", "TRANSFEROUT", moved="10.00"),
            transaction(9, "c", "TRANSFERIN", amount="10.00", moved="10.00", named="p"),
            transaction(10, "c", "PAYMENT", paid="10.00", method="CC"),
        ],
    )
    assert report.reconciliation is not None
    assert (report.reconciliation.stated, report.reconciliation.mismatched) == (2, 0)
    rows = fetch_rows(
        tmp_path,
        "SELECT transaction_id, kind, CAST(amount AS VARCHAR), responsibility, payer_id FROM transactions",
    )
    assert set(rows) == {
        ("t1", "charge", "100.00", "insurance", "one"),
        ("t2", "patient_payment", "-20.00", "patient", None),
        ("t2:transfer-out", "transfer", "-20.00", "insurance", "one"),
        ("t2:transfer-in", "transfer", "20.00", "patient", None),
        ("t3", "insurance_payment", "-50.00", "insurance", "one"),
        ("t4", "contractual_adjustment", "-5.00", "insurance", "one"),
        ("t5", "transfer", "-25.00", "insurance", "one"),
        ("t6", "transfer", "25.00", "insurance", "two"),
        ("t7", "insurance_payment", "-15.00", "insurance", "two"),
        ("t8", "transfer", "-10.00", "insurance", "two"),
        ("t9", "transfer", "10.00", "patient", None),
        ("t10", "patient_payment", "-10.00", "patient", None),
    }


def test_an_uninsured_patient_owes_and_pays_everything(run: RunImport, tmp_path: Path) -> None:
    report = run(
        [claim("c", first="0", due=("", "", "2.00"))],
        [
            transaction(1, "c", "CHARGE", amount="30.00", named="p"),
            transaction(2, "c", "ADJUSTMENT", adjusted="8.00", method="SYSTEM"),
            transaction(3, "c", "PAYMENT", paid="20.00", method="ECHECK"),
        ],
    )
    assert report.reconciliation is not None
    assert (report.reconciliation.stated, report.reconciliation.mismatched) == (1, 0)
    assert fetch_rows(tmp_path, "SELECT kind, responsibility FROM transactions ORDER BY transaction_id") == [
        ("charge", "patient"), ("other_adjustment", "patient"), ("patient_payment", "patient"),
    ]  # fmt: skip


def test_a_charge_without_a_holder_belongs_to_the_first_payer_or_the_patient(run: RunImport, tmp_path: Path) -> None:
    run(
        [claim("insured", due=("40.00", "", "")), claim("alone", first="0"), claim("none", first="noins")],
        [
            transaction(1, "insured", "CHARGE", amount="40.00"),
            transaction(2, "alone", "CHARGE", amount="40.00"),
            transaction(3, "none", "CHARGE", amount="40.00"),
        ],
        payers="Id,NAME\nmedi,Medicare\nnoins,NO_INSURANCE\n",
    )
    rows = fetch_rows(tmp_path, "SELECT account_id, responsibility FROM transactions ORDER BY transaction_id")
    assert rows == [("insured", "insurance"), ("alone", "patient"), ("none", "patient")]
    assert fetch_rows(tmp_path, "SELECT account_id, payer_id FROM coverages") == [("insured", "medi")]


def test_long_ids_leading_zeros_and_payers_named_na_or_none_are_unchanged(run: RunImport, tmp_path: Path) -> None:
    run(
        [
            claim("00123", patient="12345678901234567", first="NA"),
            claim("12345678901234568", patient="", first="None"),
            claim("cx", patient="None", first=""),
            *fill(110)[0],
        ],
        [transaction("00017", "00123", "CHARGE", amount="0.00", named="1", key="00042"), *fill(110)[1]],
        payers="Id,NAME\nNA,NA\nNone,None\n0010,Humana\n",
    )
    assert fetch_rows(tmp_path, "SELECT transaction_id FROM transactions WHERE account_id = '00123'") == [("00042",)]
    assert fetch_rows(tmp_path, "SELECT guarantor_id FROM accounts WHERE account_id = '00123'") == [
        ("12345678901234567",)
    ]
    assert fetch_rows(tmp_path, "SELECT payer_id, payer_name, payer_class FROM payers") == [
        ("NA", "NA", "other"), ("None", "None", "other"), ("0010", "Humana", "commercial"),
    ]  # fmt: skip
    assert fetch_rows(tmp_path, "SELECT payer_id FROM coverages WHERE account_id = '00123'") == [("NA",)]
    quarantined = [(row["column_name"], row["rule"], row["source_line"]) for row in read_quarantine(tmp_path)]
    assert quarantined == [("guarantor_id", "required", "3")]


@pytest.mark.parametrize(
    ("row", "column", "rule"),
    [
        (transaction(1, "c0", "WRITEOFF", amount="5.00"), "kind", "level"),
        (transaction(1, "c0", "PAYMENT", paid="5.00", method="BARTER"), "kind", "level"),
        (transaction(1, "c0", "PAYMENT", paid="5.00"), "kind", "required"),
        (transaction(1, "c0", "PAYMENT", paid="5.005", method="ECHECK"), "amount", "money"),
        (transaction(1, "c0", "CHARGE", amount="$5.00", named="1"), "amount", "money"),
        (transaction(1, "c0", "CHARGE", named="1"), "amount", "required"),
        (transaction(1, "c0", "CHARGE", amount="5.00", named="3"), "responsibility", "level"),
        (transaction(1, "c0", "TRANSFERIN", amount="5.00", moved="5.00"), "responsibility", "required"),
        (transaction(1, "c0", "CHARGE", amount="5.00", named="1", day="01/03/2024"), "posted_on", "date"),
        (transaction(1, "c0", "CHARGE", amount="5.00", named="1", day="9999-12-31T00:00:00Z"), "posted_on",
         "sentinel_date"),
        (transaction(1, "c0", "CHARGE", amount="5.00", named="1", day=""), "posted_on", "required"),
        (transaction(1, "nowhere", "CHARGE", amount="5.00"), "responsibility", "required"),
    ],
)  # fmt: skip
def test_an_invalid_transaction_is_quarantined_by_file_line_and_rule(
    run: RunImport, tmp_path: Path, row: str, column: str, rule: str
) -> None:
    claims, rows = fill(110)
    report = run(claims, [*rows, row])
    assert report.rows_quarantined == 1
    (quarantined,) = read_quarantine(tmp_path)
    assert (quarantined["source_file"], quarantined["source_line"]) == ("claims_transactions.csv", str(len(rows) + 2))
    assert (quarantined["table_name"], quarantined["column_name"], quarantined["rule"]) == (
        "transactions",
        column,
        rule,
    )


def test_many_invalid_transactions_refuse_the_import_without_showing_a_value(run: RunImport) -> None:
    with pytest.raises(ExtractRefusedError, match=r"claims_transactions\.csv, first in line 2") as refused:
        run([claim("c")], [transaction(1, "c", "SURPRISE", amount="13.37"), transaction(2, "c", "SURPRISE")])
    assert "SURPRISE" not in str(refused.value)
    assert "13.37" not in str(refused.value)


def test_a_transfer_without_its_other_half_is_counted_and_its_claim_listed(run: RunImport, tmp_path: Path) -> None:
    report = run(
        [claim("c"), claim("whole")],
        [
            transaction(1, "c", "CHARGE", amount="10.00", named="1"),
            transaction(2, "c", "PAYMENT", paid="6.00", method="ECHECK"),
            transaction(3, "c", "TRANSFERIN", amount="4.00", moved="4.00", named="p"),
            transaction(4, "c", "PAYMENT", paid="4.00", method="CASH"),
        ],
    )
    assert any("1 claim whose TRANSFERIN and TRANSFEROUT do not sum to zero" in notice for notice in report.notices)
    assert any("claims: 1 claim without any transaction" in notice for notice in report.notices)
    assert report.reconciliation is not None
    assert report.reconciliation.mismatched == 1
    (row,) = read_untied(tmp_path)
    assert (row["account_id"], row["responsibility"]) == ("c", "insurance")


def test_amounts_outstanding_with_either_payer_count_as_insurance(run: RunImport, tmp_path: Path) -> None:
    report = run(
        [claim("c", second="two", due=("30.00", "20.00", "10.00")), claim("off", due=("1.01", "", "0.00"))],
        [
            transaction(1, "c", "CHARGE", amount="60.00", named="1"),
            transaction(2, "c", "TRANSFEROUT", moved="30.00"),
            transaction(3, "c", "TRANSFERIN", amount="30.00", moved="30.00", named="2"),
            transaction(4, "c", "TRANSFEROUT", moved="10.00"),
            transaction(5, "c", "TRANSFERIN", amount="10.00", moved="10.00", named="p"),
            transaction(6, "off", "CHARGE", amount="1.00", named="1"),
        ],
    )
    assert report.reconciliation is not None
    assert (report.reconciliation.matched, report.reconciliation.mismatched) == (3, 1)
    assert [row["account_id"] for row in read_untied(tmp_path)] == ["off"]


def test_a_copay_above_the_charge_is_loaded_counted_and_listed(run: RunImport, tmp_path: Path) -> None:
    report = run(
        [claim("c")],
        [
            transaction(1, "c", "CHARGE", amount="0.02", named="1"),
            transaction(2, "c", "PAYMENT", paid="40.00", method="COPAY"),
        ],
    )
    assert any("1 claim with a copay above the charge" in notice for notice in report.notices)
    assert [row["responsibility"] for row in read_untied(tmp_path)] == ["insurance"]
    paid = "SELECT CAST(sum(amount) AS VARCHAR) FROM transactions WHERE kind = 'patient_payment'"
    assert fetch_rows(tmp_path, paid) == [("-40.00",)]


def test_an_invalid_stated_balance_is_quarantined(run: RunImport, tmp_path: Path) -> None:
    claims, rows = fill(110)
    run([*claims, claim("c", due=("1.005", "1.00", "0"))], rows)
    (quarantined,) = read_quarantine(tmp_path)
    assert (quarantined["table_name"], quarantined["column_name"], quarantined["rule"]) == (
        "stated_balances",
        "balance",
        "money",
    )


@pytest.mark.parametrize("name", ["claims", "claims_transactions"])
def test_a_missing_required_file_is_refused_by_name(write: Callable[..., Path], tmp_path: Path, name: str) -> None:
    folder = write(*fill())
    (folder / f"{name}.csv").unlink()
    with pytest.raises(ExtractRefusedError, match=rf"{name}\.csv is missing"):
        import_synthea(folder, tmp_path / "extract")
    assert not (tmp_path / "extract").exists()


def test_each_missing_optional_file_has_a_notice(run: RunImport) -> None:
    report = run(*fill())
    for name in ("payers", "encounters", "patients", "payer_transitions", "organizations"):
        assert any(notice.startswith(f"{name}.csv is missing") for notice in report.notices)


def test_a_missing_column_is_refused_by_file_and_column(write: Callable[..., Path], tmp_path: Path) -> None:
    folder = write(*fill())
    text = (folder / "claims.csv").read_text().replace("OUTSTANDINGP", "OUTSTANDING_P")
    (folder / "claims.csv").write_text(text)
    with pytest.raises(ExtractRefusedError, match=r"claims\.csv: column OUTSTANDINGP is missing"):
        import_synthea(folder, tmp_path / "extract")


def test_a_file_with_only_a_header_yields_no_rows(run: RunImport, tmp_path: Path) -> None:
    report = run([claim("c")], [])
    assert report.rows_written["accounts"] == 1
    assert [file.records for file in report.files] == [1, 0]


def test_a_folder_without_claims_is_refused(run: RunImport) -> None:
    with pytest.raises(ExtractRefusedError):
        run([], [])


def test_a_file_with_a_byte_order_mark_reads_the_same(write: Callable[..., Path], tmp_path: Path) -> None:
    folder = write(*fill())
    import_synthea(folder, tmp_path / "plain")
    for name in ("claims.csv", "claims_transactions.csv"):
        (folder / name).write_bytes(b"\xef\xbb\xbf" + (folder / name).read_bytes())
    import_synthea(folder, tmp_path / "marked")
    for table in ("accounts", "transactions"):
        first, second = (tmp_path / name / f"{table}.parquet" for name in ("plain", "marked"))
        assert first.read_bytes() == second.read_bytes()


def test_windows_1252_is_refused_by_file_and_line(run: RunImport) -> None:
    with pytest.raises(ExtractRefusedError, match=r"patients\.csv: line 3 is not UTF-8"):
        run(*fill(), patients="Id,BIRTHDATE\na,2000-01-01\nb\xe9,2000-01-01\n".encode("cp1252"))


def test_the_same_file_under_two_names_counts_once(write: Callable[..., Path], tmp_path: Path) -> None:
    folder = write(*fill(3))
    import_synthea(folder, tmp_path / "once")
    (folder / "claims (1).csv").write_bytes((folder / "claims.csv").read_bytes())
    report = import_synthea(folder, tmp_path / "twice")
    repeated = {file.name: file.same_as for file in report.files}
    assert repeated == {"claims (1).csv": None, "claims.csv": "claims (1).csv", "claims_transactions.csv": None}
    assert report.rows_written["accounts"] == 3
    first, second = (tmp_path / name / "accounts.parquet" for name in ("once", "twice"))
    assert first.read_bytes() == second.read_bytes()


def test_numbered_and_gzipped_parts_are_one_table(write: Callable[..., Path], tmp_path: Path) -> None:
    claims, rows = fill(4)
    folder = write(claims[:2], rows)
    with gzip.open(folder / "claims_2.csv.gz", "wt", encoding="utf-8") as file:
        file.write("\n".join([CLAIMS, *claims[2:]]) + "\n")
    report = import_synthea(folder, tmp_path / "extract")
    assert report.rows_written["accounts"] == 4
    assert report.reconciliation is not None
    assert report.reconciliation.mismatched == 0


def test_one_claim_with_two_different_rows_is_refused(run: RunImport) -> None:
    with pytest.raises(ExtractRefusedError, match="rows that differ"):
        run([claim("c"), claim("c", patient="p2")], [])


def test_unknown_visit_classes_and_payers_are_other_with_a_notice(run: RunImport, tmp_path: Path) -> None:
    report = run(
        [claim("c", visit="v1"), claim("d", visit="lost")],
        [transaction(1, "c", "CHARGE", amount="1.00", named="1")],
        encounters="Id,ORGANIZATION,ENCOUNTERCLASS\nv1,org9,balneology\n",
        payers="Id,NAME,OWNERSHIP\nmedi,Medicare,Government\nx,Someone New,\ny,Private One,Private\n",
    )
    assert any("1 encounter of an unknown class" in notice for notice in report.notices)
    assert any("1 payer of unknown class" in notice for notice in report.notices)
    assert any("1 claim whose encounter is not" in notice for notice in report.notices)
    assert fetch_rows(tmp_path, "SELECT patient_class, facility FROM accounts ORDER BY account_id") == [
        ("other", "org9"), (None, None),
    ]  # fmt: skip
    assert fetch_rows(tmp_path, "SELECT payer_class FROM payers") == [("medicare",), ("other",), ("commercial",)]


def test_consecutive_plan_years_are_one_coverage_also_in_old_exports(run: RunImport, tmp_path: Path) -> None:
    run(
        [claim("new", day="2023-06-01T00:00:00Z"), claim("old", patient="p2"), claim("gap", patient="p3")],
        [],
        payer_transitions="PATIENT,START_YEAR,END_YEAR,PAYER\n"
        "p1,2023-01-01T00:00:00Z,2024-01-01T00:00:00Z,medi\np1,2024-01-01T00:00:00Z,2025-01-01T00:00:00Z,medi\n"
        "p2,2019,2024,medi\n"
        "p3,2024-01-01T00:00:00Z,2024-02-01T00:00:00Z,medi\n",
    )
    rows = fetch_rows(tmp_path, "SELECT account_id, CAST(ended_on AS VARCHAR) FROM coverages")
    assert rows == [("new", "2025-01-01"), ("old", "2025-01-01"), ("gap", None)]


def test_plan_years_under_their_newer_names_are_read(run: RunImport, tmp_path: Path) -> None:
    run([claim("c")], [], payer_transitions="PATIENT,START_DATE,END_DATE,PAYER\np1,2024-01-01,2024-09-01,medi\n")
    assert fetch_rows(tmp_path, "SELECT CAST(ended_on AS VARCHAR) FROM coverages") == [("2024-09-01",)]


def test_only_the_birth_year_is_kept_and_a_damaged_zip_is_dropped(run: RunImport, tmp_path: Path) -> None:
    run(
        *fill(),
        patients="Id,BIRTHDATE,RACE,ETHNICITY,GENDER,STATE,ZIP\na,1980-02-03,white,hispanic,F,New York,10016\n"
        "b,1990-02-03,,,,Ontario,2155\n",
    )
    rows = fetch_rows(tmp_path, "SELECT guarantor_id, birth_year, state, zip3, audit_gender FROM guarantors")
    assert rows == [("a", 1980, "NY", "100", "F"), ("b", 1990, "Ontario", None, None)]

"""The Synthea reader on Synthea's own files: totals recomputed in plain Python and every claim reconciled."""

from __future__ import annotations

import csv
from collections import Counter, defaultdict
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from payrank.extracts.load.load_extract import load_extract
from payrank.extracts.readers.synthea.import_synthea import import_synthea

pytestmark = pytest.mark.data


@pytest.fixture
def folder(real_data: Path) -> Path:
    return real_data / "synthea"


def read(folder: Path, name: str) -> list[dict[str, Any]]:
    with (folder / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def dollars(text: str) -> Decimal:
    return Decimal(text or "0")


def test_every_record_has_one_outcome_and_none_is_lost(folder: Path, tmp_path: Path) -> None:
    report = import_synthea(folder, tmp_path / "extract")
    for file in report.files:
        assert file.records == len(read(folder, file.name))
        assert file.records == file.loaded + file.reference + file.quarantined + sum(file.skipped.values())
        assert file.quarantined == 0
    by_name = {file.name: file for file in report.files}
    for name in ("claims.csv", "claims_transactions.csv", "payers.csv", "patients.csv"):
        assert by_name[name].loaded == by_name[name].records
    for name in ("encounters.csv", "organizations.csv", "payer_transitions.csv"):
        assert by_name[name].reference == by_name[name].records


def test_sums_by_kind_match_the_files(folder: Path, tmp_path: Path) -> None:
    import_synthea(folder, tmp_path / "extract")
    rows = read(folder, "claims_transactions.csv")
    sums: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for row in rows:
        if row["TYPE"] == "CHARGE":
            sums["charge", {"1": "insurance", "p": "patient"}[row["TRANSFERTYPE"]]] += dollars(row["AMOUNT"])
        elif row["TYPE"] == "PAYMENT" and row["METHOD"] == "ECHECK":
            sums["insurance_payment", "insurance"] -= dollars(row["PAYMENTS"])
        elif row["TYPE"] == "PAYMENT":
            sums["patient_payment", "patient"] -= dollars(row["PAYMENTS"])
            if row["METHOD"] == "COPAY":
                sums["transfer", "insurance"] -= dollars(row["PAYMENTS"])
                sums["transfer", "patient"] += dollars(row["PAYMENTS"])
        elif row["TYPE"] == "TRANSFEROUT":
            sums["transfer", "insurance"] -= dollars(row["TRANSFERS"])
        elif row["TYPE"] == "TRANSFERIN":
            side = {"2": "insurance", "p": "patient"}[row["TRANSFERTYPE"]]
            sums["transfer", side] += dollars(row["TRANSFERS"])
    with load_extract(tmp_path / "extract") as extract:
        loaded = extract.connection.execute(
            "SELECT kind, responsibility, sum(amount) FROM transactions GROUP BY ALL"
        ).fetchall()
        once = extract.connection.execute("SELECT count(*) FROM transactions WHERE transaction_id NOT LIKE '%:%'")
        assert once.fetchall() == [(len(rows),)]
    assert {(kind, side): amount for kind, side, amount in loaded} == dict(sums)


def test_every_claim_reconciles_with_its_stated_balance_or_is_listed(folder: Path, tmp_path: Path) -> None:
    report = import_synthea(folder, tmp_path / "extract")
    claims = {row["Id"]: row for row in read(folder, "claims.csv")}
    sign = {"CHARGE": "AMOUNT", "TRANSFERIN": "AMOUNT", "PAYMENT": "PAYMENTS", "TRANSFEROUT": "TRANSFERS"}
    due: dict[str, Decimal] = defaultdict(Decimal)
    for row in read(folder, "claims_transactions.csv"):
        amount = dollars(row[sign[row["TYPE"]]])
        due[row["CLAIMID"]] += amount if sign[row["TYPE"]] == "AMOUNT" else -amount
    untied = {
        claim
        for claim, row in claims.items()
        if due[claim] != sum(dollars(row[name]) for name in ("OUTSTANDING1", "OUTSTANDING2", "OUTSTANDINGP"))
    }
    assert report.reconciliation is not None
    assert report.reconciliation.stated == 2 * len(claims)
    assert report.reconciliation.unstated == 0
    with (tmp_path / "extract" / "import_unreconciled.csv").open(encoding="utf-8", newline="") as file:
        listed = list(csv.DictReader(file))
    assert {row["account_id"] for row in listed} == untied
    assert report.reconciliation.mismatched == len(listed)
    copays = {
        row["CLAIMID"] for row in read(folder, "claims_transactions.csv") if row["METHOD"] == "COPAY"
    }  # the differences are copays that Synthea collected in full although less was due
    assert untied <= copays


def test_the_patient_balance_of_every_claim_reconciles(folder: Path, tmp_path: Path) -> None:
    import_synthea(folder, tmp_path / "extract")
    with load_extract(tmp_path / "extract") as extract:
        off = extract.connection.execute(
            "SELECT count(*) FROM stated_balances LEFT JOIN (SELECT account_id, sum(amount) AS due FROM transactions "
            "WHERE responsibility = 'patient' GROUP BY account_id) USING (account_id) "
            "WHERE responsibility = 'patient' AND coalesce(due, 0) <> balance"
        ).fetchall()
    assert off == [(0,)]


def test_accounts_are_claims_with_their_patients_payers_and_visits(folder: Path, tmp_path: Path) -> None:
    import_synthea(folder, tmp_path / "extract")
    visits = {row["Id"]: row for row in read(folder, "encounters.csv")}
    places = {row["Id"]: row["NAME"] for row in read(folder, "organizations.csv")}
    expected: dict[str, tuple[str, str, str]] = {}
    covers: Counter[tuple[str, str, int]] = Counter()
    for row in read(folder, "claims.csv"):
        visit = visits[row["APPOINTMENTID"]]
        expected[row["Id"]] = (row["PATIENTID"], row["SERVICEDATE"][:10], places[visit["ORGANIZATION"]])
        for priority, name in ((1, "PRIMARYPATIENTINSURANCEID"), (2, "SECONDARYPATIENTINSURANCEID")):
            if row[name] != "0":
                covers[row["Id"], row[name], priority] += 1
    with load_extract(tmp_path / "extract") as extract:
        accounts = extract.connection.execute(
            "SELECT account_id, guarantor_id, CAST(opened_on AS VARCHAR), facility FROM accounts"
        ).fetchall()
        loaded = extract.connection.execute("SELECT account_id, payer_id, priority FROM coverages").fetchall()
        early = extract.connection.execute("SELECT count(*) FROM coverages WHERE ended_on < known_on").fetchall()
        ended = extract.connection.execute("SELECT count(ended_on) FROM coverages WHERE priority = 1").fetchall()
    assert {account: (*rest,) for account, *rest in accounts} == expected
    assert Counter(loaded) == covers
    assert early == [(0,)]
    assert ended == [(sum(priority == 1 for _, _, priority in covers),)]


def test_guarantors_have_a_birth_year_and_audit_columns_but_no_names(folder: Path, tmp_path: Path) -> None:
    import_synthea(folder, tmp_path / "extract")
    patients = read(folder, "patients.csv")
    with load_extract(tmp_path / "extract") as extract:
        described = {name for name, *_ in extract.connection.execute("DESCRIBE guarantors").fetchall()}
        rows = extract.connection.execute("SELECT * FROM guarantors").fetchall()
        years = extract.connection.execute("SELECT guarantor_id, birth_year, state FROM guarantors").fetchall()
    assert described == {
        "guarantor_id", "birth_year", "state", "zip3", "language", "text_consent", "audit_race", "audit_ethnicity",
        "audit_gender",
    }  # fmt: skip
    assert {row[0]: row[1:] for row in years} == {row["Id"]: (int(row["BIRTHDATE"][:4]), "MA") for row in patients}
    written = {str(value) for row in rows for value in row}
    for name in ("BIRTHDATE", "SSN", "FIRST", "LAST", "ADDRESS", "DRIVERS", "PASSPORT"):
        assert not written & {row[name] for row in patients if row[name]}


def test_two_imports_write_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    import_synthea(folder, tmp_path / "one")
    import_synthea(folder, tmp_path / "two")
    first, second = (sorted((tmp_path / name).iterdir()) for name in ("one", "two"))
    assert [path.name for path in first] == [path.name for path in second]
    for left, right in zip(first, second, strict=True):
        assert left.read_bytes() == right.read_bytes(), left.name


def test_no_message_of_the_import_contains_an_id_or_a_name(folder: Path, tmp_path: Path) -> None:
    report = import_synthea(folder, tmp_path / "extract")
    messages = " ".join(report.notices) + (tmp_path / "extract" / "import_report.json").read_text()
    values = {row["Id"] for name in ("claims.csv", "patients.csv", "payers.csv") for row in read(folder, name)}
    assert not [value for value in values if value in messages]

"""All probes over one extract, as `payrank check --leaks` runs them."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from extracts.load import load_extract
from extracts.metadata import read_metadata, write_metadata
from extracts.simulator import simulate
from features.targets import OverturnTarget, PaymentTarget
from payrank.leaks import as_data, find_leaks, leaks_table, list_leaks
from payrank.settings import Settings

SETTINGS = Settings(payment=PaymentTarget(snapshots=6), overturn=OverturnTarget(snapshots=40))


@pytest.fixture(scope="module")
def found(hospital: Any) -> Any:
    with load_extract(hospital.extract) as extract:
        return find_leaks(extract, SETTINGS, hospital.as_of)


def test_every_probe_runs_and_the_clean_hospital_has_no_leak(found: Any) -> None:
    assert list_leaks(found) == []
    ran = {(one.probe, one.unit) for one in found if not one.not_run}
    both = {"future shuffle", "train/night agreement", "hindsight", "beyond the catalogue"}
    assert {(probe, unit) for probe in both for unit in ("account", "denial")} <= ran | {
        (one.probe, one.unit) for one in found if one.not_run and "fewer than" in one.not_run
    }
    assert {"payments dated back", "too good alone", "label shuffle"} <= {probe for probe, _ in ran}


def test_the_table_fits_a_terminal_and_the_data_are_json(found: Any) -> None:
    console = Console(width=100, record=True, file=Path("/dev/null").open("w"))  # noqa: SIM115 - closed with the test
    console.print(leaks_table(found))
    text = console.export_text()
    console.file.close()
    assert all(len(line) <= 100 for line in text.splitlines())
    assert "future shuffle" in text
    assert json.loads(json.dumps(as_data(found)))[0]["verdict"] in {"clean", "leak", "not run"}


def test_a_leaking_status_is_found_and_nothing_else_is_accused(hospital: Any, tmp_path: Path) -> None:
    ledger = hospital.extract / "transactions.parquet"
    folder = hospital.copy(
        tmp_path / "leaking",
        accounts=(
            "SELECT a.*, CASE WHEN l.paid > 0 AND l.balance <= 0 THEN 'closed' WHEN l.paid > 0 THEN 'partly' "
            "ELSE 'open' END AS status FROM {table} a LEFT JOIN (SELECT account_id, sum(CASE WHEN kind = "
            "'patient_payment' THEN -amount ELSE 0 END) AS paid, sum(CASE WHEN responsibility = 'patient' THEN amount "
            f"ELSE 0 END) AS balance FROM '{ledger}' GROUP BY account_id) l USING (account_id) ORDER BY account_id"
        ),
    )
    metadata = read_metadata(folder)
    write_metadata(
        type(metadata)(metadata.source_system, metadata.as_of, {}, {"accounts": {"status": "category"}}), folder
    )
    with load_extract(folder) as extract:
        found = find_leaks(extract, SETTINGS, hospital.as_of)
    told = {one.probe for one in found if one.leaks}
    assert "hindsight" in told
    assert all("status" in line for line in list_leaks(found) if "label shuffle" not in line)


def test_an_extract_without_history_says_what_could_not_be_probed(hospital: Any) -> None:
    with load_extract(hospital.extract) as extract:
        young = Settings(payment=PaymentTarget(horizon_days=2000), overturn=OverturnTarget(maturity_days=2000))
        found = find_leaks(extract, young, hospital.as_of)
    assert all(
        "no account snapshot is ripe" in one.not_run
        for one in found
        if one.probe == "label shuffle" and one.unit == "account"
    )
    assert "not run" in {one.verdict for one in found}


def test_the_command_line_counts_a_leak_that_the_simulator_planted(payrank: Any, tmp_path: Path) -> None:
    extract = tmp_path / "leaking"
    day = "2026-11-20"
    simulate(extract, accounts=1_000, seed=11, as_of=date.fromisoformat(day), leaks=("status_refreshed",))
    told = payrank("check", extract, "--leaks", "--out", tmp_path / "look")
    assert told.code == 0
    assert "leak among it." in told.out.splitlines()[-1] or "leaks among it." in told.out.splitlines()[-1]
    assert "account_status" in told.out
    found = json.loads((tmp_path / "look" / "check.json").read_text())["leaks"]
    assert any("account_status" in leak["subject"] for one in found for leak in one["leaks"])
    assert "account_status" in (tmp_path / "look" / "check.html").read_text()

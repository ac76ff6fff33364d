"""All leakage checks on one extract, as `payrank check --leaks` runs them."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from payrank.extracts.load.load_extract import load_extract
from payrank.features.probes.back_dated import probe_back_dated
from payrank.features.probes.hindsight import probe_hindsight
from payrank.features.probes.result import ProbeResult
from payrank.features.targets import OverturnTarget, PaymentTarget
from payrank.leaks import as_data, describe_probe, find_leaks, leaks_table, list_leaks
from payrank.settings import Settings
from payrank.simulator import simulate
from payrank.simulator.tables.leaks import LEAKS
from tests.conftest import Hospital
from tests.payrank.conftest import Run

pytestmark = pytest.mark.slow

SETTINGS = Settings(payment=PaymentTarget(snapshots=6), overturn=OverturnTarget(snapshots=40))


PLANTED_AS_OF = date(2026, 11, 20)
SUBJECTS = {
    "status_refreshed": "accounts.account_status",
    "payment_dated_back": "transactions.posted_on",
    "rate_with_own_row": "denials.overturn_rate",
    "guarantor_paid_later": "accounts.guarantor_payments",
}
"""The name under which each planted leak is reported."""


@pytest.fixture(scope="module")
def probes(hospital: Hospital) -> Any:
    with load_extract(hospital.extract) as extract:
        return find_leaks(extract, SETTINGS, hospital.as_of)


def test_every_leakage_check_runs_and_the_clean_hospital_has_no_leak(probes: Any) -> None:
    assert list_leaks(probes) == []
    ran = {(probe.probe, probe.unit) for probe in probes if not probe.not_run}
    both = {"future shuffle", "train/score agreement", "hindsight", "site features"}
    assert {(probe, unit) for probe in both for unit in ("account", "denial")} <= ran | {
        (probe.probe, probe.unit) for probe in probes if probe.not_run and "fewer than" in probe.not_run
    }
    assert {"payments dated back", "too good alone", "label shuffle"} <= {probe for probe, _ in ran}


def test_the_results_fit_a_terminal_and_convert_to_json(probes: Any) -> None:
    console = Console(width=100, record=True, file=Path("/dev/null").open("w"))  # noqa: SIM115 - closed with the test
    console.print(leaks_table(probes))
    text = console.export_text()
    console.file.close()
    assert all(len(line) <= 100 for line in text.splitlines())
    assert "future shuffle" in text
    assert json.loads(json.dumps(as_data(probes)))[0]["verdict"] in {"clean", "leak", "not run"}


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A hospital of its own seed with every leak that the simulator knows."""
    folder = tmp_path_factory.mktemp("planted") / "leaking"
    simulate(folder, accounts=1_000, seed=31, as_of=PLANTED_AS_OF, leaks=tuple(LEAKS))
    return folder


def test_every_leak_that_the_simulator_plants_is_found_by_name(planted: Path) -> None:
    """Alone among all columns: what is accused is what was planted."""
    assert set(SUBJECTS) == set(LEAKS)
    with load_extract(planted) as extract:
        probes = find_leaks(extract, SETTINGS, PLANTED_AS_OF)
    accused = {
        leak.subject.removeprefix("site_") for probe in probes for leak in probe.leaks if probe.probe != "label shuffle"
    }
    columns = {subject.split(".")[1] for subject in SUBJECTS.values()}
    assert set(SUBJECTS.values()) <= accused
    assert {subject.split(".")[-1] for subject in accused} <= columns | {"all features"}


def test_the_same_hospital_without_planted_leaks_raises_no_alarm(planted: Path, tmp_path: Path) -> None:
    simulate(tmp_path / "clean", accounts=1_000, seed=31, as_of=PLANTED_AS_OF)
    with load_extract(tmp_path / "clean") as extract:
        probed = [
            probe_hindsight(extract, SETTINGS.payment, PLANTED_AS_OF),
            probe_hindsight(extract, SETTINGS.overturn, PLANTED_AS_OF),
            probe_back_dated(extract, PLANTED_AS_OF),
        ]
    assert [leak.verdict for leak in probed] == ["clean"] * 3


def test_an_extract_without_history_reports_which_checks_could_not_run(hospital: Hospital) -> None:
    with load_extract(hospital.extract) as extract:
        young = Settings(payment=PaymentTarget(horizon_days=2000), overturn=OverturnTarget(maturity_days=2000))
        probes = find_leaks(extract, young, hospital.as_of)
    assert all(
        "no account snapshot has matured" in probe.not_run
        for probe in probes
        if probe.probe == "label shuffle" and probe.unit == "account"
    )
    assert "not run" in {probe.verdict for probe in probes}


def test_check_leaks_names_every_planted_leak(payrank: Run, planted: Path, tmp_path: Path) -> None:
    result = payrank("check", planted, "--leaks", "--out", tmp_path / "look")
    assert result.code == 0
    assert "leaks; see above." in result.out.splitlines()[-1]
    probes = json.loads((tmp_path / "look" / "check.json").read_text())["leaks"]
    accused = {leak["subject"] for probe in probes for leak in probe["leaks"]}
    page = (tmp_path / "look" / "check.html").read_text()
    assert set(SUBJECTS.values()) <= accused
    for subject in SUBJECTS.values():
        assert subject in result.out
        assert subject in page


def test_a_check_with_too_few_rows_says_so() -> None:
    probed = ProbeResult("hindsight", "denial", 3, "3 columns", undecided=("denials.rate",))
    assert probed.verdict == "too few"
    assert describe_probe(probed) == "3 columns; too few rows to decide: denials.rate"
    assert as_data([probed])[0]["too_few_rows"] == ["denials.rate"]

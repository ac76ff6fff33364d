"""Predicted vs. actual: outcomes match a count from the ledger, and a prediction that failed is flagged."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from payrank.extracts.errors import WrongUsageError
from payrank.extracts.load.load_extract import load_extract
from payrank.models.bundle import read_bundle
from payrank.scoring.monitoring.monitor import monitor_runs
from payrank.scoring.monitoring.monitor_page import monitor_json, render_monitor
from payrank.scoring.monitoring.records import Monitoring, PredictedActual
from payrank.scoring.past_run import LISTED_FILE
from tests.conftest import Hospital

THEN = date(2026, 5, 4)


@pytest.fixture(scope="module")
def runs(hospital: Hospital, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run half a year before the extract's date, and one on that date."""
    folder = tmp_path_factory.mktemp("monitored") / "runs"
    hospital.score(folder, as_of=THEN, explain="listed")
    hospital.score(folder, explain="listed")
    return folder


@pytest.fixture(scope="module")
def monitoring(hospital: Hospital, runs: Path) -> Monitoring:
    with load_extract(hospital.extract) as extract:
        return monitor_runs(runs, extract, hospital.as_of)


def test_actual_outcomes_match_the_ledger(hospital: Hospital, runs: Path, monitoring: Monitoring) -> None:
    record = next(record for record in monitoring.lists if record.list == "patient_pay")
    horizon = read_bundle(hospital.bundles["payment"]).manifest.horizon_days or 0
    scored = {row["account_id"]: row for row in pq.read_table(runs / str(THEN) / "payment_scores.parquet").to_pylist()}
    paid: dict[str, float] = {}
    for row in pq.read_table(hospital.extract / "transactions.parquet").to_pylist():
        if row["kind"] == "patient_payment" and THEN <= row["posted_on"] < THEN + timedelta(days=horizon):
            paid[row["account_id"]] = paid.get(row["account_id"], 0.0) - float(row["amount"])
    assert record.scored == record.all.rows == len(scored) > 100
    assert record.all.actual == sum(paid.get(account, 0.0) > 0 for account in scored) > 20
    assert record.all.predicted == pytest.approx(sum(row["probability"] for row in scored.values()))
    dollars = sum(min(max(paid.get(name, 0.0), 0.0), float(row["patient_balance"])) for name, row in scored.items())
    assert record.all.dollars_actual == pytest.approx(dollars, rel=1e-6)
    assert record.all.dollars_predicted == pytest.approx(sum(row["expected_recovery"] for row in scored.values()))


def test_places_and_deciles_count_everyone_once_except_small_cells(runs: Path, monitoring: Monitoring) -> None:
    for record in monitoring.lists:
        for parts in (record.places, record.deciles):
            assert sum(part.rows for part in parts) <= record.all.rows
            assert all(part.rows >= 11 for part in parts)
    record = next(record for record in monitoring.lists if record.list == "patient_pay")
    listed = {row["id"] for row in pq.read_table(runs / str(THEN) / LISTED_FILE).to_pylist()}
    scored = pq.read_table(runs / str(THEN) / "payment_scores.parquet").to_pylist()
    eligible = [row for row in scored if row["guarantor_id"] in listed and not row["suppressed_by"]]
    assert next(part.rows for part in record.places if part.name == "listed") == len(eligible)


def test_a_run_whose_horizon_has_not_passed_waits(hospital: Hospital, monitoring: Monitoring) -> None:
    assert {day for day, _, _ in monitoring.waiting} == {hospital.as_of} or not monitoring.waiting
    assert all(record.day == THEN for record in monitoring.lists)


def test_without_a_matured_run_the_error_gives_the_date_on_which_one_matures(hospital: Hospital, runs: Path) -> None:
    with (
        load_extract(hospital.extract) as extract,
        pytest.raises(WrongUsageError, match=r"the first run matures on 2026-\d\d-\d\d"),
    ):
        monitor_runs(runs, extract, THEN + timedelta(days=5))


def test_an_extract_that_ends_too_soon_is_refused(hospital: Hospital, runs: Path) -> None:
    with load_extract(hospital.extract) as extract, pytest.raises(WrongUsageError, match="is complete up to"):
        monitor_runs(runs, extract, hospital.as_of + timedelta(days=1))


def test_a_folder_without_runs_is_refused(hospital: Hospital, tmp_path: Path) -> None:
    with load_extract(hospital.extract) as extract, pytest.raises(WrongUsageError, match="has no run"):
        monitor_runs(tmp_path, extract, hospital.as_of)


def test_a_gap_is_off_when_it_is_significant_and_large_enough() -> None:
    result = PredictedActual(
        "all", 1000, predicted=300.0, actual=310, std_error=14.0, dollars_predicted=None, dollars_actual=None
    )
    assert not result.off
    assert replace(result, actual=360).off
    assert not replace(result, predicted=3000.0, actual=3100).off, "significant, but only a thirtieth"
    assert not replace(result, actual=360, std_error=40.0).off, "large, but within chance"


def test_the_page_and_the_json_have_no_ids_and_are_reproducible(runs: Path, monitoring: Monitoring) -> None:
    page, content = render_monitor(monitoring), monitor_json(monitoring)
    assert (page, content) == (render_monitor(monitoring), monitor_json(monitoring))
    ids = {row["account_id"] for row in pq.read_table(runs / str(THEN) / "payment_scores.parquet").to_pylist()}
    assert not [name for name in ids if name in page.decode() + content.decode()]
    assert json.loads(content)["lists"][0]["all"]["rows"] == monitoring.lists[0].all.rows

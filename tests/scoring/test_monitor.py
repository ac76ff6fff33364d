"""Looking back: what came is counted from the ledger as anyone would, and a promise that failed is called off."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from payrank.extracts.errors import WrongUsageError
from payrank.extracts.load.load_extract import load_extract
from payrank.models.bundle import read_bundle
from payrank.scoring.monitoring.monitor import monitor_runs
from payrank.scoring.monitoring.monitor_page import monitor_json, render_monitor
from payrank.scoring.monitoring.records import Kept, Monitoring
from payrank.scoring.past_run import LISTED_FILE

THEN = date(2026, 5, 4)


@pytest.fixture(scope="module")
def runs(hospital: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of half a year before the extract's day, and one of that day."""
    folder = tmp_path_factory.mktemp("looked-back") / "runs"
    hospital.score(folder, as_of=THEN, explain="listed")
    hospital.score(folder, explain="listed")
    return folder


@pytest.fixture(scope="module")
def found(hospital: Any, runs: Path) -> Monitoring:
    with load_extract(hospital.extract) as extract:
        return monitor_runs(runs, extract, hospital.as_of)


def test_what_came_is_what_the_ledger_says(hospital: Any, runs: Path, found: Monitoring) -> None:
    watched = next(one for one in found.watched if one.list == "patient_pay")
    horizon = read_bundle(hospital.bundles["payment"]).manifest.horizon_days or 0
    scored = {row["account_id"]: row for row in pq.read_table(runs / str(THEN) / "payment_scores.parquet").to_pylist()}
    paid: dict[str, float] = {}
    for row in pq.read_table(hospital.extract / "transactions.parquet").to_pylist():
        if row["kind"] == "patient_payment" and THEN <= row["posted_on"] < THEN + timedelta(days=horizon):
            paid[row["account_id"]] = paid.get(row["account_id"], 0.0) - float(row["amount"])
    assert watched.scored == watched.all.rows == len(scored) > 100
    assert watched.all.came == sum(paid.get(account, 0.0) > 0 for account in scored) > 20
    assert watched.all.promised == pytest.approx(sum(row["probability"] for row in scored.values()))
    came = sum(min(max(paid.get(one, 0.0), 0.0), float(row["patient_balance"])) for one, row in scored.items())
    assert watched.all.dollars_came == pytest.approx(came, rel=1e-6)
    assert watched.all.dollars_promised == pytest.approx(sum(row["expected_recovery"] for row in scored.values()))


def test_places_and_tenths_tell_everyone_once_but_small_cells(runs: Path, found: Monitoring) -> None:
    for one in found.watched:
        for parts in (one.places, one.tenths):
            assert sum(part.rows for part in parts) <= one.all.rows
            assert all(part.rows >= 11 for part in parts)
    watched = next(one for one in found.watched if one.list == "patient_pay")
    listed = {row["id"] for row in pq.read_table(runs / str(THEN) / LISTED_FILE).to_pylist()}
    scored = pq.read_table(runs / str(THEN) / "payment_scores.parquet").to_pylist()
    free = [row for row in scored if row["guarantor_id"] in listed and not row["suppressed_by"]]
    assert next(part.rows for part in watched.places if part.name == "listed") == len(free)


def test_a_run_whose_horizon_has_not_passed_waits(hospital: Any, found: Monitoring) -> None:
    assert {day for day, _, _ in found.waiting} == {hospital.as_of} or not found.waiting
    assert all(one.day == THEN for one in found.watched)


def test_nothing_ripe_is_refused_with_the_day_to_look_again(hospital: Any, runs: Path) -> None:
    with (
        load_extract(hospital.extract) as extract,
        pytest.raises(WrongUsageError, match=r"the first is on 2026-\d\d-\d\d"),
    ):
        monitor_runs(runs, extract, THEN + timedelta(days=5))


def test_an_extract_that_ends_too_soon_is_refused(hospital: Any, runs: Path) -> None:
    with load_extract(hospital.extract) as extract, pytest.raises(WrongUsageError, match="knows everything before"):
        monitor_runs(runs, extract, hospital.as_of + timedelta(days=1))


def test_a_folder_without_runs_is_refused(hospital: Any, tmp_path: Path) -> None:
    with load_extract(hospital.extract) as extract, pytest.raises(WrongUsageError, match="holds no run"):
        monitor_runs(tmp_path, extract, hospital.as_of)


def test_a_gap_is_off_when_it_is_beyond_chance_and_matters() -> None:
    kept = Kept("all", 1000, promised=300.0, came=310, error=14.0, dollars_promised=None, dollars_came=None)
    assert not kept.off
    assert replace(kept, came=360).off
    assert not replace(kept, promised=3000.0, came=3100).off, "beyond chance, and a thirtieth"
    assert not replace(kept, came=360, error=40.0).off, "large, and within chance"


def test_the_page_and_the_json_name_nobody_and_are_the_same_twice(runs: Path, found: Monitoring) -> None:
    page, figures = render_monitor(found), monitor_json(found)
    assert (page, figures) == (render_monitor(found), monitor_json(found))
    ids = {row["account_id"] for row in pq.read_table(runs / str(THEN) / "payment_scores.parquet").to_pylist()}
    assert not [one for one in ids if one in page.decode() + figures.decode()]
    assert json.loads(figures)["watched"][0]["all"]["rows"] == found.watched[0].all.rows

"""The next run: late corrections take effect, and a damaged earlier run does not hold up the lists."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from payrank.extracts.load.load_extract import load_extract
from payrank.scoring.monitoring.monitor import monitor_runs
from tests.conftest import Hospital

pytestmark = pytest.mark.slow


def changes_of(run: Path) -> list[dict[str, str]]:
    with (run / "changes.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_a_late_payment_with_an_earlier_date_takes_effect_on_the_next_run(
    hospital: Hospital, runs: Path, tmp_path: Path
) -> None:
    then = runs / "2026-11-20"
    tomorrow = hospital.as_of + timedelta(days=1)
    same = hospital.score(runs, as_of=tomorrow).folder
    left = {row["id"] for row in changes_of(same) if row["change"] == "left"}
    scores = pq.read_table(then / "payment_scores.parquet").to_pylist()
    row = next(
        row
        for row in sorted(scores, key=lambda row: row["rank"] or len(scores))
        if row["guarantor_id"] not in left
        and [other["guarantor_id"] for other in scores].count(row["guarantor_id"]) == 1
    )
    query = (
        "SELECT * FROM {table} UNION ALL BY NAME SELECT 'LATE-1' AS transaction_id, "
        f"'{row['account_id']}' AS account_id, DATE '2026-11-02' AS posted_on, 'patient_payment' AS kind, "
        f"CAST(-{row['patient_balance']:.2f} AS DECIMAL(12, 2)) AS amount, 'patient' AS responsibility"
    )
    corrected = hospital.copy(tmp_path / "corrected", transactions=query)
    run = hospital.score(runs, corrected, as_of=tomorrow).folder
    change = next(change for change in changes_of(run) if change["id"] == row["guarantor_id"])
    assert (change["change"], change["why"].split(":")[0]) == ("left", "Resolved")
    assert row["account_id"] not in (run / "worklists/patient_pay.csv").read_text("utf-8-sig")


def _torn(run: Path) -> None:
    scores = run / "payment_scores.parquet"
    scores.write_bytes(scores.read_bytes()[:1000])


def _gone(run: Path) -> None:
    (run / "payment_scores.parquet").unlink()


def _without(column: str) -> Callable[[Path], None]:
    def change(run: Path) -> None:
        scores = run / "payment_scores.parquet"
        pq.write_table(pq.read_table(scores).drop_columns([column]), scores)

    return change


@pytest.mark.parametrize(
    "change",
    [_torn, _gone, _without("suppressed_by"), _without("reasons")],
    ids=["torn", "gone", "no rules", "no reasons"],
)
def test_a_damaged_earlier_run_prevents_the_comparison_but_not_the_lists(
    hospital: Hospital, runs: Path, change: Callable[[Path], None]
) -> None:
    change(runs / "2026-11-20")
    run = hospital.score(runs, as_of=hospital.as_of + timedelta(days=1), explain="listed").folder
    assert (run / "worklists/patient_pay.csv").is_file()
    assert "Changes since the last patient pay list are not shown" in (run / "report.html").read_text()
    assert {row["list"] for row in changes_of(run)} <= {"denials"}


@pytest.fixture(scope="module")
def half_a_year_ago(hospital: Hospital, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that has matured."""
    folder = tmp_path_factory.mktemp("matured") / "runs"
    hospital.score(folder, as_of=date(2026, 5, 4), explain="listed")
    return folder


@pytest.mark.parametrize("harm", ["scores", "listed", "manifest"])
def test_monitoring_skips_unreadable_runs_and_reports_them(
    hospital: Hospital, half_a_year_ago: Path, tmp_path: Path, harm: str
) -> None:
    folder = shutil.copytree(half_a_year_ago, tmp_path / "runs", symlinks=True)
    bad = shutil.copytree(folder / "2026-05-04", folder / "2026-05-05")
    file = {"scores": "payment_scores.parquet", "listed": "listed.parquet", "manifest": "manifest.json"}[harm]
    (bad / file).write_bytes(b"{")
    messages: list[str] = []
    with load_extract(hospital.extract) as extract:
        monitoring = monitor_runs(folder, extract, hospital.as_of, progress=messages.append)
    assert "skipped the patient pay scores of 2026-05-05: they cannot be read" in " ".join(messages)
    assert date(2026, 5, 4) in {record.day for record in monitoring.lists if record.list == "patient_pay"}
    assert date(2026, 5, 5) not in {record.day for record in monitoring.lists if record.list == "patient_pay"}

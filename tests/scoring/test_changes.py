"""Changes since the last lists: everyone who entered, left, or moved appears once, with the right reason."""

from __future__ import annotations

import csv
import io
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from payrank.scoring.past_run import LISTED_FILE
from payrank.scoring.reports.changes import LineChange, ListChanges, compare_runs, render_changes
from payrank.scoring.settings import ScoringSettings
from tests.conftest import Hospital

pytestmark = pytest.mark.slow

RULES = {"S5": ("Promise not yet due", "house"), "H1": ("Bankruptcy stay or discharge", "11 USC 362")}
MODEL = "a" * 64


def score(account: str, value: float, rank: int | None, **more: Any) -> dict[str, Any]:
    reasons = [
        {"feature": name, "value": "", "contribution": contribution, "text": text}
        for name, (contribution, text) in more.pop("reasons", {}).items()
    ]
    row = {"account_id": account, "guarantor_id": account.replace("A", "G"), "patient_balance": 100.0}
    return {**row, "expected_value": value, "rank": rank, "suppressed_by": [], "reasons": reasons, **more}


def write_run(folder: Path, rows: list[dict[str, Any]], listed: list[str], day: str, model: str = MODEL) -> Path:
    folder.mkdir(parents=True)
    pq.write_table(pa.Table.from_pylist(rows), folder / "payment_scores.parquet")
    lines = {"list": ["patient_pay"] * len(listed), "id": listed, "line": list(range(1, len(listed) + 1))}
    pq.write_table(pa.table(lines), folder / LISTED_FILE)
    (folder / "manifest.json").write_text(
        f'{{"as_of": "{day}", "models": {{"payment": {{"digest": "{model}"}}, "overturn": null}}, '
        '"counts": {"patient_pay": {"unpublished": null}}}'
    )
    return folder


def changes_of(
    tmp_path: Path, then: Any, now: Any, listed_then: list[str], listed_now: list[str], model: str = MODEL
) -> dict[str, LineChange]:
    before = write_run(tmp_path / "then", then, listed_then, "2026-11-19")
    after = write_run(tmp_path / "now", now, listed_now, "2026-11-20", model)
    changes = compare_runs(before, after, "2026-11-20", {"patient_pay": model}, RULES)
    assert changes.since == "2026-11-19"
    assert len({row.id for row in changes.rows}) == len(changes.rows), "each appears once"
    return {row.id: row for row in changes.rows}


def test_an_entry_is_new_released_by_a_rule_more_valuable_or_due_to_capacity(tmp_path: Path) -> None:
    then = [
        score("A2", 50.0, None, suppressed_by=["S5"]),
        score("A3", 5.0, 1, reasons={"days_since": (0.1, "Last payment 90 days ago")}),
        score("A4", 8.0, 2),
    ]
    now = [
        score("A1", 90.0, 1),
        score("A2", 50.0, 2),
        score("A3", 40.0, 3, reasons={"days_since": (0.9, "Last payment 3 days ago"), "age": (0.2, "Young")}),
        score("A4", 8.0, 4),
    ]
    changes = changes_of(tmp_path, then, now, [], ["G1", "G2", "G3", "G4"])
    assert {name: (change.kind, change.cause) for name, change in changes.items()} == {
        "G1": ("entered", "new"),
        "G2": ("entered", "rule lifted"),
        "G3": ("entered", "reasons"),
        "G4": ("entered", "others"),
    }
    assert changes["G2"].why == "No longer suppressed by rule S5, promise not yet due"
    assert changes["G3"].why == "Expected value changed from $5 to $40: Last payment 3 days ago"
    assert (changes["G1"].before, changes["G1"].now) == (None, 1)


def test_an_exit_is_resolved_suppressed_less_valuable_or_displaced(tmp_path: Path) -> None:
    then = [score(f"A{n}", 90.0 - n, n) for n in range(1, 5)]
    now = [
        score("A2", 88.0, None, suppressed_by=["H1"]),
        score("A3", 20.0, 1, patient_balance=25.0),
        score("A4", 86.0, 2),
    ]
    changes = changes_of(tmp_path, then, now, ["G1", "G2", "G3", "G4"], [])
    assert {name: (change.kind, change.cause) for name, change in changes.items()} == {
        "G1": ("left", "resolved"),
        "G2": ("left", "rule"),
        "G3": ("left", "amount"),
        "G4": ("left", "others"),
    }
    assert changes["G2"].why == "Suppressed by rule H1, bankruptcy stay or discharge"
    assert changes["G3"].why == "Amount at stake changed from $100 to $25"


def test_ten_ranks_up_or_down_are_a_move_and_fewer_are_not(tmp_path: Path) -> None:
    names = [f"A{n:02d}" for n in range(30)]
    scores = [score(name, 100.0 - place, place + 1) for place, name in enumerate(names)]
    lines = [name.replace("A", "G") for name in names]
    moved = [*lines[1:20], lines[0], *lines[20:]]
    changes = changes_of(tmp_path, scores, scores, lines, moved)
    assert [(row.id, row.before, row.now, row.cause) for row in changes.values()] == [("G00", 1, 20, "others")]


def test_a_different_model_is_given_before_the_reasons(tmp_path: Path) -> None:
    changes = changes_of(tmp_path, [score("A1", 9.0, 1)], [score("A1", 90.0, 1)], [], ["G1"], model="b" * 64)
    assert changes["G1"].cause == "different model"


def test_a_household_counts_once_with_the_sum_of_its_eligible_accounts(tmp_path: Path) -> None:
    then = [score("A1", 10.0, 1), score("B1", 5.0, 2, guarantor_id="G1", patient_balance=50.0)]
    now = [score("A1", 10.0, 1), score("B1", 5.0, None, guarantor_id="G1", suppressed_by=["S5"])]
    changes = changes_of(tmp_path, then, now, ["G1"], [])
    assert changes["G1"].why == "Amount at stake changed from $150 to $100"


def test_the_csv_is_safe_for_spreadsheets(tmp_path: Path) -> None:
    odd = LineChange("patient_pay", "left", "=1+1", 3, None, "rule", "-a\nb")
    rows = list(csv.reader(io.StringIO(render_changes(ListChanges("2026-11-19", (odd,))).decode())))
    assert rows[1] == ["patient_pay", "left", "'=1+1", "3", "", "'-a b"]


@pytest.fixture(scope="module")
def two_runs(hospital: Hospital, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two runs on consecutive days over the same extract; the second has more capacity."""
    runs = tmp_path_factory.mktemp("two") / "runs"
    hospital.score(runs, settings=ScoringSettings(capacity=40), explain="listed")
    hospital.score(
        runs, settings=ScoringSettings(capacity=60), explain="listed", as_of=hospital.as_of + timedelta(days=1)
    )
    return runs


def test_the_second_run_reports_everyone_whose_place_on_a_list_changed(two_runs: Path) -> None:
    days = [date(2026, 11, 20), date(2026, 11, 21)]
    listed = [
        {(row["list"], row["id"]) for row in pq.read_table(two_runs / str(day) / LISTED_FILE).to_pylist()}
        for day in days
    ]
    assert not (two_runs / "2026-11-20/changes.csv").exists(), "there was nothing to compare with"
    with (two_runs / "2026-11-21/changes.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for kind, expected in (("entered", listed[1] - listed[0]), ("left", listed[0] - listed[1])):
        assert {(row["list"], row["id"]) for row in rows if row["change"] == kind} == expected
    assert any(row["change"] == "entered" for row in rows)
    assert all(row["why"] for row in rows)


def test_the_report_counts_the_changes_by_reason_without_ids(two_runs: Path) -> None:
    page = (two_runs / "2026-11-21/report.html").read_text()
    assert "Changes since 2026-11-20" in page
    ids = {row["id"] for row in pq.read_table(two_runs / "2026-11-21" / LISTED_FILE).to_pylist()}
    assert not [name for name in ids if name in page]

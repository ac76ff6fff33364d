"""`payrank score` as the nightly job sees it: exit codes, the last line, and earlier lists after a failed run."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from payrank.scoring.publishing.publish import hold_lock
from tests.conftest import Hospital
from tests.payrank.conftest import Result, Run

pytestmark = pytest.mark.slow


@pytest.fixture
def score(payrank: Run, hospital: Hospital, tmp_path: Path) -> Run:
    """Score the hospital with its two bundles into `tmp_path/runs`."""

    def run(*more: object, extract: Path | None = None, as_of: object = hospital.as_of) -> Result:
        bundles = ("--payment", hospital.bundles["payment"], "--overturn", hospital.bundles["overturn"])
        where = ("--as-of", as_of, "--out", tmp_path / "runs")
        return payrank("score", extract or hospital.extract, *where, *bundles, *more)

    return run


def files_of(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_run_prints_its_stages_on_stderr_and_its_counts_on_stdout(score: Run, tmp_path: Path) -> None:
    result = score()
    assert result.code == 0
    stages = result.err.strip().splitlines()
    assert [line.split()[0] for line in stages] == "loaded using scored listed scored listed wrote".split()
    assert all(line.endswith(" s)") for line in stages)
    counts = json.loads((tmp_path / "runs/current/manifest.json").read_text())["counts"]
    for title, name in (("Patient pay (accounts)", "patient_pay"), ("Denials", "denials")):
        row = next(line for line in result.out.splitlines() if line.startswith(title))
        shown = [int(figure.replace(",", "")) for figure in row.removeprefix(title).split()]
        assert shown == [counts[name][key] for key in ("in", "listed", "over_capacity", "suppressed", "quarantined")]
    assert f"Open:      {tmp_path / 'runs/2026-11-20/report.html'}" in result.out


def test_log_json_prints_one_line_of_json_per_stage(score: Run, tmp_path: Path) -> None:
    result = score("--log", "json", "--dry-run")
    assert result.code == 0
    lines = [json.loads(line) for line in result.err.strip().splitlines()]
    assert [line["stage"] for line in lines[:3]] == ["load", "models", "payment scores"]
    assert lines[2]["accounts"] > 0
    assert all(line["seconds"] >= 0 and line["message"] for line in lines)
    assert "Dry run: nothing was published" in result.out
    assert not (tmp_path / "runs/current").exists()


def test_a_refusal_is_logged_as_json_and_explained_on_the_last_line(score: Run) -> None:
    result = score("--log", "json", as_of="2026-11-30")
    assert result.code == 4
    *log, last = result.err.strip().splitlines()
    assert json.loads(log[-1]) == {
        "stage": "refused",
        "message": "nothing was published: OutOfLineError",
        "seconds": 0.0,
        "code": 4,
    }
    assert "10 days before" in last


@pytest.mark.parametrize(
    ("capacity", "message"),
    [
        ("0", "A capacity of 0 lists nothing"),
        ("-3", "greater than or equal to 0"),
        ("lots.toml", "neither a number of lines per day nor a readable TOML file (FileNotFoundError)"),
        ("by_queue.toml", "unknown queue 'apeal'; did you mean 'appeal'"),
    ],
)
def test_a_capacity_of_zero_or_an_unreadable_one_is_wrong_usage_and_changes_nothing(
    score: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capacity: str, message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "by_queue.toml").write_text("apeal = 5\n")
    result = score("--capacity", capacity)
    assert result.code == 2
    assert message in " ".join(result.err.split())
    assert not (tmp_path / "runs").exists()


def test_capacity_by_queue_and_weekday_can_come_from_a_file(score: Run, tmp_path: Path) -> None:
    (tmp_path / "team.toml").write_text("denials = 3\nrebill = 1\ncall = { fri = 2 }\n")
    assert score("--capacity", tmp_path / "team.toml", "--explain", "listed").code == 0
    lines = (tmp_path / "runs/current/worklists/patient_pay.csv").read_text("utf-8-sig").splitlines()[1:]
    assert sum(",call," in line for line in lines) == 2
    settings = json.loads((tmp_path / "runs/current/manifest.json").read_text())["settings"]
    assert settings["capacity"] == {"lines": {"denials": 3, "rebill": 1, "call": {"fri": 2}}}


def _tamper(hospital: Hospital, tmp_path: Path) -> dict[str, Any]:
    bundle = shutil.copytree(hospital.bundles["payment"], tmp_path / "tampered")
    trees = next(bundle.glob("*.txt"))
    trees.write_text(trees.read_text().replace("leaf_value=", "leaf_value=9", 1))
    return {"more": ("--payment", bundle)}


def _torn(hospital: Hospital, tmp_path: Path) -> dict[str, Any]:
    query = "SELECT * REPLACE ('PLANTED-ROW-77' AS kind) FROM {table}"
    return {"extract": hospital.copy(tmp_path / "torn", transactions=query)}


def _duplicate(hospital: Hospital, tmp_path: Path) -> dict[str, Any]:
    query = "SELECT * REPLACE ('PLANTED-ID-123' AS account_id) FROM {table}"
    return {"extract": hospital.copy(tmp_path / "torn", accounts=query)}


def _shrunken(hospital: Hospital, tmp_path: Path) -> dict[str, Any]:
    query = "SELECT * FROM {table} LIMIT 900"
    return {"extract": hospital.copy(tmp_path / "small", accounts=query), "as_of": "2026-11-21"}


def _site_attribute(hospital: Hospital, tmp_path: Path) -> dict[str, Any]:
    extract = hospital.copy(tmp_path / "wing", accounts="SELECT *, 'PLANTED-WING' AS wing FROM {table}")
    with (extract / "extract.toml").open("a") as file:
        file.write('\n[attributes.accounts]\nwing = "category"\n')
    return {"extract": extract}


def _settings(text: str) -> Any:
    def change(hospital: Hospital, tmp_path: Path) -> dict[str, Any]:
        (tmp_path / "site.toml").write_text(text)
        return {"more": ("--settings", tmp_path / "site.toml")}

    return change


WRONG = {
    "unknown setting": (_settings("[scoring]\ncapcity = 1"), 2, "did you mean 'capacity'"),
    "unknown rule waived": (
        _settings("[[scoring.waive]]\nrule = 'H21'\nreason = 'we never needed it'"),
        2,
        "unknown rule 'H21'; did you mean",
    ),
    "no folder": (lambda *_: {"extract": Path("nowhere")}, 3, "no such folder"),
    "torn rows": (_torn, 3, "rows of transactions violate the contract"),
    "one key, many rows": (_duplicate, 3, "accounts"),
    "too old": (lambda *_: {"as_of": "2026-11-30"}, 4, "10 days before"),
    "shrunken": (_shrunken, 4, "900 rows compared with 2,000"),
    "no bundle": (lambda *_: {"more": ("--payment", "nowhere")}, 5, "no model bundle at nowhere"),
    "tampered": (_tamper, 5, "was changed after it was written"),
    "the other kind": (lambda home, _: {"more": ("--payment", home.bundles["overturn"])}, 5, "payment is needed"),
    "other features": (_site_attribute, 5, "site_wing"),
    "no registry": (lambda *_: {"more": ("--payment", "models:/payrank-payment@champion")}, 5, "payrank train payment"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_failed_run_exits_with_its_code_says_why_and_leaves_earlier_lists_unchanged(
    score: Run, hospital: Hospital, runs: Path, tmp_path: Path, case: str
) -> None:
    change, code, says = WRONG[case]
    before = files_of(runs)
    arguments = change(hospital, tmp_path)
    result = score(*arguments.pop("more", ()), **arguments)
    assert result.code == code
    assert result.last.startswith("payrank: ")
    assert says in result.last
    assert "PLANTED" not in result.err + result.out
    after = files_of(runs)
    after.pop(".lock")
    before.pop(".lock")
    assert after == before
    assert (runs / "current").resolve().name == "2026-11-20"


def test_a_second_run_exits_at_once_instead_of_waiting(score: Run, tmp_path: Path) -> None:
    with hold_lock(tmp_path / "runs"):
        result = score()
    assert result.code == 6
    assert "Another run holds the lock" in result.last
    assert not (tmp_path / "runs/current").exists()


def test_no_value_from_a_patients_row_is_printed(score: Run, hospital: Hospital) -> None:
    result = score()
    for table, column in (("accounts", "account_id"), ("guarantors", "guarantor_id"), ("denials", "denial_id")):
        ids = pq.read_table(hospital.extract / f"{table}.parquet")[column].to_pylist()
        words = set((result.out + result.err).replace("/", " ").split())
        assert not words & set(ids)


def test_scoring_without_any_model_exits_with_5(payrank: Run, hospital: Hospital, tmp_path: Path) -> None:
    result = payrank("score", hospital.extract, "--as-of", hospital.as_of, "--out", tmp_path / "runs")
    assert result.code == 5
    assert "no payment model" in result.last
    assert "payrank train payment" in result.last


def test_one_model_gives_one_list_and_says_why_the_other_is_missing(
    payrank: Run, hospital: Hospital, tmp_path: Path
) -> None:
    where = ("--as-of", hospital.as_of, "--out", tmp_path / "runs", "--overturn", hospital.bundles["overturn"])
    result = payrank("score", hospital.extract, *where)
    assert result.code == 0
    assert "No patient pay list: no payment model" in result.out
    assert not list((tmp_path / "runs/current/worklists").glob("patient_pay*"))

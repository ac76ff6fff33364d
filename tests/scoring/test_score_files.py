"""The score files follow the contract, and their numbers are what they claim to be."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from payrank.scoring.action_table import read_actions
from tests.conftest import FinishedRun, Hospital

REASON = pa.struct(
    [("feature", pa.string()), ("value", pa.string()), ("contribution", pa.float64()), ("text", pa.string())]
)
PAYMENT = {
    "account_id": pa.string(),
    "guarantor_id": pa.string(),
    "patient_balance": pa.float64(),
    "probability": pa.float64(),
    "expected_share": pa.float64(),
    "expected_recovery": pa.float64(),
    "expected_value": pa.float64(),
    "rank": pa.int64(),
    "queue": pa.string(),
    "suppressed_by": pa.list_(pa.string()),
    "base_value": pa.float64(),
    "reasons": pa.list_(REASON),
}
DENIALS = {
    "denial_id": pa.string(),
    "account_id": pa.string(),
    "payer_id": pa.string(),
    "denied_amount": pa.float64(),
    "probability": pa.float64(),
    "expected_recovery": pa.float64(),
    "expected_value": pa.float64(),
    "rank": pa.int64(),
    "due_on": pa.date32(),
    "due_on_source": pa.string(),
    "work_on": pa.date32(),
    "queue": pa.string(),
    "suppressed_by": pa.list_(pa.string()),
    "base_value": pa.float64(),
    "reasons": pa.list_(REASON),
}
FILES = (("payment_scores.parquet", PAYMENT), ("denial_scores.parquet", DENIALS))


@pytest.mark.parametrize(("name", "columns"), FILES)
def test_a_score_file_has_the_columns_and_types_of_the_contract_in_order(
    finished_run: FinishedRun, name: str, columns: dict[str, pa.DataType]
) -> None:
    schema = pq.read_schema(finished_run.folder / name)
    assert schema.names[: len(columns)] == list(columns)
    assert {field.name: field.type for field in schema if field.name in columns} == columns


def test_a_run_has_the_files_of_the_contract_and_current_points_to_it(finished_run: FinishedRun) -> None:
    run: Path = finished_run.folder
    files = {str(path.relative_to(run)) for path in run.rglob("*") if path.is_file()}
    lists = {f"worklists/{name}.{kind}" for name in ("patient_pay", "denials") for kind in ("csv", "xlsx", "html")}
    assert files == lists | {
        "payment_scores.parquet",
        "denial_scores.parquet",
        "listed.parquet",
        "report.html",
        "manifest.json",
        "timings.json",
    }
    assert (finished_run.out / "current").resolve() == run.resolve()
    assert run.name == "2026-11-20"


@pytest.mark.parametrize(("name", "columns"), FILES)
def test_base_value_and_contributions_sum_to_the_raw_score_on_every_row(
    finished_run: FinishedRun, name: str, columns: dict[str, pa.DataType]
) -> None:
    rows = pq.read_table(finished_run.folder / name).to_pylist()
    assert rows
    explained = [row["base_value"] + sum(reason["contribution"] for reason in row["reasons"]) for row in rows]
    np.testing.assert_allclose(explained, [row["raw_score"] for row in rows], rtol=0, atol=1e-6)


@pytest.mark.parametrize(("name", "columns"), FILES)
def test_reasons_are_sorted_by_strength_and_end_with_the_sum_of_the_rest(
    finished_run: FinishedRun, name: str, columns: dict[str, pa.DataType]
) -> None:
    for row in pq.read_table(finished_run.folder / name).to_pylist():
        *shown, rest = row["reasons"]
        assert rest["feature"] == "all_other"
        assert "all_other" not in {reason["feature"] for reason in shown}
        strengths = [abs(reason["contribution"]) for reason in shown]
        assert strengths == sorted(strengths, reverse=True)
        assert all(reason["text"] for reason in row["reasons"])


def test_accounts_are_ranked_by_expected_value_and_suppressed_ones_have_no_rank(finished_run: FinishedRun) -> None:
    rows = pq.read_table(finished_run.folder / "payment_scores.parquet").to_pylist()
    eligible = sorted((row for row in rows if not row["suppressed_by"]), key=lambda row: row["rank"])
    assert [row["rank"] for row in eligible] == list(range(1, len(eligible) + 1))
    values = [row["expected_value"] for row in eligible]
    assert values == sorted(values, reverse=True)
    suppressed = [row for row in rows if row["suppressed_by"]]
    assert suppressed
    assert all(row["rank"] is None and row["queue"] != "patient_pay" for row in suppressed)


def test_an_accounts_value_is_balance_times_share_less_cost(finished_run: FinishedRun) -> None:
    for row in pq.read_table(finished_run.folder / "payment_scores.parquet").to_pylist():
        assert 0 <= row["expected_share"] <= row["probability"] <= 1
        assert row["expected_recovery"] == pytest.approx(row["patient_balance"] * row["expected_share"])
        present_value = row["expected_recovery"] * 1.08 ** (-row["expected_days"] / 365)
        assert -0.05 <= present_value - row["expected_value"] <= 10.05
        assert 0 < row["expected_days"] < 120


def test_a_denials_value_is_recovery_less_cost_and_zero_after_its_deadline(finished_run: FinishedRun) -> None:
    rows = pq.read_table(finished_run.folder / "denial_scores.parquet").to_pylist()
    late = [row for row in rows if "D1" in row["suppressed_by"]]
    known = [row for row in late if row["denied_amount"] is not None]
    assert known
    assert all(row["expected_value"] == 0 and row["expected_recovery"] == 0 for row in known)
    open_denials = [row for row in rows if "D1" not in row["suppressed_by"] and row["denied_amount"] is not None]
    assert open_denials
    action_of = {action.queue: action for action in read_actions().denials}
    for row in [row for row in open_denials if not row["suppressed_by"] and row["queue"] in {"appeal", "rebill"}]:
        present_value = row["expected_recovery"] * 1.08 ** (-row["expected_days"] / 365)
        assert row["expected_value"] == pytest.approx(present_value - action_of[row["queue"]].cost, rel=2e-3, abs=1)
    for row in open_denials:
        assert row["expected_recovery"] <= row["denied_amount"] * row["probability"] + 1e-9


def test_an_unknown_amount_makes_every_dependent_number_unknown(finished_run: FinishedRun) -> None:
    rows = pq.read_table(finished_run.folder / "denial_scores.parquet").to_pylist()
    unknown = [row for row in rows if row["denied_amount"] is None]
    assert unknown
    assert all(row["expected_value"] is None and row["expected_recovery"] is None for row in unknown)
    assert all(row["probability"] is not None for row in unknown)


def test_every_denial_shows_its_deadline_and_its_source(finished_run: FinishedRun) -> None:
    for row in pq.read_table(finished_run.folder / "denial_scores.parquet").to_pylist():
        assert row["due_on"] is not None
        assert row["due_on_source"]


def test_the_manifest_lists_inputs_models_settings_counts_and_every_file(
    finished_run: FinishedRun, hospital: Hospital
) -> None:
    manifest = json.loads((finished_run.folder / "manifest.json").read_text())
    assert set(manifest["inputs"]) == {path.name for path in hospital.extract.iterdir() if path.is_file()}
    assert manifest["models"]["payment"]["name"] == "small payment"
    assert len(manifest["models"]["overturn"]["digest"]) == 64
    assert manifest["settings"]["annual_discount_rate"] == 0.08
    files = {str(path.relative_to(finished_run.folder)) for path in finished_run.folder.rglob("*") if path.is_file()}
    assert set(manifest["files"]) == files - {"manifest.json", "timings.json"}

"""Bad input at the command line: refused or warned with numbers and the next step, as a newcomer reads it."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Hospital
from tests.payrank.conftest import Run

pytestmark = pytest.mark.slow

QUICK = """
[payment]
snapshots = {snapshots}
[training]
min_outcomes = {fewest}
max_n_estimators = 20
share_n_estimators = 5
timing_n_estimators = 5
members = [{{ seeds = [1], n_estimators = 20 }}]
"""


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, empty_store: Path) -> Path:
    """An MLflow store without a run."""
    shutil.copy(empty_store, tmp_path / "runs.db")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path / 'runs.db'}")
    return tmp_path / "runs.db"


UNPAID = {"transactions": "SELECT * FROM {table} WHERE kind <> 'patient_payment'"}
UPHELD = {"appeals": "SELECT * REPLACE (CASE WHEN outcome IS NULL THEN NULL ELSE 'upheld' END AS outcome) FROM {table}"}


@pytest.mark.parametrize(
    ("kind", "tables", "says", "advises"),
    [
        ("payment", UNPAID, r"only one kind of outcome: 0 that happened", "patient_payment"),
        (
            "overturn",
            UPHELD,
            r"only one kind of outcome: 0 that happened",
            "decided_on, outcome",
        ),
    ],
    ids=["nobody paid", "nothing overturned"],
)
def test_labels_with_only_one_outcome_are_refused_with_counts_and_where_to_look(
    payrank: Run, hospital: Hospital, tmp_path: Path, kind: str, tables: dict[str, Any], says: str, advises: str
) -> None:
    Path("payrank.toml").write_text(QUICK.format(snapshots=4, fewest=50))
    result = payrank("train", kind, hospital.copy(tmp_path / "bad", **tables), "--as-of", hospital.as_of)
    assert result.code == 5
    assert says in result.last
    assert "needed: 50 of each" in result.last
    assert advises in result.last
    assert result.out == ""


@pytest.mark.parametrize(
    ("as_of", "snapshots", "code", "says"),
    [
        (
            "2027-06-01",
            6,
            2,
            "the as-of date 2027-06-01 is after the extract's own as-of date 2026-11-20",
        ),
        ("2024-06-01", 6, 2, "no account snapshot has matured as of 2024-06-01"),
        ("2026-11-20", 2, 5, "too little history to validate on later time: 2 snapshots from 2026-06-23 to 2026-07-23"),
    ],
    ids=["a day that the extract does not reach", "before any label has matured", "two snapshots"],
)
def test_labels_not_yet_matured_or_unknown_are_refused_with_dates_and_what_to_do(
    payrank: Run, hospital: Hospital, as_of: str, snapshots: int, code: int, says: str
) -> None:
    Path("payrank.toml").write_text(QUICK.format(snapshots=snapshots, fewest=11))
    result = payrank("train", "payment", hospital.extract, "--as-of", as_of)
    assert (result.code, says in result.last) == (code, True), result.last
    remedies = ("Choose an earlier date", "Train as of a later day", "send more history")
    assert any(remedy in result.last for remedy in remedies)


def test_models_are_not_compared_on_labels_missing_from_the_extract(payrank: Run, hospital: Hospital) -> None:
    bundle = hospital.bundles["payment"]
    result = payrank("models", "compare", bundle, bundle, hospital.extract, "--as-of", "2027-06-01")
    assert (result.code, "is after the extract's own as-of date" in result.last) == (2, True)


def test_a_gap_in_time_and_constant_features_give_warnings_with_counts(
    payrank: Run, hospital: Hospital, store: Path, tmp_path: Path
) -> None:
    bad = hospital.copy(
        tmp_path / "bad",
        denials="SELECT * REPLACE ('surgery' AS service_line) FROM {table} "
        "WHERE denied_on NOT BETWEEN DATE '2024-10-01' AND DATE '2025-08-15'",
    )
    Path("payrank.toml").write_text(QUICK.format(snapshots=4, fewest=11))
    result = payrank("train", "overturn", bad, "--as-of", hospital.as_of)
    assert result.code == 0, result.err
    output = " ".join(result.out.split())
    assert "no snapshot has a row between " in output
    assert "check whether the extract is missing that time" in output
    assert "features have the same value in all" in output
    assert "service_line" in output
    assert "check whether the extract fills the columns they are made from" in output
    assert max(map(len, result.out.rstrip().splitlines())) <= 80

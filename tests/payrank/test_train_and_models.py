"""From `train` to `score` through the registry, as a data scientist walks it."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

QUICK = """
[payment]
snapshots = 4
[training]
fewest_outcomes = 11
most_rounds = 20
share_rounds = 5
members = [{ seeds = [1], rounds = 20 }]
"""


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An MLflow store named by the environment."""
    (tmp_path / "store").mkdir()
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path / 'store' / 'runs.db'}")
    return tmp_path / "store"


def test_a_trained_model_is_logged_registered_listed_shown_exported_and_scored_with(
    payrank: Any, hospital: Any, store: Path, tmp_path: Path
) -> None:
    assert "No model is registered yet" in payrank("models", "list").out
    Path("payrank.toml").write_text(QUICK)
    told = payrank("train", "overturn", hospital.extract, "--as-of", hospital.as_of, "--out", "bundle")
    assert told.code == 0, told.err
    assert "Registered as payrank-overturn version 1, the champion." in told.out
    assert "largest first" in told.out
    assert (store / "runs.db").is_file()
    assert not Path("mlflow.db").exists()
    rows = [line.split() for line in payrank("models", "list").out.splitlines() if line.startswith("payrank-overturn")]
    assert [row[1:3] for row in rows] == [["1", "champion"]]
    shown = payrank("models", "show", "models:/payrank-overturn@champion")
    assert shown.code == 0
    assert "overturn model as of 2026-11-20" in shown.out
    assert payrank("models", "export", "models:/payrank-overturn@champion", tmp_path / "copy").code == 0
    copied = {path.name: path.read_bytes() for path in (tmp_path / "copy").iterdir()}
    assert copied == {path.name: path.read_bytes() for path in Path("bundle").iterdir()}
    where = ("--as-of", hospital.as_of, "--out", tmp_path / "runs", "--payment", hospital.bundles["payment"])
    told = payrank("score", hospital.extract, *where)
    assert told.code == 0, told.err
    assert "payrank-overturn version 1" in told.err
    named = (tmp_path / "runs/current/manifest.json").read_bytes()
    told = payrank("score", hospital.extract, *where, "--overturn", "models:/payrank-overturn@champion")
    assert told.code == 0
    assert (tmp_path / "runs/current/manifest.json").read_bytes() == named

    for bundle in store.rglob("bundle"):
        trees = next(bundle.glob("*.txt"))
        trees.write_text(trees.read_text() + "\n")
    told = payrank("score", hospital.extract, *where)
    assert told.code == 5
    assert (tmp_path / "runs/current/manifest.json").read_bytes() == named


def test_a_bundle_that_was_touched_is_called_so_whatever_its_kind(payrank: Any, hospital: Any, tmp_path: Path) -> None:
    bundle = shutil.copytree(hospital.bundles["overturn"], tmp_path / "touched")
    (bundle / "calibration.json").write_text("{}")
    told = payrank("models", "show", bundle)
    assert told.code == 5
    assert "not as it was written" in told.last
    assert payrank("models", "show", tmp_path / "nowhere").code == 5


@pytest.mark.parametrize(
    ("settings", "code", "says"),
    [
        ("[training]\nmost_round = 5", 2, "did you mean 'most_rounds'"),
        ("[overturn]\nhistory_days = 5000", 2, "no denial snapshot is ripe"),
        ("[training]\nfewest_outcomes = 5000", 5, "too few outcomes to train on"),
    ],
)
def test_a_training_that_cannot_be_done_registers_nothing(
    payrank: Any, hospital: Any, store: Path, settings: str, code: int, says: str
) -> None:
    Path("payrank.toml").write_text(settings)
    told = payrank("train", "overturn", hospital.extract, "--as-of", hospital.as_of)
    assert told.code == code
    assert says in told.last
    assert not list(store.iterdir())

"""From `train` to `score` through the registry, as a data scientist walks it."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from payrank.cli.models.metrics_tables import fairness_lines, fairness_table
from payrank.models.bundle import read_bundle
from payrank.models.comparison import Comparison
from payrank.models.records.estimate import Estimate
from payrank.models.records.fairness import AttributeAudit, Fairness, WorstGroup
from tests.conftest import Hospital
from tests.payrank.conftest import Run

pytestmark = pytest.mark.slow

QUICK = """
[payment]
snapshots = 4
[training]
min_outcomes = 11
max_n_estimators = 20
share_n_estimators = 5
members = [{ seeds = [1], n_estimators = 20 }]
"""


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An MLflow store named by the environment."""
    (tmp_path / "store").mkdir()
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path / 'store' / 'runs.db'}")
    return tmp_path / "store"


def test_worst_off_groups_are_a_table_and_suppressed_groups_a_line(hospital: Hospital) -> None:
    manifest = read_bundle(hospital.bundles["payment"]).manifest
    worst = WorstGroup(metric="passed_over", group="f", value=Estimate(value=0.3, low=0.25, high=0.4), overall=0.2)
    audit = AttributeAudit(attribute="sex", groups=(), worst_groups=(worst,))
    fairness = Fairness(attributes=(audit,), notes=("sex: suppressed for some groups: called",))
    audited = manifest.model_copy(update={"evaluation": manifest.evaluation.model_copy(update={"fairness": fairness})})
    table = fairness_table(audited)
    assert table is not None
    cells = [list(column.cells) for column in table.columns]
    assert cells == [["sex"], ["passed over"], ["f"], ["30.0%"], ["25.0% to 40.0%"], ["20.0%"], ["yes"]]
    assert fairness_lines(audited) == ["Fairness: sex: suppressed for some groups: called"]


def test_a_trained_model_is_logged_registered_listed_shown_exported_and_used_for_scoring(
    payrank: Run, hospital: Hospital, store: Path, tmp_path: Path
) -> None:
    assert "No model is registered yet" in payrank("models", "list").out
    Path("payrank.toml").write_text(QUICK)
    result = payrank("train", "overturn", hospital.extract, "--as-of", hospital.as_of, "--out", "bundle")
    assert result.code == 0, result.err
    assert "Registered as payrank-overturn version 1, the champion." in result.out
    assert "largest first" in result.out
    assert "advantage (95%)" in result.out
    assert "worst-off group" not in result.out  # with 32 rows every cell is below the privacy limit
    assert "suppressed for some groups because fewer than 11 people are involved:" in " ".join(result.out.split())
    assert (store / "runs.db").is_file()
    assert not Path("mlflow.db").exists()
    rows = [line.split() for line in payrank("models", "list").out.splitlines() if line.startswith("payrank-overturn")]
    assert [row[1:3] for row in rows] == [["1", "champion"]]
    shown = payrank("models", "show", "models:/payrank-overturn@champion")
    assert shown.code == 0
    assert "Predicts overturn on appeal. Trained as of 2026-11-20 on" in " ".join(shown.out.split())
    assert "Slices, each ranked separately" in shown.out
    assert payrank("models", "export", "models:/payrank-overturn@champion", tmp_path / "copy").code == 0
    copied = {path.name: path.read_bytes() for path in (tmp_path / "copy").iterdir()}
    assert copied == {path.name: path.read_bytes() for path in Path("bundle").iterdir()}
    where = ("--as-of", hospital.as_of, "--out", tmp_path / "runs", "--payment", hospital.bundles["payment"])
    result = payrank("score", hospital.extract, *where)
    assert result.code == 0, result.err
    assert "payrank-overturn version 1" in result.err
    named = (tmp_path / "runs/current/manifest.json").read_bytes()
    result = payrank("score", hospital.extract, *where, "--overturn", "models:/payrank-overturn@champion")
    assert result.code == 0
    assert (tmp_path / "runs/current/manifest.json").read_bytes() == named

    for bundle in store.rglob("bundle"):
        trees = next(bundle.glob("*.txt"))
        trees.write_text(trees.read_text() + "\n")
    result = payrank("score", hospital.extract, *where)
    assert result.code == 5
    assert (tmp_path / "runs/current/manifest.json").read_bytes() == named


def test_a_search_reports_each_trial_and_logs_it_as_a_child_run(payrank: Run, hospital: Hospital, store: Path) -> None:
    Path("payrank.toml").write_text(QUICK)
    result = payrank("train", "overturn", hospital.extract, "--as-of", hospital.as_of, "--tune", 3)
    assert result.code == 0, result.err
    lines = [line.strip() for line in result.err.splitlines()]
    assert [line.split(":")[0] for line in lines if line.startswith("trial ")] == [f"trial {n} of 3" for n in (1, 2, 3)]
    assert any(line.startswith("searched 3 trials") for line in lines)
    with closing(sqlite3.connect(store / "runs.db")) as database:
        trials = database.execute("SELECT value FROM tags WHERE key = 'payrank.trial' ORDER BY value").fetchall()
    assert trials == [("0",), ("1",), ("2",)]
    result = payrank("train", "overturn", hospital.extract, "--as-of", hospital.as_of, "--tune-minutes", 3)
    assert result.code == 2
    assert "also give --tune N" in result.last


def test_a_challenger_is_compared_promoted_and_rolled_back_on_the_command_line(
    payrank: Run, hospital: Hospital, store: Path, empty_store: Path
) -> None:
    """As a data scientist walks it: two trainings, each told what comes next, then the office's later months decide."""
    Path("payrank.toml").write_text(QUICK.replace("snapshots = 4", "snapshots = 6\nhorizon_days = 60"))
    shutil.copy(empty_store, store / "runs.db")
    assert payrank("train", "payment", hospital.extract, "--as-of", "2026-06-01", "--out", "old").code == 0
    result = payrank("train", "payment", hospital.extract, "--as-of", "2026-07-01", "--out", "new")
    assert "Next: payrank models compare models:/payrank-payment/2 EXTRACT --as-of DATE" in result.out
    assert "labels mature from 2026-08-30 on" in " ".join(result.out.split())
    assert "\nFinal test, " in result.out
    assert "Final test vs. holdout periods" in result.out
    assert [line for line in result.out.rstrip().splitlines() if len(line) > 80] == []
    too_early = payrank("models", "compare", "models:/payrank-payment/2", hospital.extract, "--as-of", "2026-08-01")
    assert (too_early.code, "no rows to compare on" in too_early.last) == (2, True)
    result = payrank(
        *("models", "compare", "models:/payrank-payment/2", hospital.extract, "--as-of", hospital.as_of),
        *("--out", "comparison.json"),
    )
    assert result.code == 0, result.err
    assert "Neither model was fitted on any of them." in result.out
    assert "Recorded with payrank-payment version 2." in result.out
    assert max(map(len, result.out.split("payrank-payment version 2 vs.")[1].splitlines()[:8])) <= 80
    comparison = Comparison.model_validate_json(Path("comparison.json").read_bytes())
    folders = payrank("models", "compare", "new", "old", hospital.extract, "--as-of", hospital.as_of)
    assert "Not recorded: the challenger is a folder." in folders.out
    assert comparison.since.isoformat() == "2026-07-01"
    promoted = payrank("models", "promote", "models:/payrank-payment/2")
    assert (promoted.code == 0) == comparison.may_replace
    if not comparison.may_replace:
        assert "did not win against version 1" in promoted.last
        reason = ("--force", "--reason", "a trial that the office agreed to")
        assert payrank("models", "promote", "models:/payrank-payment/2", *reason).code == 0
    listing = payrank("models", "list").out
    assert [line.split()[2] for line in listing.splitlines() if line.startswith("payrank-")] == ["previous", "champion"]
    assert "payment: version 2 is the champion instead of 1" in listing
    result = payrank("models", "rollback", "payment")
    assert result.out.startswith("payrank-payment version 1 is the champion (rolled back).")
    assert payrank("models", "compare", "models:/payrank-payment/2", "--as-of", "2026-08-01").code == 2


def test_a_bundle_folder_is_compared_within_its_kind_and_never_promoted(
    payrank: Run, hospital: Hospital, store: Path
) -> None:
    result = payrank(
        *("models", "compare", hospital.bundles["payment"], hospital.bundles["overturn"], hospital.extract),
        *("--as-of", hospital.as_of),
    )
    assert (result.code, "is a model of kind overturn, but payment is needed" in result.last) == (5, True)
    result = payrank("models", "promote", hospital.bundles["payment"])
    assert (result.code, "payment is a folder" in result.last) == (2, True)


def test_a_modified_bundle_is_refused_whatever_its_kind(payrank: Run, hospital: Hospital, tmp_path: Path) -> None:
    bundle = shutil.copytree(hospital.bundles["overturn"], tmp_path / "touched")
    (bundle / "calibration.json").write_text("{}")
    result = payrank("models", "show", bundle)
    assert result.code == 5
    assert "was changed after it was written" in result.last
    assert payrank("models", "show", tmp_path / "nowhere").code == 5


@pytest.mark.parametrize(
    ("settings", "code", "says"),
    [
        ("[training]\nmax_n_estimator = 5", 2, "did you mean 'max_n_estimators'"),
        ("[training]\nfewest_outcomes = 50", 2, "was renamed; write 'min_outcomes'"),
        ("[overturn]\nhistory_days = 5000", 2, "no denial snapshot has matured"),
        ("[training]\nmin_outcomes = 5000", 5, "too few outcomes to train on"),
    ],
)
def test_a_training_run_that_fails_registers_nothing(
    payrank: Run, hospital: Hospital, store: Path, settings: str, code: int, says: str
) -> None:
    Path("payrank.toml").write_text(settings)
    result = payrank("train", "overturn", hospital.extract, "--as-of", hospital.as_of)
    assert result.code == code
    assert says in result.last
    assert not list(store.iterdir())


def test_models_card_writes_a_card_for_any_model(payrank: Run, hospital: Hospital, tmp_path: Path) -> None:
    result = payrank("models", "card", hospital.bundles["payment"], "--out", tmp_path / "card")
    assert result.code == 0, result.err
    assert sorted(path.name for path in (tmp_path / "card").iterdir()) == ["card.html", "card.md"]
    assert "## Prohibited uses" in (tmp_path / "card" / "card.md").read_text()
    refused = payrank("models", "card", tmp_path / "nothing", "--out", tmp_path / "other")
    assert refused.code == 5
    assert not (tmp_path / "other").exists()

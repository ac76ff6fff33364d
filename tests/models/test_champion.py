"""Promotion, refusal, forced changes, and rollback of the champion in a real SQLite registry."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from payrank.extracts.errors import NoUsableModelError, WrongUsageError
from payrank.models.bundle import MANIFEST, Bundle, open_bundle, write_bundle
from payrank.models.comparison import Comparison, Contender, Verdict
from payrank.models.manifest import render_manifest
from payrank.models.records.estimate import Estimate
from payrank.models.records.evaluation import Alarm
from payrank.models.registry.aliases import list_champion_changes, promote, roll_back
from payrank.models.registry.comparisons import record_comparison
from payrank.models.registry.find_model import find_model
from payrank.models.registry.runs import log_training
from payrank.models.registry.store import open_client
from payrank.models.registry.versions import list_versions, register
from payrank.training.train import Trained

pytestmark = pytest.mark.slow

NAME = "payrank-payment"
REASON = "the clinic opened in May; agreed with the office"


def variant(bundle: Bundle, number: int) -> Bundle:
    manifest = bundle.manifest.model_copy(update={"notices": (f"variant {number}",)})
    return open_bundle({**bundle.files, MANIFEST: render_manifest(manifest)}, "a variant")


@pytest.fixture(scope="module")
def store(trained: Trained, empty_store: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Bundle]]:
    """A registry with three versions of one model; the first is the champion."""
    folder = tmp_path_factory.mktemp("champions")
    bundles = [variant(trained.bundle, number) for number in (1, 2, 3)]
    shutil.copy(empty_store, folder / "runs.db")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{folder / 'runs.db'}")
        for bundle in bundles:
            register(bundle, log_training(bundle))
    return folder, bundles


@pytest.fixture
def bundles(store: tuple[Path, list[Bundle]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Bundle]:
    """The three bundles; each test gets its own copy of the database."""
    with sqlite3.connect(store[0] / "runs.db") as template, sqlite3.connect(tmp_path / "runs.db") as copy:
        template.backup(copy)
    template.close()
    copy.close()
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path / 'runs.db'}")
    monkeypatch.chdir(tmp_path)
    bundles: list[Bundle] = store[1]
    return bundles


@pytest.fixture
def compared(bundles: list[Bundle]) -> Callable[..., Comparison]:
    """Record a comparison of two versions, given by number."""

    def record(challenger: int, champion: int, verdict: Verdict = "wins", alarms: tuple[Alarm, ...] = ()) -> Comparison:
        def contender(number: int) -> Contender:
            bundle = bundles[number - 1]
            name = f"{NAME} version {number}"
            return Contender(name=name, digest=bundle.digest, trained_as_of=bundle.manifest.as_of, metrics={})

        comparison = Comparison(
            kind="payment",
            as_of=date(2026, 11, 20),
            since=date(2025, 3, 1),
            holdout=bundles[0].manifest.evaluation.holdout,
            challenger=contender(challenger),
            champion=contender(champion),
            differences={"captured": Estimate(value=0.02, low=0.01, high=0.03)},
            verdict=verdict,
            alarms=alarms,
        )
        record_comparison(comparison, challenger)
        return comparison

    return record


def champion() -> int | None:
    return find_model(None, "payment").version


@pytest.mark.parametrize("verdict", ["wins", "calibrates_better"])
def test_a_winning_challenger_becomes_champion_and_the_old_one_previous(
    bundles: list[Bundle], compared: Callable[..., Comparison], verdict: str
) -> None:
    compared(2, 1, verdict)
    change = promote(f"models:/{NAME}/2")
    assert (change.version, change.replaced, change.ground, change.reason) == (2, 1, verdict, "")
    assert find_model(None, "payment").bundle.digest == bundles[1].digest
    assert {version.version: version.aliases for version in list_versions()} == {
        1: ("previous",),
        2: ("champion",),
        3: (),
    }
    assert find_model(f"models:/{NAME}@previous", "payment").version == 1
    assert [version.verdict for version in list_versions()] == ["", verdict, ""]


def test_rollback_swaps_back_and_forth_and_records_who_changed_what_and_when(
    bundles: list[Bundle], compared: Callable[..., Comparison], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOGNAME", "ann")
    compared(2, 1)
    promote(f"models:/{NAME}/2")
    assert roll_back("payment").version == 1
    assert champion() == 1
    assert roll_back("payment").version == 2
    assert champion() == 2
    promote(f"models:/{NAME}/3", force=True, reason=REASON)
    changes = list_champion_changes("payment")
    assert [(change.action, change.version, change.replaced, change.ground) for change in changes] == [
        ("promote", 2, 1, "wins"),
        ("rollback", 1, 2, "rolled back"),
        ("rollback", 2, 1, "rolled back"),
        ("promote", 3, 2, "forced"),
    ]
    assert {change.by for change in changes} == {"ann"}
    assert all(change.at.endswith("+00:00") for change in changes)
    assert changes[-1].reason == REASON
    assert roll_back("payment").version == 2


def test_without_a_comparison_nothing_is_promoted(bundles: list[Bundle]) -> None:
    with pytest.raises(WrongUsageError) as caught:
        promote(f"models:/{NAME}/2")
    assert str(caught.value) == (
        "payrank-payment version 2 has not been compared with the champion; run `payrank models compare "
        'models:/payrank-payment/2 EXTRACT --as-of DATE`; or promote it with --force --reason "..."'
    )
    assert champion() == 1
    assert list_champion_changes("payment") == ()


def test_a_comparison_with_an_earlier_champion_does_not_count(
    bundles: list[Bundle], compared: Callable[..., Comparison]
) -> None:
    compared(2, 1)
    compared(3, 1)
    promote(f"models:/{NAME}/3")
    with pytest.raises(
        WrongUsageError, match=r"compared with payrank-payment version 1, which is no longer the champion \(now ver"
    ):
        promote(f"models:/{NAME}/2")
    assert champion() == 3
    compared(2, 3)
    assert promote(f"models:/{NAME}/2").replaced == 3


def test_a_comparison_of_another_bundle_does_not_count(
    bundles: list[Bundle], compared: Callable[..., Comparison]
) -> None:
    comparison = compared(3, 1)
    record_comparison(comparison, 2)
    with pytest.raises(WrongUsageError, match="was made with another bundle"):
        promote(f"models:/{NAME}/2")


@pytest.mark.parametrize("verdict", ["ties", "loses"])
def test_a_challenger_that_did_not_win_is_not_promoted(
    bundles: list[Bundle], compared: Callable[..., Comparison], verdict: str
) -> None:
    compared(2, 1, verdict)
    with pytest.raises(WrongUsageError, match=r"did not win against version 1: .*the champion is unchanged"):
        promote(f"models:/{NAME}/2")
    assert champion() == 1


def test_an_open_alarm_stops_a_winner(bundles: list[Bundle], compared: Callable[..., Comparison]) -> None:
    compared(2, 1, "wins", (Alarm(name="auc_too_good", text="AUC 0.971 is too good"),))
    with pytest.raises(WrongUsageError, match=r"version 2 has an open alarm: AUC 0.971 is too good; fix the cause"):
        promote(f"models:/{NAME}/2")
    assert champion() == 1


@pytest.mark.parametrize("reason", ["", "because", "     a   b  "])
def test_force_without_a_reason_of_ten_characters_is_refused(bundles: list[Bundle], reason: str) -> None:
    with pytest.raises(WrongUsageError, match="requires --reason with at least 10 characters"):
        promote(f"models:/{NAME}/2", force=True, reason=reason)
    assert champion() == 1


def test_a_forced_change_is_recorded_in_the_registry(bundles: list[Bundle], tmp_path: Path) -> None:
    assert promote(f"models:/{NAME}/2", force=True, reason=REASON).ground == "forced"
    with sqlite3.connect(tmp_path / "runs.db") as database:
        rows = database.execute("SELECT key, value FROM registered_model_tags").fetchall()
    database.close()
    assert [key for key, _ in rows] == ["payrank.change.0001"]
    assert json.loads(rows[0][1])["reason"] == REASON


def test_the_champion_is_not_promoted_again_and_rollback_needs_a_previous_one(bundles: list[Bundle]) -> None:
    with pytest.raises(WrongUsageError, match="version 1 is already the champion"):
        promote(f"models:/{NAME}@champion", force=True, reason=REASON)
    with pytest.raises(WrongUsageError, match="payrank-payment has no previous champion"):
        roll_back("payment")
    with pytest.raises(WrongUsageError, match="payrank-overturn has no previous champion"):
        roll_back("overturn")


def test_even_force_does_not_promote_a_version_that_cannot_be_opened(
    bundles: list[Bundle], store: tuple[Path, list[Bundle]], compared: Callable[..., Comparison]
) -> None:
    compared(2, 1)
    (broken,) = [path for path in store[0].rglob(MANIFEST) if b"variant 2" in path.read_bytes()]
    whole = broken.read_bytes()
    broken.write_bytes(whole[:-20])
    try:
        with pytest.raises(NoUsableModelError, match="was changed after it was written"):
            promote(f"models:/{NAME}/2", force=True, reason=REASON)
    finally:
        broken.write_bytes(whole)
    assert champion() == 1


def test_promoting_a_folder_is_refused_with_the_alternatives(bundles: list[Bundle], tmp_path: Path) -> None:
    write_bundle(bundles[1], tmp_path / "mine")
    with pytest.raises(
        WrongUsageError, match=r"mine is a folder, .*promote models:/payrank-payment/2, which is the same bundle"
    ):
        promote("mine")
    write_bundle(variant(bundles[1], 9), tmp_path / "other")
    with pytest.raises(WrongUsageError, match=r"other is a folder, .*payrank score EXTRACT --payment FOLDER"):
        promote("other")


def test_the_comparison_is_stored_with_the_run_of_the_challenger(
    bundles: list[Bundle], compared: Callable[..., Comparison], store: tuple[Path, list[Bundle]]
) -> None:
    comparison = compared(3, 2)
    recorded = [json.loads(path.read_text()) for path in store[0].rglob("comparisons/*.json")]
    assert json.loads(comparison.model_dump_json()) in recorded


def test_a_version_under_another_name_is_not_promoted(bundles: list[Bundle]) -> None:
    with open_client() as client:
        client.create_registered_model("staging")
        client.copy_model_version(f"models:/{NAME}/2", "staging")
    with pytest.raises(WrongUsageError, match="registered under another name"):
        promote("models:/staging/1", force=True, reason=REASON)
    assert champion() == 1


def test_the_first_version_with_an_alarm_becomes_champion_only_with_a_reason(
    bundles: list[Bundle], empty_store: Path, tmp_path: Path
) -> None:
    shutil.copy(empty_store, tmp_path / "runs.db")
    alarm = Alarm(name="auc_too_good", text="AUC 0.991 is above 0.95")
    manifest = bundles[0].manifest
    alarmed = manifest.evaluation.model_copy(update={"alarms": (alarm,)})
    files = {**bundles[0].files, MANIFEST: render_manifest(manifest.model_copy(update={"evaluation": alarmed}))}
    made = register(open_bundle(files, "a variant"), log_training(open_bundle(files, "a variant")))
    assert made.blocked_by_alarm
    assert not made.champion
    address = f"models:/{NAME}/{made.version}"
    with pytest.raises(WrongUsageError, match=r"has an open alarm: AUC 0\.991"):
        promote(address)
    assert promote(address, force=True, reason=REASON).ground == "forced"
    assert champion() == made.version


def test_a_rollback_to_the_champion_itself_is_refused(
    bundles: list[Bundle], compared: Callable[..., Comparison]
) -> None:
    compared(2, 1)
    promote(f"models:/{NAME}/2")
    with open_client() as client:
        client.delete_registered_model_alias(NAME, "champion")
    roll_back("payment")
    with pytest.raises(WrongUsageError, match="there is no previous one"):
        roll_back("payment")

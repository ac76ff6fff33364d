"""MLflow on a real SQLite store: runs, versions, the champion, and nothing of a patient."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest

from extracts.errors import NoUsableModel, WrongUsage
from models.bundle import read_bundle, write_bundle
from models.manifest import render_manifest
from models.registry import Registered, find_model, log_training, register, resolve_model
from training.plots import draw_plots


@pytest.fixture(scope="module")
def site(trained: Any, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Registered, Registered, str]:
    """A working folder with two versions of one model, and what MLflow said meanwhile."""
    folder = tmp_path_factory.mktemp("site")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        plots = draw_plots(trained, folder / "drawn")
        run = log_training(trained.bundle, plots=plots)
        return folder, register(trained.bundle, run), register(trained.bundle, run), run


@pytest.fixture
def here(site: Any, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.chdir(site[0])
    return site[0]


def test_the_first_version_becomes_champion_and_the_second_does_not(site):
    _, first, second, run = site
    assert first == Registered("payrank-payment", 1, run, champion=True)
    assert second == Registered("payrank-payment", 2, run, champion=False)


def test_runs_and_versions_lie_in_the_working_folder(here):
    assert sorted(path.name for path in here.iterdir()) == ["drawn", "mlartifacts", "mlflow.db"]


@pytest.mark.parametrize("address", [None, "models:/payrank-payment@champion", "models:/payrank-payment/2"])
def test_a_model_is_found_by_alias_by_version_or_as_the_champion(here, trained, address):
    assert read_bundle(resolve_model(address, "payment")).digest == trained.bundle.digest


def test_a_found_model_has_a_name_for_people(here, trained):
    assert find_model(None, "payment").name == "payrank-payment version 1"
    write_bundle(trained.bundle, here / "drawn" / "mine")
    assert find_model("drawn/mine", "payment").name == "mine"


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("models:/payrank-payment/7", "version=7"),
        ("models:/payrank-payment@best", "best"),
        ("models:/nobody@champion", "nobody"),
        ("models:payrank", "is no model: give a bundle folder"),
        ("models:/payrank-payment/1/2", "is no model"),
        ("no/such/folder", "no model bundle at"),
    ],
)
def test_a_model_that_is_not_there_is_refused_by_its_name(here, address, said):
    with pytest.raises(NoUsableModel, match=said):
        find_model(address, "payment")


def test_a_model_of_the_other_kind_is_refused(here):
    with pytest.raises(NoUsableModel, match="of kind payment, but overturn is needed"):
        find_model("models:/payrank-payment/1", "overturn")
    with pytest.raises(NoUsableModel, match="payrank-overturn"):
        find_model(None, "overturn")


def test_without_a_store_the_champion_is_refused_and_no_store_is_made(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    with pytest.raises(NoUsableModel, match="train one with `payrank train payment`"):
        find_model(None, "payment")
    assert list(tmp_path.iterdir()) == []


def test_the_run_holds_settings_figures_plots_and_the_bundle(here, site, trained):
    with sqlite3.connect(here / "mlflow.db") as store:
        parameters = dict(store.execute("SELECT key, value FROM params"))
        figures = dict(store.execute("SELECT key, value FROM metrics"))
        tags = dict(store.execute("SELECT key, value FROM tags"))
        status = store.execute("SELECT status FROM runs").fetchall()
    store.close()
    assert parameters["trees.num_leaves"] == "15"
    assert parameters["target.horizon_days"] == "60"
    assert figures["auc"] == trained.bundle.manifest.metrics["auc"]
    assert figures["logistic/auc"] == trained.bundle.manifest.baselines["logistic"]["auc"]
    assert tags["payrank.bundle_digest"] == trained.bundle.digest
    assert status == [("FINISHED",)]
    artifacts = here / "mlartifacts" / site[3] / "artifacts"
    assert sorted(path.name for path in artifacts.iterdir()) == ["bundle", "plots"]
    assert len(list((artifacts / "plots").glob("*.png"))) == 5


def test_no_id_is_in_any_file_that_mlflow_keeps(here, site):
    files = [path for path in here.rglob("*") if path.is_file()]
    assert len(files) > 10
    for path in files:
        assert b"PLANTED" not in path.read_bytes(), path.name


def test_a_bundle_swapped_behind_the_registry_is_refused(trained, payment_frame, tmp_path, monkeypatch, capfd):
    uri = f"sqlite:///{tmp_path / 'store' / 'tracking.db'}"
    (tmp_path / "store").mkdir()
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    register(trained.bundle, log_training(trained.bundle))
    assert sorted(path.name for path in (tmp_path / "store").iterdir()) == ["mlartifacts", "tracking.db"]
    assert list((tmp_path / "elsewhere").iterdir()) == []
    folder = resolve_model(None, "payment")
    assert folder.is_relative_to(tmp_path / "store")

    manifest = trained.bundle.manifest.model_copy(update={"notices": ("another bundle, whole in itself",)})
    (folder / "manifest.json").write_bytes(render_manifest(manifest))
    assert read_bundle(folder).manifest.notices
    with pytest.raises(NoUsableModel, match="not the one that was registered"):
        resolve_model(None, "payment")
    said = capfd.readouterr()
    assert said.out + said.err == ""


def test_a_store_that_cannot_be_used_is_wrong_usage_without_its_password(trained, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "gopher://ann:secret@store.example.org/x")
    with pytest.raises(WrongUsage, match=r"gopher://store\.example\.org") as caught:
        log_training(trained.bundle)
    assert "secret" not in str(caught.value)

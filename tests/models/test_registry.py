"""MLflow with a real SQLite store: runs, versions, the champion, and no patient data."""

from __future__ import annotations

import os
import shutil
import socket
import sqlite3
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from payrank.extracts.errors import NoUsableModelError, WrongUsageError
from payrank.features.frame import Frame
from payrank.models.bundle import read_bundle, write_bundle
from payrank.models.card.write_card import render_card
from payrank.models.manifest import ModelKind, render_manifest
from payrank.models.registry.find_model import find_model
from payrank.models.registry.runs import SearchTrial, log_training
from payrank.models.registry.store import LONG_TIMEOUT, open_client
from payrank.models.registry.versions import RegisteredVersion, list_versions, register
from payrank.training.plots.plots import PLOTS, draw_plots
from payrank.training.train import Trained

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def site(
    trained: Trained, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, RegisteredVersion, RegisteredVersion, str]:
    """A working folder with two versions of one model, and the output of MLflow."""
    folder = tmp_path_factory.mktemp("site")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        plots = draw_plots(trained, folder / "drawn")
        run = log_training(trained.bundle, plots=plots)
        return folder, register(trained.bundle, run), register(trained.bundle, run), run


@pytest.fixture
def here(site: tuple[Path, RegisteredVersion, RegisteredVersion, str], monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.chdir(site[0])
    return site[0]


def test_the_first_version_becomes_champion_and_the_second_does_not(
    site: tuple[Path, RegisteredVersion, RegisteredVersion, str],
) -> None:
    _, first, second, run = site
    assert first == RegisteredVersion("payrank-payment", 1, run, champion=True)
    assert second == RegisteredVersion("payrank-payment", 2, run, champion=False)


def test_runs_and_versions_are_stored_in_the_working_folder(here: Path) -> None:
    assert sorted(path.name for path in here.iterdir()) == ["drawn", "mlartifacts", "mlflow.db"]


@pytest.mark.parametrize("address", [None, "models:/payrank-payment@champion", "models:/payrank-payment/2"])
def test_a_model_is_found_by_alias_by_version_and_as_champion(
    here: Path, trained: Trained, address: str | None
) -> None:
    assert find_model(address, "payment").bundle.digest == trained.bundle.digest


def test_a_model_has_a_readable_name(here: Path, trained: Trained) -> None:
    assert find_model(None, "payment").name == "payrank-payment version 1"
    write_bundle(trained.bundle, here / "drawn" / "mine")
    assert find_model("drawn/mine", "payment").name == "mine"


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("models:/payrank-payment/7", "version=7"),
        ("models:/payrank-payment@best", "best"),
        ("models:/nobody@champion", "nobody"),
        ("models:payrank", "is not a model. Give a bundle folder"),
        ("models:/payrank-payment/1/2", "is not a model"),
        ("no/such/folder", "no model bundle at"),
        ("payment", "no model bundle at payment; for the registered champion write models:/payrank-payment@champion"),
        ("payrank-overturn", "write models:/payrank-overturn@champion"),
    ],
)
def test_a_missing_model_is_refused_by_name(here: Path, address: str, message: str) -> None:
    with pytest.raises(NoUsableModelError, match=message):
        find_model(address, "payment")


def test_a_model_of_the_wrong_kind_is_refused(here: Path) -> None:
    with pytest.raises(NoUsableModelError, match="of kind payment, but overturn is needed"):
        find_model("models:/payrank-payment/1", "overturn")
    with pytest.raises(NoUsableModelError, match="no overturn champion is registered"):
        find_model(None, "overturn")


def test_without_a_store_there_is_no_champion_and_no_store_is_created(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    with pytest.raises(NoUsableModelError, match="train one with `payrank train payment`"):
        find_model(None, "payment")
    assert list(tmp_path.iterdir()) == []


def test_a_run_logs_settings_metrics_and_plots_and_its_model_the_bundle(
    here: Path, site: tuple[Path, RegisteredVersion, RegisteredVersion, str], trained: Trained
) -> None:
    with sqlite3.connect(here / "mlflow.db") as store:
        parameters = dict(store.execute("SELECT key, value FROM params"))
        metrics = dict(store.execute("SELECT key, value FROM metrics"))
        tags = dict(store.execute("SELECT key, value FROM tags"))
        status = store.execute("SELECT status FROM runs").fetchall()
    store.close()
    assert parameters["trees.num_leaves"] == "15"
    assert parameters["target.horizon_days"] == "60"
    assert metrics["auc"] == trained.bundle.manifest.metrics["auc"]
    final = trained.bundle.manifest.final_test
    assert final is not None
    logistic = final.find_baseline("logistic")
    assert logistic is not None
    assert logistic.advantage is not None
    assert metrics["final_auc"] == final.metrics["auc"].value
    assert metrics["final_dollars_captured_low"] == final.metrics["captured"].low
    assert metrics["final_logistic/advantage"] == logistic.advantage.value
    assert metrics["final_rows"] == final.holdout.rows
    assert metrics["logistic/auc"] == trained.bundle.manifest.baselines["logistic"]["auc"]
    assert tags["payrank.bundle_digest"] == trained.bundle.digest
    assert status == [("FINISHED",)]
    artifacts = here / "mlartifacts" / site[3] / "artifacts"
    assert sorted(path.name for path in artifacts.iterdir()) == ["card.html", "card.md", "plots"]
    assert (artifacts / "card.html").read_bytes() == render_card(trained.bundle.manifest)
    captured = trained.bundle.manifest.evaluation.metrics["captured"]
    assert (metrics["captured_low"], metrics["captured_high"]) == (captured.low, captured.high)
    assert metrics["alarms"] == 0
    oldest_first = trained.bundle.manifest.evaluation.find_baseline("oldest_first")
    assert oldest_first is not None
    assert oldest_first.advantage is not None
    assert metrics["oldest_first/advantage"] == oldest_first.advantage.value
    assert len(list(here.rglob("artifacts/bundle/manifest.json"))) == 1
    assert {path.stem for path in (artifacts / "plots").glob("*.png")} == set(PLOTS)


def test_each_search_trial_is_a_child_run_with_settings_value_and_state(
    trained: Trained, clean: pytest.MonkeyPatch, tmp_path: Path, empty_store: Path
) -> None:
    shutil.copy(empty_store, tmp_path / "trials.db")
    clean.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path / 'trials.db'}")
    tried = {"trees": {"num_leaves": 7}, **{f"choice_{number}": number for number in range(120)}}
    trials = [SearchTrial(0, tried, 0.41, "complete"), SearchTrial(1, {"trees": {"num_leaves": 31}}, None, "pruned")]
    run = log_training(trained.bundle, trials=trials)
    with sqlite3.connect(tmp_path / "trials.db") as store:
        children = store.execute(
            "SELECT r.name, r.status, p.value, m.value FROM runs r JOIN tags t ON t.run_uuid = r.run_uuid "
            "JOIN params p ON p.run_uuid = r.run_uuid LEFT JOIN metrics m ON m.run_uuid = r.run_uuid "
            "WHERE t.key = 'mlflow.parentRunId' AND t.value = ? AND p.key = 'trees.num_leaves' ORDER BY r.name",
            [run],
        ).fetchall()
        parameters = store.execute("SELECT count(*) FROM params WHERE key LIKE 'choice_%'").fetchone()
    store.close()
    assert children == [("trial 0", "FINISHED", "7", 0.41), ("trial 1", "KILLED", "31", None)]
    assert parameters == (120,)


def test_no_id_is_in_any_file_that_mlflow_stores(
    here: Path, site: tuple[Path, RegisteredVersion, RegisteredVersion, str]
) -> None:
    files = [path for path in here.rglob("*") if path.is_file()]
    assert len(files) > 10
    for path in files:
        assert b"PLANTED" not in path.read_bytes(), path.name


def test_a_bundle_swapped_behind_the_registry_is_refused(
    trained: Trained,
    payment_frame: Frame,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    uri = f"sqlite:///{tmp_path / 'store' / 'tracking.db'}"
    (tmp_path / "store").mkdir()
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    register(trained.bundle, log_training(trained.bundle))
    assert sorted(path.name for path in (tmp_path / "store").iterdir()) == ["mlartifacts", "tracking.db"]
    assert list((tmp_path / "elsewhere").iterdir()) == []
    (folder,) = (tmp_path / "store").rglob("bundle")

    manifest = trained.bundle.manifest.model_copy(update={"notices": ("another bundle, whole in itself",)})
    (folder / "manifest.json").write_bytes(render_manifest(manifest))
    assert read_bundle(folder).manifest.notices
    with pytest.raises(NoUsableModelError, match="not the one that was registered"):
        find_model(None, "payment")
    output = capfd.readouterr()
    assert output.out + output.err == ""


def test_an_unusable_store_is_a_usage_error_that_hides_the_password(
    trained: Trained, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "gopher://ann:secret@store.example.org/x")
    with pytest.raises(WrongUsageError, match=r"gopher://store\.example\.org") as caught:
        log_training(trained.bundle)
    assert "secret" not in str(caught.value)


@pytest.fixture
def clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    """An empty working folder and an environment without MLflow variables, both restored afterwards."""
    monkeypatch.chdir(tmp_path)
    for name in ("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "MLFLOW_HTTP_REQUEST_TIMEOUT", "MLFLOW_REGISTRY_URI"):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    return monkeypatch


@pytest.fixture
def busy() -> Iterator[tuple[str, list[str]]]:
    """A web server that is always busy, and the requests it received."""
    requests: list[str] = []

    class TooBusy(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            requests.append(self.path)
            self.send_response(503)
            self.send_header("Retry-After", "3600")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), TooBusy) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", requests
        server.shutdown()
        thread.join()


def _closed_address() -> str:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{taken.getsockname()[1]}"


def test_an_unreachable_server_is_named_without_its_password(trained: Trained, clean: pytest.MonkeyPatch) -> None:
    address = _closed_address()
    clean.setenv("MLFLOW_TRACKING_URI", f"http://ann:se@cret@{address}")
    message = f"registry at http://{address} does not answer"
    with pytest.raises(NoUsableModelError, match=f"{message}.* bundle folders with --payment and --overturn") as caught:
        find_model(None, "payment")
    with pytest.raises(NoUsableModelError, match=message) as listed:
        list_versions()
    with pytest.raises(WrongUsageError, match=f"{message}.* try again") as logged:
        log_training(trained.bundle)
    for failure in (caught, listed, logged):
        assert "cret" not in str(failure.value)
        assert len(str(failure.value)) < 300


def test_a_failing_server_is_tried_twice_and_its_retry_time_is_ignored(
    clean: pytest.MonkeyPatch, busy: tuple[str, list[str]]
) -> None:
    address, requests = busy
    clean.setenv("MLFLOW_TRACKING_URI", address)
    with pytest.raises(NoUsableModelError, match=address):
        find_model(None, "payment")
    assert len(requests) == 2
    assert "MLFLOW_HTTP_REQUEST_TIMEOUT" not in os.environ


def test_a_training_waits_longer_for_a_slow_server_than_a_nightly_run(clean: pytest.MonkeyPatch) -> None:
    clean.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    with open_client(wait=LONG_TIMEOUT):
        assert os.environ["MLFLOW_HTTP_REQUEST_TIMEOUT"] == "60"
    with open_client():
        assert os.environ["MLFLOW_HTTP_REQUEST_TIMEOUT"] == "4"


def test_the_users_retries_and_timeout_are_respected(clean: pytest.MonkeyPatch, busy: tuple[str, list[str]]) -> None:
    address, requests = busy
    clean.setenv("MLFLOW_TRACKING_URI", address)
    clean.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    clean.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "30")
    with pytest.raises(NoUsableModelError, match=address):
        find_model(None, "payment")
    assert len(requests) == 1
    assert os.environ["MLFLOW_HTTP_REQUEST_TIMEOUT"] == "30"


def test_a_server_that_never_answers_is_given_up(clean: pytest.MonkeyPatch) -> None:
    clean.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "1")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        clean.setenv("MLFLOW_TRACKING_URI", f"http://127.0.0.1:{silent.getsockname()[1]}")
        with pytest.raises(NoUsableModelError, match="does not answer"):
            find_model(None, "payment")


@pytest.mark.parametrize("kind", ["payment", "overturn"])
def test_an_empty_registry_explains_how_to_get_a_champion(
    clean: pytest.MonkeyPatch, tmp_path: Path, kind: ModelKind
) -> None:
    uri = f"sqlite:///{tmp_path / 'fresh.db'}"
    clean.setenv("MLFLOW_TRACKING_URI", uri)
    with pytest.raises(NoUsableModelError) as caught:
        find_model(None, kind)
    assert str(caught.value) == (
        f"no {kind} champion is registered at {uri}; train one with `payrank train {kind} EXTRACT --as-of DATE`, "
        f"or give a bundle folder with --{kind}"
    )
    assert list_versions() == ()


@pytest.mark.parametrize("uri", ["foo://bar", "nonsense"])
def test_an_invalid_registry_address_is_refused_with_the_allowed_ones(
    trained: Trained, clean: pytest.MonkeyPatch, uri: str
) -> None:
    clean.setenv("MLFLOW_TRACKING_URI", uri)
    for fault, ask in (
        (NoUsableModelError, lambda: find_model(None, "payment")),
        (WrongUsageError, lambda: register_it(trained)),
    ):
        with pytest.raises(
            fault, match=rf"^{uri} is not an address of a model registry .*sqlite:///.* http\(s\)://"
        ) as caught:
            ask()
        assert len(str(caught.value)) < 300


def register_it(trained: Any) -> RegisteredVersion:
    return register(trained.bundle, log_training(trained.bundle))


@pytest.mark.parametrize("place", ["file/tracking.db", "file/deeper/tracking.db", "file", "folder"])
def test_a_database_that_cannot_be_opened_is_an_error_and_not_an_empty_registry(
    trained: Trained, clean: pytest.MonkeyPatch, tmp_path: Path, place: str
) -> None:
    (tmp_path / "file").write_text("no database, only text of some length")
    (tmp_path / "folder").mkdir()
    clean.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path / place}")
    message = f"registry at sqlite:///{tmp_path / place} returned an error: "
    with pytest.raises(NoUsableModelError, match=message):
        find_model(None, "payment")
    with pytest.raises(NoUsableModelError, match=message):
        list_versions()
    with pytest.raises(WrongUsageError, match=message):
        log_training(trained.bundle)


def test_a_database_of_another_program_is_an_error_and_not_an_empty_registry(
    clean: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with sqlite3.connect(tmp_path / "other.db") as other:
        other.execute("CREATE TABLE alembic_version (version_num TEXT)")
        other.execute("CREATE TABLE experiments (name TEXT)")
    other.close()
    clean.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path / 'other.db'}")
    with pytest.raises(NoUsableModelError, match="returned an error: "):
        list_versions()

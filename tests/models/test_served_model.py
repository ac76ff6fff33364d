"""The registered model in MLflow's own tools: loaded, served over HTTP, and as a Spark UDF."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from payrank.extracts.errors import NoUsableModelError
from payrank.features.frame import Frame
from payrank.models.bundle import MANIFEST, open_bundle
from payrank.models.manifest import render_manifest
from payrank.models.predict import predict
from payrank.models.registry.find_model import find_model
from payrank.models.registry.runs import log_training
from payrank.models.registry.simulated_rows import simulate_rows
from payrank.models.registry.versions import register
from payrank.training.train import Trained
from tests.conftest import FrameMaker

pytestmark = pytest.mark.slow

CHAMPION = "models:/payrank-payment@champion"
EXTRACT = {"accounts.parquet": "ab" * 32, "transactions.parquet": "cd" * 32}


@pytest.fixture(scope="module")
def store(trained: Trained, empty_store: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A registry with one model, configured by MLflow's environment variable."""
    folder = tmp_path_factory.mktemp("served")
    shutil.copy(empty_store, folder / "runs.db")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{folder / 'runs.db'}")
        bundle = trained.bundle
        manifest = bundle.manifest.model_copy(update={"extract_digests": EXTRACT})
        named = open_bundle({**bundle.files, MANIFEST: render_manifest(manifest)}, "with an extract")
        register(named, log_training(named))
        yield folder


@pytest.fixture
def model_folder(store: Path) -> Path:
    """The folder of the registered model's files."""
    (path,) = store.rglob("MLmodel")
    return path.parent


@pytest.fixture
def rows(payment_frame: Frame, trained: Trained) -> pd.DataFrame:
    """Feature rows of a frame, including missing values."""
    names = [column.name for column in trained.bundle.manifest.features]
    frame = payment_frame.data[names].head(120)
    assert frame.isna().any().any()
    return frame


def test_mlflow_loads_the_champion_and_scores_as_a_nightly_run_does(
    store: Path, rows: pd.DataFrame, trained: Trained
) -> None:
    import mlflow  # noqa: PLC0415 - takes two seconds to import

    model = mlflow.pyfunc.load_model(CHAMPION)
    bundle = find_model(CHAMPION, "payment").bundle
    pd.testing.assert_frame_equal(model.predict(rows), predict(bundle, rows), check_exact=True)
    assert model.metadata.signature.inputs.input_names() == list(rows.columns)
    assert model.metadata.signature.outputs.input_names() == list(predict(bundle, rows).columns)
    with pytest.raises(mlflow.exceptions.MlflowException, match=r"missing inputs \['past_rate'\]"):
        model.predict(rows.drop(columns="past_rate"))


def test_mlflow_loads_the_champion_in_a_folder_with_its_own_models_package(
    store: Path, trained: Trained, tmp_path: Path
) -> None:
    for name in ("models", "features"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text("mine = True\n")
    code = (
        "import models, mlflow.pyfunc; assert models.mine; "
        f"print(mlflow.pyfunc.load_model({CHAMPION!r}).unwrap_python_model().bundle.digest)"
    )
    root = str(Path(__file__).parents[2])
    loaded = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": root},
        capture_output=True,
        text=True,
        check=True,
    )
    assert loaded.stdout.strip() == find_model(CHAMPION, "payment").bundle.digest


def test_the_input_example_can_be_scored_and_is_simulated(
    store: Path, model_folder: Path, trained: Trained, frame_maker: FrameMaker
) -> None:
    example = json.loads((model_folder / "input_example.json").read_text())
    shown = pd.DataFrame(example["data"], columns=example["columns"])
    columns = trained.bundle.manifest.features
    pd.testing.assert_frame_equal(shown, simulate_rows(columns), check_dtype=False)
    assert predict(trained.bundle, shown)["probability"].between(0, 1).all()
    others = frame_maker(seed=99).data  # the draws depend only on the units, so other data give the same numbers
    assert not np.isin(shown["balance_now"], others["balance_now"]).any()
    assert columns[-1].levels is not None
    assert set(shown["payer_class"]) <= set(columns[-1].levels)


def test_nothing_in_the_model_is_pickled_or_shows_where_it_was_made(store: Path, model_folder: Path) -> None:
    files = [path for path in model_folder.rglob("*") if path.is_file()]
    assert {"MLmodel", "served_code.py", "input_example.json", "requirements.txt"} <= {path.name for path in files}
    for path in files:
        content = path.read_bytes()
        assert path.suffix not in {".pkl", ".pickle", ".joblib"}
        assert not content.startswith(b"\x80")  # the first byte of every pickle of protocol 2 and later
        assert b"cloudpickle" not in content
        assert str(Path(__file__).parents[2]).encode() not in content, path.name
        assert b"PLANTED" not in content, path.name


def test_an_edited_bundle_is_not_served(store: Path, model_folder: Path) -> None:
    import mlflow  # noqa: PLC0415 - takes two seconds to import

    trees = model_folder / "artifacts" / "bundle" / "likelihood_0.txt"
    whole = trees.read_bytes()
    trees.write_bytes(whole[:-10])
    try:
        with pytest.raises(NoUsableModelError, match="truncated or edited since training"):
            mlflow.pyfunc.load_model(CHAMPION)
    finally:
        trees.write_bytes(whole)


def test_the_run_records_its_data_by_digest_and_its_model_with_metrics(store: Path, trained: Trained) -> None:
    with sqlite3.connect(store / "runs.db") as database:
        data = database.execute(
            "SELECT name, digest, dataset_source_type, dataset_source, dataset_schema, dataset_profile FROM datasets "
            "ORDER BY name"
        ).fetchall()
        auc = database.execute("SELECT metric_value FROM logged_model_metrics WHERE metric_name = 'auc'").fetchone()
    database.close()
    assert data == [
        (name, digest[:36], "local", json.dumps({"uri": name}), None, None) for name, digest in EXTRACT.items()
    ]
    assert auc == (trained.bundle.manifest.metrics["auc"],)


def test_finding_a_model_leaves_no_temporary_files(
    store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    find_model(CHAMPION, "payment")
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def server(store: Path) -> Iterator[str]:
    """`mlflow models serve` on localhost, once it answers."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    tools = str(Path(sys.executable).parent)
    here = str(Path(__file__).parents[2])
    command = ["mlflow", "models", "serve", "--model-uri", CHAMPION, "--env-manager", "local"]
    process = subprocess.Popen(
        [sys.executable, "-m", *command, "--host", "127.0.0.1", "--port", str(port), "--workers", "1"],
        env={**os.environ, "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}", "PYTHONPATH": here},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(600):
            try:
                urllib.request.urlopen(f"{address}/ping").close()  # noqa: S310 - the local test server
                break
            except OSError:
                assert process.poll() is None, "the server ended before it answered"
                time.sleep(0.2)
        yield address
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait()


def test_a_scoring_server_gives_the_same_scores(server: str, rows: pd.DataFrame) -> None:
    body = json.dumps({"dataframe_split": json.loads(rows.to_json(orient="split", double_precision=15))}).encode()
    request = urllib.request.Request(  # noqa: S310 - the local test server
        f"{server}/invocations", data=body, headers={"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request) as answer:  # noqa: S310
        served = pd.DataFrame(json.loads(answer.read())["predictions"], index=rows.index)
    expected = predict(find_model(CHAMPION, "payment").bundle, rows)
    assert list(served) == list(expected)
    assert (served - expected).abs().to_numpy().max() < 1e-9  # numbers go through text


@pytest.mark.filterwarnings("ignore:PySpark does not yet fully support pandas:FutureWarning")
def test_a_spark_udf_gives_the_same_scores(
    store: Path, rows: pd.DataFrame, spark: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import mlflow  # noqa: PLC0415 - takes two seconds to import

    monkeypatch.setattr(spark.sparkContext, "pythonExec", sys.executable)
    rows.to_parquet(tmp_path / "rows.parquet")
    score = mlflow.pyfunc.spark_udf(spark, CHAMPION, env_manager="local")
    frame = spark.read.parquet(str(tmp_path / "rows.parquet"))
    scores = frame.select(score(*rows.columns).alias("scores")).select("scores.*")
    scores.write.parquet(str(tmp_path / "scores"))
    scored = pd.read_parquet(tmp_path / "scores")
    expected = predict(find_model(CHAMPION, "payment").bundle, rows)
    pd.testing.assert_frame_equal(scored, expected.reset_index(drop=True), check_exact=True)

"""Frames with known probabilities, and one small simulated hospital with its two models."""

from __future__ import annotations

import os

# Two workers fill two cores: a third thread that waits at full speed takes the time of one that works. Read by the
# numerical libraries as they are loaded, so before any of them.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import shutil
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pytest
from hypothesis import settings as drawn

from payrank.extracts.contract.metadata import read_metadata, write_metadata
from payrank.extracts.load.load_extract import load_extract
from payrank.features.build_frames import training_frame
from payrank.features.feature import Feature
from payrank.features.frame import Frame
from payrank.features.sources import Snapshot
from payrank.features.targets import OverturnTarget, PaymentTarget
from payrank.models.bundle import Bundle, read_bundle
from payrank.models.manifest import ModelKind
from payrank.models.registry.store import open_client
from payrank.scoring.run_models import RunModels
from payrank.scoring.run_nightly import RunResult, run_nightly
from payrank.scoring.settings import ScoringSettings
from payrank.simulator import simulate
from payrank.training.settings import Member, TrainingSettings
from payrank.training.train import Trained, train

pytest_plugins = ["tests.opened_pages", "tests.postgres_server", "tests.spark_session"]

drawn.register_profile("house", deadline=None)  # how long a machine takes for an example promises nothing
drawn.load_profile("house")

NO_DATA = "no real data"
"""What the reason of a skip says when the real data files are absent: the one skip that CI allows."""


MARKS_BY_FIXTURE = {"browser": "browser", "postgres_url": "postgres", "real_data": "data", "spark": "spark"}
"""The mark of every test that needs a part which a user's machine may lack, by the fixture that provides the part."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark tests by the parts that they need, before `-m` selects."""
    for item in items:
        for fixture in MARKS_BY_FIXTURE.keys() & set(getattr(item, "fixturenames", ())):
            item.add_marker(MARKS_BY_FIXTURE[fixture])


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, Any, Any]:
    """In CI a test that is skipped has failed, unless it asks for data that only some machines have."""
    report = yield
    if os.environ.get("CI") and report.skipped and NO_DATA not in str(report.longrepr):
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} was skipped, and CI skips nothing: {report.longrepr}"
    return report


FrameMaker = Callable[..., Frame]

SMALL = TrainingSettings(
    max_n_estimators=40,
    share_n_estimators=20,
    timing_n_estimators=15,
    early_stopping_rounds=10,
    members=(Member(seeds=(1, 2)), Member(name="additive", trees={"max_depth": 1}, seeds=(1,), weight=0.5)),
)

PAYERS = np.array(["commercial", "medicare", "medicaid", "self_pay", "rare_payer"])


def _feature(name: str, unit: str, direction: int = 0) -> Feature:
    return Feature(
        name=name,
        meaning=f"{name} as of the snapshot",
        unit=unit,
        family="balance",
        source=Snapshot(name),
        phrase=f"{name} is {{value}}",
        direction=direction,
    )


FEATURES = (
    _feature("balance_now", "dollars"),
    _feature("days_open", "days", -1),
    _feature("past_rate", "rate", 1),
    _feature("calls", "count"),
    _feature("noise", "share"),
    _feature("payer_class", "category"),
)


def make_frame(
    *,
    snapshots: int = 12,
    rows: int = 150,
    seed: int = 7,
    unit: str = "account",
    amounts: bool = True,
    horizon_days: int = 60,
    strength: float = 1.0,
) -> Frame:
    """Return a labeled frame: monthly snapshots from 2024-01-01, `rows` each, outcome by a known logit.

    The chance of the outcome is in column `truth`, which is no feature. Those with calls pay later: their days to the
    outcome are even over the horizon, the others' over its first third.
    """
    draw = np.random.default_rng(seed)
    n = snapshots * rows
    as_of = np.repeat([date(2024, 1, 1) + timedelta(days=30 * step) for step in range(snapshots)], rows)
    unit_number = np.tile(np.arange(rows), snapshots) + np.repeat(np.arange(snapshots), rows) * (rows // 3)
    amount = np.round(np.exp(draw.normal(6, 1, n)), 2)
    age = draw.integers(0, 400, n).astype(float)
    rate = draw.beta(2, 3, n)
    calls = draw.poisson(1.0, n).astype(float)
    payer = draw.choice(PAYERS, n, p=[0.4, 0.3, 0.2, 0.098, 0.002])
    logit = strength * (
        3 * (rate - 0.4) - 0.006 * (age - 150) + 0.8 * (payer == "commercial") - 0.4 * np.log(amount / 400)
    )
    truth = 1 / (1 + np.exp(-logit))
    label = (draw.random(n) < truth).astype(float)
    share = np.where(label == 1, np.clip(draw.beta(4, 2, n), 0.01, 1), 0.0)
    by_day = np.floor(np.random.default_rng([seed, 1]).random(n) * np.where(calls > 0, horizon_days, horizon_days // 3))
    data = pd.DataFrame(
        {
            "unit_id": [f"UNIT-PLANTED-{number:06d}" for number in unit_number],
            "household": [f"HOUSE-PLANTED-{number // 2:06d}" for number in unit_number],
            "as_of": pd.to_datetime(as_of).astype("datetime64[s]"),
            "amount": amount if amounts else np.full(n, np.nan),
            "age_days": age,
            "balance_now": np.where(draw.random(n) < 0.1, np.nan, amount),
            "days_open": age,
            "past_rate": rate,
            "calls": calls,
            "noise": draw.random(n),
            "payer_class": pd.Series(payer).where(draw.random(n) > 0.05).astype("str"),
            "label": label,
            "share": share if amounts else np.full(n, np.nan),
            "recovered": share * amount if amounts else np.full(n, np.nan),
            "days_to_outcome": np.where(label == 1, by_day, np.nan),
            "truth": truth,
        }
    )
    data = data.sort_values(["as_of", "unit_id"], kind="stable", ignore_index=True)
    if unit == "account":
        return Frame("account", data, FEATURES, PaymentTarget(horizon_days=horizon_days))
    return Frame("denial", data, FEATURES, OverturnTarget(maturity_days=horizon_days))


@pytest.fixture(scope="session")
def frame_maker() -> FrameMaker:
    """Make labeled frames; see `make_frame`."""
    return make_frame


@pytest.fixture(scope="session")
def payment_frame() -> Frame:
    """A year of accounts: 12 snapshots of 150 rows."""
    return make_frame()


@pytest.fixture(scope="session")
def trained(payment_frame: Frame) -> Trained:
    """A small payment model of two kinds of trees, with a share model, in memory."""
    return train(payment_frame, kind="payment", as_of=date(2025, 3, 1), settings=SMALL)


@pytest.fixture(scope="session")
def empty_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An MLflow database with nothing in it, to be copied: making its tables takes longer than most tests."""
    path = tmp_path_factory.mktemp("store") / "empty.db"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{path}")
        with open_client():
            return path


@dataclass(frozen=True, slots=True)
class Hospital:
    """A simulated hospital: its extract, as-of date, and the bundle folders of its two models."""

    extract: Path
    as_of: date
    bundles: Mapping[ModelKind, Path]

    def models(self, *kinds: ModelKind) -> RunModels:
        """Read the bundles of the given kinds; all of them when none is given."""
        kinds = kinds or tuple(self.bundles)
        absent: dict[str, str] = {kind: f"No {kind} model is registered." for kind in self.bundles if kind not in kinds}
        bundles: dict[str, Bundle] = {kind: read_bundle(self.bundles[kind]) for kind in kinds}
        return RunModels(bundles, {kind: f"small {kind}" for kind in bundles}, absent)

    def copy(self, folder: Path, as_of: date | None = None, **tables: str) -> Path:
        """Copy the extract; each named table is replaced by a query over the original, `{table}`, or dropped by ""."""
        shutil.copytree(self.extract, folder)
        for name, query in tables.items():
            path = folder / f"{name}.parquet"
            if query:
                with duckdb.connect() as connection:
                    rows = connection.sql(query.replace("{table}", f"'{path}'")).to_arrow_table()
                    connection.from_arrow(rows).write_parquet(str(path))
            else:
                path.unlink()
        metadata = read_metadata(folder)
        write_metadata(replace(metadata, control_totals={}, as_of=as_of or metadata.as_of), folder)
        return folder

    def score(self, out: Path, extract: Path | None = None, **options: object) -> RunResult:
        """Run nightly scoring over the extract, or over a changed copy; options go to `run_nightly`."""
        arguments = {"settings": ScoringSettings(), "models": self.models(), "as_of": self.as_of, **options}
        models = arguments.pop("models")
        with load_extract(extract or self.extract) as loaded:
            return run_nightly(loaded, models, out=out, **arguments)  # type: ignore[arg-type]  # from the tests


@pytest.fixture(scope="session")
def hospital(tmp_path_factory: pytest.TempPathFactory) -> Hospital:
    """2,000 simulated accounts and two models, trained once per session (once per worker)."""
    folder = tmp_path_factory.mktemp("hospital")
    day = date(2026, 11, 20)
    simulate(folder / "extract", accounts=2000, seed=3, as_of=day)
    quick = SMALL.model_copy(update={"min_outcomes": 11, "members": (Member(seeds=(1,)),)})
    bundles: dict[ModelKind, Path] = {"payment": folder / "payment", "overturn": folder / "overturn"}
    with load_extract(folder / "extract") as extract:
        targets: dict[ModelKind, PaymentTarget | OverturnTarget] = {
            "payment": PaymentTarget(snapshots=8),
            "overturn": OverturnTarget(),
        }
        for kind, target in targets.items():
            frame = training_frame(extract, target, day)
            train(frame, kind=kind, as_of=day, settings=quick, out=bundles[kind])
    return Hospital(folder / "extract", day, bundles)


@dataclass(frozen=True, slots=True)
class FinishedRun:
    """A published run of the hospital, for tests that only read it."""

    result: RunResult
    out: Path

    @property
    def folder(self) -> Path:
        """The folder of the run."""
        return self.result.folder


@pytest.fixture(scope="session")
def finished_run(hospital: Hospital, tmp_path_factory: pytest.TempPathFactory) -> FinishedRun:
    """One run of the hospital with default settings."""
    out = tmp_path_factory.mktemp("finished") / "runs"
    return FinishedRun(hospital.score(out), out)


@pytest.fixture
def runs(finished_run: FinishedRun, tmp_path: Path) -> Path:
    """A folder of runs with that run in it, for tests that run another."""
    return shutil.copytree(finished_run.out, tmp_path / "runs", symlinks=True)

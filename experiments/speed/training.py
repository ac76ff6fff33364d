"""Compare a training run on half a million rows with plain lightgbm.train calls on the same rows, trees, and rounds.

python -m experiments.speed.training [--rows 500000] [--accounts 20000]

Two comparisons. The first compares the whole run (automatic settings, validation fits, served fit, share, timing,
calibration, baselines, evaluation) with every booster that it fitted, each fitted again by plain `lightgbm.train` on
the same matrix with the same tree parameters and number of trees, and LightGBM's defaults otherwise. The second
compares it with the served likelihood alone, which is the cost without any validation. On a busy machine compare CPU
seconds, not wall seconds, with OMP_WAIT_POLICY=passive, because threads that wait for each other count as work.
"""

from __future__ import annotations

import argparse
import cProfile
import pstats
import resource
import sys
import tempfile
import time
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

import lightgbm
import numpy as np
import pandas as pd

from payrank.extracts.load.load_extract import load_extract
from payrank.features.build_frames import training_frame
from payrank.features.frame import Frame
from payrank.features.targets import PaymentTarget
from payrank.simulator import simulate
from payrank.training.settings import Trees, default_settings
from payrank.training.train import train

AS_OF = date(2026, 11, 20)
TREE_PARAMETERS = {
    "objective",
    "seed",
    "num_class",
    "monotone_constraints",
    "num_threads",
    "verbosity",
    *Trees.model_fields,
}
"""Parameters that determine the fitted trees; plain LightGBM uses its defaults for all others."""


@dataclass
class Fit:
    """One fitted booster: its parameters, rows, and number of trees."""

    parameters: dict[str, Any]
    data: lightgbm.Dataset
    later: bool
    rounds: int


@dataclass
class Recorder:
    """Wraps LightGBM during a training run and records each fit and its data."""

    fits: list[Fit] = field(default_factory=list)
    matrices: dict[int, tuple[Any, ...]] = field(default_factory=dict)

    def __enter__(self) -> Recorder:
        self._train, self._init = lightgbm.train, lightgbm.Dataset.__init__
        recorder, train_plain, init = self, self._train, self._init

        def remember(dataset: lightgbm.Dataset, data: Any, label: Any = None, **options: Any) -> None:
            init(dataset, data, label, **options)
            if options.get("reference") is None:
                parts = (data, label, options.get("weight"), options.get("categorical_feature", []))
                recorder.matrices[id(dataset)] = (dataset, *parts)

        def fit(parameters: dict[str, Any], data: lightgbm.Dataset, **options: Any) -> lightgbm.Booster:
            booster = train_plain(parameters, data, **options)
            recorder.fits.append(Fit(dict(parameters), data, "valid_sets" in options, booster.current_iteration()))
            return booster

        lightgbm.train, lightgbm.Dataset.__init__ = fit, remember  # type: ignore[method-assign, assignment]  # spies
        return self

    def __exit__(self, *_: object) -> None:
        lightgbm.train, lightgbm.Dataset.__init__ = self._train, self._init  # type: ignore[method-assign]  # undone

    def fit_plainly(self, fit: Fit, threads: int) -> None:
        """Fit the same trees again as a plain script would, with a new data set and default parameters."""
        _, matrix, label, weight, categories = self.matrices[id(fit.data)]
        parameters = {name: value for name, value in fit.parameters.items() if name in TREE_PARAMETERS} | {
            "num_threads": threads
        }
        data = lightgbm.Dataset(matrix, label, weight=weight, categorical_feature=categories)
        lightgbm.train(parameters, data, num_boost_round=fit.rounds)


def large_frame(accounts: int, rows: int) -> Frame:
    """Return `rows` labeled rows: those of a simulated hospital, repeated as new households with other amounts."""
    with tempfile.TemporaryDirectory(prefix="payrank-speed-") as scratch:
        simulate(Path(scratch) / "extract", accounts=accounts, seed=1, as_of=AS_OF)
        with load_extract(Path(scratch) / "extract") as extract:
            frame = training_frame(extract, PaymentTarget(), AS_OF)
    times = -(-rows // len(frame.data))
    parts = []
    for number in range(times):
        part = frame.data.copy()
        for name in ("unit_id", "household"):
            part[name] = part[name] + f"-{number}"
        noise = np.random.default_rng(number).normal(1, 0.02, len(part))
        for feature in frame.features:
            if feature.unit == "dollars":
                part[feature.name] = part[feature.name] * noise
        parts.append(part)
    data = pd.concat(parts).sort_values(["as_of", "unit_id"], kind="stable", ignore_index=True)
    keep = np.arange(rows) * len(data) // rows
    return replace(frame, data=data.iloc[keep].reset_index(drop=True))


def clock() -> tuple[float, float]:
    """Return the wall time and this process's CPU time, in seconds."""
    return time.perf_counter(), time.process_time()


def main() -> None:
    """Train once, fit the same boosters with plain LightGBM, and print both comparisons."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=500_000)
    parser.add_argument("--accounts", type=int, default=20_000)
    parser.add_argument(
        "--plain-threads", type=int, default=1, help="Threads of plain LightGBM (payrank uses one per booster)."
    )
    parser.add_argument("--profile", action="store_true", help="Also print where the time of the training run went.")
    arguments = parser.parse_args()
    frame = large_frame(arguments.accounts, arguments.rows)
    settings = default_settings("payment")
    features = sum(feature.modeled for feature in frame.features)
    print(f"{len(frame.data):,} rows x {features} features, {settings.threads} threads")
    profile = cProfile.Profile()
    before = clock()
    with Recorder() as recorder:
        if arguments.profile:
            profile.enable()
        trained = train(frame, kind="payment", as_of=AS_OF, settings=settings)
        profile.disable()
    whole = np.subtract(clock(), before)
    plain = np.zeros(2)
    served = np.zeros(2)
    manifest = trained.bundle.manifest
    for place, fit in enumerate(recorder.fits):
        before = clock()
        recorder.fit_plainly(fit, arguments.plain_threads)
        seconds = np.subtract(clock(), before)
        plain += seconds
        is_served = fit.parameters["objective"] == "binary" and len(np.asarray(fit.data.get_label())) == manifest.rows
        served += seconds * is_served
        fitted_rows = len(np.asarray(fit.data.get_label()))
        description = f"{fit.parameters['objective']}, {fitted_rows:,} rows, {fit.rounds} trees"
        print(f"  {place:3} {description:45} {seconds[0]:8.1f} s wall {seconds[1]:8.1f} s CPU")
    for name, took in (
        ("whole training run", whole),
        ("all boosters with plain LightGBM", plain),
        ("served boosters with plain LightGBM", served),
    ):
        print(f"{name:40} {took[0]:8.1f} s wall {took[1]:8.1f} s CPU")
    for name, took in (("all boosters", plain), ("served boosters", served)):
        wall, cpu = whole / took
        print(f"whole run / {name} with plain LightGBM: {wall:.2f} in wall time, {cpu:.2f} in CPU time")
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2:.1f} GiB")
    if arguments.profile:
        pstats.Stats(profile, stream=sys.stdout).sort_stats("cumtime").print_stats(60)


if __name__ == "__main__":
    main()

"""Time a training of half a million rows beside plain lightgbm.train calls with the same rows, trees and rounds.

python -m experiments.speed.training [--rows 500000] [--accounts 20000]

Two readings. The first sets the whole training (choices, validation fits, served fit, share, timing, calibration,
baselines, evaluation) beside every booster it fitted, each fitted again by plain `lightgbm.train` on the same matrix
with the same tree parameters and number of trees, LightGBM's own defaults for all else. The second sets it beside the
served likelihood alone, which is what somebody pays who validates nothing. Wall-clock seconds on a busy machine say
little; seconds of processor time are the ones to compare, with OMP_WAIT_POLICY=passive, or threads that wait for each
other count as work.
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
OURS = {"objective", "seed", "num_class", "monotone_constraints", "num_threads", "verbosity", *Trees.model_fields}
"""Parameters that decide which trees are fitted; plain LightGBM keeps its defaults for the others."""


@dataclass
class Fit:
    """One booster that a training fitted: its parameters, rows, and number of trees."""

    parameters: dict[str, Any]
    data: lightgbm.Dataset
    later: bool
    rounds: int


@dataclass
class Recorder:
    """Stands between the training and LightGBM, and remembers what was fitted on what."""

    fits: list[Fit] = field(default_factory=list)
    matrices: dict[int, tuple[Any, ...]] = field(default_factory=dict)

    def __enter__(self) -> Recorder:
        self._train, self._init = lightgbm.train, lightgbm.Dataset.__init__
        recorder, train_plain, init = self, self._train, self._init

        def remember(dataset: lightgbm.Dataset, data: Any, label: Any = None, **named: Any) -> None:
            init(dataset, data, label, **named)
            if named.get("reference") is None:
                found = (data, label, named.get("weight"), named.get("categorical_feature", []))
                recorder.matrices[id(dataset)] = (dataset, *found)

        def fit(parameters: dict[str, Any], data: lightgbm.Dataset, **named: Any) -> lightgbm.Booster:
            booster = train_plain(parameters, data, **named)
            recorder.fits.append(Fit(dict(parameters), data, "valid_sets" in named, booster.current_iteration()))
            return booster

        lightgbm.train, lightgbm.Dataset.__init__ = fit, remember
        return self

    def __exit__(self, *_: object) -> None:
        lightgbm.train, lightgbm.Dataset.__init__ = self._train, self._init

    def fit_plainly(self, fit: Fit, threads: int) -> None:
        """Fit the same trees again, as a plain script would: its own data set, nothing else said."""
        _, matrix, label, weight, categories = self.matrices[id(fit.data)]
        parameters = {name: value for name, value in fit.parameters.items() if name in OURS} | {"num_threads": threads}
        data = lightgbm.Dataset(matrix, label, weight=weight, categorical_feature=categories)
        lightgbm.train(parameters, data, num_boost_round=fit.rounds)


def large_frame(accounts: int, rows: int) -> Frame:
    """Return so many labeled rows: a simulated hospital's, repeated as other households with other amounts."""
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
    """Return the wall clock and this process's processor time, seconds."""
    return time.perf_counter(), time.process_time()


def main() -> None:
    """Train once, fit the same boosters plainly, and print both readings."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=500_000)
    parser.add_argument("--accounts", type=int, default=20_000)
    parser.add_argument("--plain-threads", type=int, default=1, help="Threads of plain LightGBM (ours: one a booster).")
    parser.add_argument("--profile", action="store_true", help="Also print where the training's time went.")
    given = parser.parse_args()
    frame = large_frame(given.accounts, given.rows)
    settings = default_settings("payment")
    features = sum(feature.modeled for feature in frame.features)
    print(f"{len(frame.data):,} rows x {features} features, {settings.threads} threads")
    profile = cProfile.Profile()
    before = clock()
    with Recorder() as recorder:
        if given.profile:
            profile.enable()
        trained = train(frame, kind="payment", as_of=AS_OF, settings=settings)
        profile.disable()
    ours = np.subtract(clock(), before)
    plain = np.zeros(2)
    served = np.zeros(2)
    manifest = trained.bundle.manifest
    for place, fit in enumerate(recorder.fits):
        before = clock()
        recorder.fit_plainly(fit, given.plain_threads)
        took = np.subtract(clock(), before)
        plain += took
        is_served = fit.parameters["objective"] == "binary" and len(fit.data.get_label()) == manifest.rows
        served += took * is_served
        told = f"{fit.parameters['objective']}, {len(fit.data.get_label()):,} rows, {fit.rounds} rounds"
        print(f"  {place:3} {told:45} {took[0]:8.1f} s wall {took[1]:8.1f} s processor")
    for name, took in (
        ("whole training", ours),
        ("all boosters, plainly", plain),
        ("served boosters, plainly", served),
    ):
        print(f"{name:40} {took[0]:8.1f} s wall {took[1]:8.1f} s processor")
    for name, took in (("all its boosters", plain), ("its served boosters", served)):
        wall, processor = ours / took
        print(f"the training to {name}, plainly: {wall:.2f} by the wall, {processor:.2f} by processor time")
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2:.1f} GiB")
    if given.profile:
        pstats.Stats(profile, stream=sys.stdout).sort_stats("cumtime").print_stats(60)


if __name__ == "__main__":
    main()

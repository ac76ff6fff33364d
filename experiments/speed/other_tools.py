"""payrank beside other tools on the same work: the same features of the same accounts on the same nights."""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from experiments.speed.pandas_features import ALIKE, Tables, by_account, by_feature
from experiments.speed.measurement import alternate
from experiments.speed.feature_subset import frame_of
from payrank.extracts.extract import Extract
from payrank.extracts.load.load_extract import load_extract
from payrank.features.build_frames import nightly_frame
from payrank.features.targets import PaymentTarget
from payrank.simulator import simulate

NIGHTS = 12
NIGHTS_BY_ACCOUNT = 2
"""Account by account is so slow that two nights tell."""
HALF_A_CENT = 0.005


def beside_others(accounts: int, as_of: date, python: str) -> dict[str, Any]:
    """Measure every tool against payrank with the same features, in one run; refuse if their values differ."""
    days = [as_of - timedelta(days=30 * month) for month in range(NIGHTS)]
    with tempfile.TemporaryDirectory(prefix="payrank-speed-") as scratch:
        folder = Path(scratch) / "extract"
        simulate(folder, accounts=accounts, seed=1, as_of=as_of)
        names = ("accounts", "transactions", "contacts")
        tables = Tables({name: pq.read_table(folder / f"{name}.parquet") for name in names})
        with load_extract(folder) as extract:
            frames = _by_night(frame_of(extract, days, ALIKE), days)
            for day, frame in zip(days, frames, strict=True):
                _compare(frame, by_feature(tables, day), "pandas, a group-by a feature")
            few = days[:NIGHTS_BY_ACCOUNT]
            for day, frame in zip(few, frames, strict=False):
                _compare(frame, by_account(tables, day, frame["unit_id"]), "pandas, account by account")
            units = {day: list(frame["unit_id"]) for day, frame in zip(days, frames, strict=True)}
            every = alternate(
                {
                    "the whole catalog": lambda: [nightly_frame(extract, PaymentTarget(), day) for day in days],
                    "the same features": lambda: frame_of(extract, days, ALIKE),
                    "pandas, a group-by a feature": lambda: [by_feature(tables, day) for day in days],
                },
                rounds=3,
            )
            slow = alternate(
                {
                    "the same features": lambda: frame_of(extract, few, ALIKE),
                    "pandas, account by account": lambda: [by_account(tables, day, units[day]) for day in few],
                },
                rounds=1,
            )
            found: dict[str, Any] = {
                "told": f"{accounts:,} accounts, {NIGHTS} nights, {sum(map(len, frames)):,} rows",
                "alike": len(ALIKE),
                "every": {name: each.told() for name, each in every.items()},
                "slow": {name: each.told() for name, each in slow.items()},
                "slow_rows": sum(map(len, frames[:NIGHTS_BY_ACCOUNT])),
            }
            if python:
                found["featuretools"] = _featuretools(extract, folder, units, python)
    return found


def _by_night(frame: pd.DataFrame, days: Sequence[date]) -> list[pd.DataFrame]:
    return [frame[frame["as_of"] == pd.Timestamp(day)] for day in days]


def _compare(ours: pd.DataFrame, theirs: pd.DataFrame, name: str) -> None:
    there = theirs.loc[ours["unit_id"], ALIKE].astype(float).to_numpy()
    here = ours[ALIKE].astype(float).to_numpy()
    differing = [column for column, same in zip(ALIKE, _same(here, there), strict=True) if not same]
    if differing:
        raise SystemExit(f"{name} came to other values of {', '.join(differing)}")


def _same(here: np.ndarray[Any, Any], there: np.ndarray[Any, Any]) -> Sequence[bool]:
    near = (np.abs(here - there) < HALF_A_CENT) | (np.isnan(here) & np.isnan(there))
    return [bool(column) for column in near.all(axis=0)]


def _featuretools(extract: Extract, folder: Path, units: Mapping[date, list[str]], python: str) -> dict[str, Any]:
    """Run featuretools in its own Python, and payrank with the same features right before and after it."""
    wanted = folder.parent / "wanted.json"
    wanted.write_text(json.dumps([[day.isoformat(), ids] for day, ids in units.items()]), "utf-8")
    command = [python, str(Path(__file__).with_name("featuretools_features.py")), str(folder), str(wanted)]
    # The Python to run is the one that the person at the terminal named.
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)  # noqa: S603 - as above
    theirs: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    names = theirs["features"]
    frames = _by_night(frame_of(extract, list(units), names), list(units))
    for name in ("patient_balance", "insurance_balance", "charges", "denied_dollars", "denial_count", "refusals"):
        total = sum(float(frame[name].fillna(0).sum()) for frame in frames)
        if abs(total - theirs["sums"][name]) > HALF_A_CENT * len(units) * len(frames[0]):
            raise SystemExit(f"featuretools came to other sums of {name}")
    ours = alternate({"the same features": lambda: frame_of(extract, list(units), names)}, rounds=3)
    return theirs | {"ours": ours["the same features"].told()}

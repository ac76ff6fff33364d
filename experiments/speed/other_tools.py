"""Compares payrank with other tools on the same features, accounts, and snapshot days."""

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

from experiments.speed.feature_subset import make_subset_frame
from experiments.speed.measurement import measure_in_turns
from experiments.speed.pandas_features import FEATURES, Tables, by_account, by_feature
from payrank.extracts.extract import Extract
from payrank.extracts.load.load_extract import load_extract
from payrank.features.build_frames import nightly_frame
from payrank.features.targets import PaymentTarget
from payrank.simulator import simulate

DAYS = 12
DAYS_BY_ACCOUNT = 2
"""Account by account is so slow that two days are enough."""
HALF_A_CENT = 0.005


def compare_tools(accounts: int, as_of: date, python: str) -> dict[str, Any]:
    """Measure every tool and payrank with the same features in one run; stop if their values differ."""
    days = [as_of - timedelta(days=30 * month) for month in range(DAYS)]
    with tempfile.TemporaryDirectory(prefix="payrank-speed-") as scratch:
        folder = Path(scratch) / "extract"
        simulate(folder, accounts=accounts, seed=1, as_of=as_of)
        names = ("accounts", "transactions", "contacts")
        tables = Tables({name: pq.read_table(folder / f"{name}.parquet") for name in names})
        with load_extract(folder) as extract:
            frames = _by_day(make_subset_frame(extract, days, FEATURES), days)
            for day, frame in zip(days, frames, strict=True):
                _compare(frame, by_feature(tables, day), "pandas, one group-by per feature")
            few_days = days[:DAYS_BY_ACCOUNT]
            for day, frame in zip(few_days, frames, strict=False):
                _compare(frame, by_account(tables, day, frame["unit_id"]), "pandas, account by account")
            units = {day: list(frame["unit_id"]) for day, frame in zip(days, frames, strict=True)}
            all_days = measure_in_turns(
                {
                    "the whole catalog": lambda: [nightly_frame(extract, PaymentTarget(), day) for day in days],
                    "the same features": lambda: make_subset_frame(extract, days, FEATURES),
                    "pandas, one group-by per feature": lambda: [by_feature(tables, day) for day in days],
                },
                repeats=3,
            )
            slow = measure_in_turns(
                {
                    "the same features": lambda: make_subset_frame(extract, few_days, FEATURES),
                    "pandas, account by account": lambda: [by_account(tables, day, units[day]) for day in few_days],
                },
                repeats=1,
            )
            result: dict[str, Any] = {
                "description": f"{accounts:,} accounts, {DAYS} days, {sum(map(len, frames)):,} rows",
                "features": len(FEATURES),
                "all_days": {name: each.to_json() for name, each in all_days.items()},
                "few_days": {name: each.to_json() for name, each in slow.items()},
                "few_days_rows": sum(map(len, frames[:DAYS_BY_ACCOUNT])),
            }
            if python:
                result["featuretools"] = _featuretools(extract, folder, units, python)
    return result


def _by_day(frame: pd.DataFrame, days: Sequence[date]) -> list[pd.DataFrame]:
    return [frame[frame["as_of"] == pd.Timestamp(day)] for day in days]


def _compare(frame: pd.DataFrame, other: pd.DataFrame, tool: str) -> None:
    expected = frame[FEATURES].astype(float).to_numpy()
    actual = other.loc[frame["unit_id"], FEATURES].astype(float).to_numpy()
    differing = [column for column, same in zip(FEATURES, _same(expected, actual), strict=True) if not same]
    if differing:
        raise SystemExit(f"{tool} computed different values of {', '.join(differing)}")


def _same(first: np.ndarray[Any, Any], second: np.ndarray[Any, Any]) -> Sequence[bool]:
    near = (np.abs(first - second) < HALF_A_CENT) | (np.isnan(first) & np.isnan(second))
    return [bool(column) for column in near.all(axis=0)]


def _featuretools(extract: Extract, folder: Path, units: Mapping[date, list[str]], python: str) -> dict[str, Any]:
    """Run featuretools in its own Python, and then payrank with the same features."""
    request = folder.parent / "request.json"
    request.write_text(json.dumps([[day.isoformat(), ids] for day, ids in units.items()]), "utf-8")
    command = [python, str(Path(__file__).with_name("featuretools_features.py")), str(folder), str(request)]
    # The user names the Python to run on the command line.
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)  # noqa: S603 - as above
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    names = result["features"]
    frames = _by_day(make_subset_frame(extract, list(units), names), list(units))
    for name in ("patient_balance", "insurance_balance", "charges", "denied_dollars", "denial_count", "refusals"):
        total = sum(float(frame[name].fillna(0).sum()) for frame in frames)
        if abs(total - result["sums"][name]) > HALF_A_CENT * len(units) * len(frames[0]):
            raise SystemExit(f"featuretools computed a different sum of {name}")
    payrank = measure_in_turns({"the same features": lambda: make_subset_frame(extract, list(units), names)}, repeats=3)
    return result | {"payrank": payrank["the same features"].to_json()}

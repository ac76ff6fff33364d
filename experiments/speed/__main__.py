"""Measure the main job on a simulated hospital: each stage compared with a yardstick on the same data, in one run.

python -m experiments.speed [--accounts 100000]

Compare ratios between machines; the seconds depend on the machine.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date
from functools import partial
from pathlib import Path
from typing import TypeVar

import lightgbm
import numpy as np

from payrank.extracts.load.load_extract import load_extract
from payrank.features.build_frames import nightly_frame, training_frame
from payrank.features.targets import OverturnTarget, PaymentTarget
from payrank.models.matrix import encode
from payrank.models.predict import predict
from payrank.models.shap.explain import explain
from payrank.simulator import simulate
from payrank.training.settings import default_settings
from payrank.training.train import train

T = TypeVar("T")
AS_OF = date(2026, 11, 20)


def timed(work: Callable[[], T]) -> tuple[T, float]:
    """Return the result of the work and the seconds it took."""
    started = time.perf_counter()
    result = work()
    return result, time.perf_counter() - started


def main() -> None:
    """Run each stage once and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--accounts", type=int, default=100_000)
    accounts = parser.parse_args().accounts
    rows: list[tuple[str, float, str]] = []
    with tempfile.TemporaryDirectory(prefix="payrank-speed-") as scratch:
        folder = Path(scratch) / "extract"
        _, seconds = timed(lambda: simulate(folder, accounts=accounts, seed=1, as_of=AS_OF))
        rows.append((f"simulate {accounts:,} accounts", seconds, ""))
        extract, seconds = timed(lambda: load_extract(folder))
        ledger = extract.tables["transactions"].rows_loaded
        rows.append((f"load, {ledger:,} transactions", seconds, f"{ledger / seconds:,.0f} transactions per second"))
        scan = (
            "SELECT account_id, SUM(amount) FROM transactions WHERE posted_on < DATE '2026-11-20' GROUP BY account_id"
        )
        _, once = timed(lambda: extract.connection.execute(scan).fetchall())
        rows.append(("yardstick: one scan of the ledger, one group-by", once, ""))
        for target, unit in ((PaymentTarget(), "account"), (OverturnTarget(), "denial")):
            frame, seconds = timed(partial(nightly_frame, extract, target, AS_OF))
            note = f"{seconds / once:.1f} x the yardstick"
            rows.append((f"nightly frame, {len(frame.data):,} {unit}s x {len(frame.features)}", seconds, note))
        labeled, seconds = timed(lambda: training_frame(extract, PaymentTarget(), AS_OF))
        rows.append((f"training frame, {len(labeled.data):,} snapshots", seconds, ""))
        settings = default_settings("payment")
        trained, seconds = timed(lambda: train(labeled, kind="payment", as_of=AS_OF, settings=settings))
        columns = trained.bundle.manifest.features
        matrix = encode(labeled.data, columns)
        label = labeled.data["label"].to_numpy(dtype=np.float64)
        n_estimators = next(iter(trained.backtest.n_estimators.values()))
        plain = {"objective": "binary", "num_leaves": 15, "num_threads": 2, "verbosity": -1}
        _, once_fitted = timed(lambda: lightgbm.train(plain, lightgbm.Dataset(matrix, label), n_estimators))
        rows.append((f"yardstick: lightgbm.train, {n_estimators} trees, once", once_fitted, ""))
        rows.append(("train, validate, calibrate, baselines", seconds, f"{seconds / once_fitted:.1f} x the yardstick"))
        rows_to_score = nightly_frame(extract, PaymentTarget(), AS_OF).data
        _, seconds = timed(lambda: predict(trained.bundle, rows_to_score))
        rows.append(("predict", seconds, f"{len(rows_to_score) / seconds:,.0f} rows per second"))
        _, seconds = timed(lambda: explain(trained.bundle, rows_to_score))
        rows.append(("explain, exact", seconds, f"{len(rows_to_score) / seconds:,.0f} rows per second"))
        extract.close()
    _, seconds = timed(
        lambda: subprocess.run([sys.executable, "-m", "payrank", "--help"], check=True, stdout=subprocess.DEVNULL)
    )
    rows.append(("payrank --help", seconds, ""))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
    for name, seconds, note in rows:
        print(f"{name:55} {seconds:8.2f} s   {note}")
    print(f"{'peak memory':55} {peak:8.2f} GiB")


if __name__ == "__main__":
    main()

"""How fast and how large frames are, beside one scan of the ledger, ten times the accounts, pandas and featuretools.

python -m experiments.speed.frames --accounts 1000000 [--featuretools PYTHON]

Each size runs in a process of its own, so that its peak memory is its own. Ratios are what to compare between machines.
featuretools 1.31 fails with pandas 3, which payrank runs on: give it an environment of its own, and name its Python.

    python -m venv /tmp/featuretools && /tmp/featuretools/bin/pip install "featuretools==1.31.0" "pandas<3" pyarrow
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from dataclasses import asdict
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from experiments.speed.beside_pandas import pandas_frames
from experiments.speed.measured import load_average, measure, peak_memory
from extracts.load import load_extract
from extracts.simulator import simulate
from features.frame import catalogue, nightly_frame, training_frame
from features.targets import PaymentTarget

AS_OF = date(2026, 11, 20)
SCAN = (
    "SELECT account_id, SUM(amount) AS amount FROM transactions WHERE posted_on < DATE '2026-11-20' GROUP BY account_id"
)
MONTHS = 12
HALF_A_CENT = 0.005


def main() -> None:
    """Run each size in its own process and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--accounts", type=int, default=200_000, help="accounts of the large nightly frame")
    parser.add_argument("--monthly", type=int, default=200_000, help="accounts of the twelve monthly snapshots")
    parser.add_argument("--beside", type=int, default=20_000, help="accounts of the comparison with other tools")
    parser.add_argument("--featuretools", help="Python of an environment that has featuretools 1.31")
    parser.add_argument("--one", nargs=3, metavar=("WHAT", "ACCOUNTS", "PYTHON"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        what, accounts, python = given.one
        print(json.dumps(_ONE[what](int(accounts), python)))
        return
    large = _apart("night", given.accounts)
    small = _apart("night", given.accounts // 10)
    print(f"nightly frame, {large['told']}")
    _print("  frame", large["frame"])
    _print("  yardstick: one scan, one group-by, fetched row by row", large["fetched"])
    _print("  yardstick: the same, into a table", large["table"])
    for name, yardstick in (("fetched", large["fetched"]), ("into a table", large["table"])):
        print(f"  {large['frame']['processor'] / yardstick['processor']:6.1f} x the scan {name} (processor seconds)")
    print(f"  {large['frame']['processor'] / small['frame']['processor']:6.1f} x the frame of a tenth of the accounts")
    print(f"  {large['memory']:6.2f} GiB at most, the loaded extract among them; load average {large['load']:.1f}")
    monthly = _apart("months", given.monthly)
    print(f"{MONTHS} monthly snapshots, {monthly['told']}")
    _print("  frame", monthly["frame"])
    print(f"  {monthly['memory']:6.2f} GiB at most; load average {monthly['load']:.1f}")
    beside = _apart("beside", given.beside, given.featuretools or "")
    print(f"beside others, {beside['told']}")
    _print("  payrank, the whole catalogue", beside["frame"])
    for name in ("pandas", "featuretools"):
        if name in beside:
            _print(f"  {name}, {beside[name]['told']}", beside[name])
            print(f"  {beside[name]['processor'] / beside['frame']['processor']:6.1f} x payrank (processor seconds)")


def _print(name: str, measured: dict[str, float]) -> None:
    print(f"{name:62} {measured['wall']:8.2f} s wall {measured['processor']:8.2f} s processor")


def _apart(what: str, accounts: int, python: str = "") -> dict[str, Any]:
    command = [sys.executable, "-m", "experiments.speed.frames", "--one", what, str(accounts), python]
    told = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout  # noqa: S603 - this module itself
    return dict(json.loads(told.splitlines()[-1]))


def _night(accounts: int, _: str) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="payrank-speed-") as scratch:
        folder = _simulated(Path(scratch), accounts)
        with load_extract(folder) as extract:
            connection, target = extract.connection, PaymentTarget()
            fetched = measure(lambda: connection.execute(SCAN).fetchall())
            table = measure(lambda: connection.execute(f"CREATE OR REPLACE TEMP TABLE scanned AS {SCAN}"))
            connection.execute("DROP TABLE scanned")
            frame = measure(lambda: nightly_frame(extract, target, AS_OF))
            ledger = extract.tables["transactions"].rows_loaded
            told = f"{accounts:,} accounts, {ledger:,} transactions, {len(catalogue(extract, 'account'))} features"
    return {
        "told": told, "frame": asdict(frame), "fetched": asdict(fetched), "table": asdict(table),
        "memory": peak_memory(), "load": load_average(),
    }  # fmt: skip


def _months(accounts: int, _: str) -> dict[str, Any]:
    target = PaymentTarget(every_days=30, snapshots=MONTHS)
    with (
        tempfile.TemporaryDirectory(prefix="payrank-speed-") as scratch,
        load_extract(_simulated(Path(scratch), accounts)) as extract,
    ):
        rows = len(training_frame(extract, target, AS_OF).data)
        frame = measure(lambda: training_frame(extract, target, AS_OF), tries=2)
    told = f"{accounts:,} accounts, {rows:,} labelled rows"
    return {"told": told, "frame": asdict(frame), "memory": peak_memory(), "load": load_average()}


def _beside(accounts: int, python: str) -> dict[str, Any]:
    days = [AS_OF - timedelta(days=30 * month) for month in range(MONTHS)]
    with tempfile.TemporaryDirectory(prefix="payrank-speed-") as scratch:
        folder = _simulated(Path(scratch), accounts)
        with load_extract(folder) as extract:
            frames = [nightly_frame(extract, PaymentTarget(), day).data for day in days]
            units = [(day, list(frame["unit_id"])) for day, frame in zip(days, frames, strict=True)]
            frame = measure(lambda: [nightly_frame(extract, PaymentTarget(), day) for day in days])
            features = len(catalogue(extract, "account"))
        tables = {name: pq.read_table(folder / f"{name}.parquet") for name in ("accounts", "transactions", "contacts")}
        made = pandas_frames(tables, days)
        for ours, theirs in zip(frames, made, strict=True):
            told = theirs.loc[ours["unit_id"], "patient_balance"].to_numpy(dtype=float)
            if not (abs(told - ours["patient_balance"].to_numpy()) < HALF_A_CENT).all():
                raise SystemExit("pandas came to other balances")
        rows = sum(len(each) for each in frames)
        found: dict[str, Any] = {
            "told": f"{accounts:,} accounts, {MONTHS} nights, {rows:,} rows, {features} features",
            "frame": asdict(frame),
            "pandas": asdict(measure(lambda: pandas_frames(tables, days), tries=1))
            | {"told": f"{made[0].shape[1]} of the features"},
        }
        if python:
            wanted = Path(scratch) / "wanted.json"
            wanted.write_text(json.dumps([[day.isoformat(), ids] for day, ids in units]), "utf-8")
            script = Path(__file__).with_name("beside_featuretools.py")
            command = [python, str(script), str(folder), str(wanted)]
            # The Python to run is the one that the person at the terminal named.
            done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)  # noqa: S603 - as above
            found["featuretools"] = json.loads(done.stdout.splitlines()[-1])
    return found


def _simulated(scratch: Path, accounts: int) -> Path:
    folder = scratch / "extract"
    simulate(folder, accounts=accounts, seed=1, as_of=AS_OF)
    return folder


_ONE = {"night": _night, "months": _months, "beside": _beside}


if __name__ == "__main__":
    main()

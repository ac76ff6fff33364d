"""How fast and how large frames are, beside scans of the ledger, a tenth of the accounts, pandas and featuretools.

python -m experiments.speed.frames --accounts 1000000 [--featuretools PYTHON]

Each size runs in a process of its own, so that its peak memory is its own; contestants take turns, and medians are
shown. Ratios are what to compare between machines. featuretools 1.31 fails with pandas 3, which payrank runs on: give
it an environment of its own, and name its Python.

    python -m venv /tmp/featuretools && /tmp/featuretools/bin/pip install "featuretools==1.31.0" "pandas<3" pyarrow
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

from experiments.speed.other_tools import NIGHTS_BY_ACCOUNT, beside_others
from experiments.speed.measurement import alternate, load_average, measure, peak_memory
from payrank.extracts.load.load_extract import load_extract
from payrank.features.build_frames import nightly_frame, training_frame
from payrank.features.frame import build_catalog
from payrank.features.targets import PaymentTarget
from payrank.simulator import simulate

AS_OF = date(2026, 11, 20)
MONTHS = 12
ROUNDS = 3
SCANS = {
    "one sum": "SUM(amount) AS amount",
    "five totals": (
        "SUM(amount) AS balance, SUM(CASE WHEN responsibility = 'patient' THEN amount ELSE 0 END) AS patient, "
        "SUM(CASE WHEN kind = 'charge' THEN amount ELSE 0 END) AS charges, "
        "SUM(CASE WHEN kind = 'patient_payment' THEN -amount ELSE 0 END) AS paid, MAX(posted_on) AS last_on"
    ),
}
"""What a scan of the ledger with one group-by, by account, into a table sums: the barest, and an aged trial balance."""


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
    _show_nights(_apart("night", given.accounts), _apart("night", given.accounts // 10))
    monthly = _apart("months", given.monthly)
    print(f"{MONTHS} monthly snapshots, {monthly['told']}")
    _print("frame", monthly["frame"])
    print(f"  {monthly['memory']:6.2f} GiB at most; load average {monthly['load']:.1f}")
    _show_beside(_apart("beside", given.beside, given.featuretools or ""))


def _show_nights(large: dict[str, Any], small: dict[str, Any]) -> None:
    print(f"nightly frame, {large['told']}")
    _print("loading", large["loading"])
    frame = large["measured"]["frame"]
    _print("frame", frame)
    for name, scan in large["measured"].items():
        if name != "frame":
            _print(f"yardstick: one scan, one group-by, {name}", scan, frame)
    _print("yardstick: the frame of a tenth of the accounts", small["measured"]["frame"], frame)
    print(f"  {large['memory']:6.2f} GiB at most, the loaded extract among them; load average {large['load']:.1f}")


def _show_beside(found: dict[str, Any]) -> None:
    print(f"beside others, {found['told']}")
    every, slow = found["every"], found["slow"]
    _print("payrank, the whole catalog", every["the whole catalog"])
    _print(f"payrank, {found['alike']} features", every["the same features"])
    rival = "pandas, a group-by a feature"
    _print(f"{rival}, the same features", every[rival], every["the same features"], faster=True)
    print(f"  of them {NIGHTS_BY_ACCOUNT} nights, {found['slow_rows']:,} rows")
    _print(f"payrank, {found['alike']} features", slow["the same features"])
    rival = "pandas, account by account"
    _print(f"{rival}, the same features", slow[rival], slow["the same features"], faster=True)
    if "featuretools" in found:
        theirs = found["featuretools"]
        _print(f"payrank, {len(theirs['features'])} features", theirs["ours"])
        _print(f"featuretools {theirs['version']}, the same features", theirs, theirs["ours"], faster=True)


def _print(name: str, each: dict[str, float], other: dict[str, float] | None = None, *, faster: bool = False) -> None:
    line = f"  {name:58} {each['wall']:8.2f} s wall {each['processor']:8.2f} s processor"
    if other is not None:
        wall, processor = other["wall"] / each["wall"], other["processor"] / each["processor"]
        line += f"   x {1 / wall:.1f} {1 / processor:.1f}" if faster else f"   frame x {wall:.1f} {processor:.1f}"
    print(line, flush=True)


def _apart(what: str, accounts: int, python: str = "") -> dict[str, Any]:
    command = [sys.executable, "-m", "experiments.speed.frames", "--one", what, str(accounts), python]
    told = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout  # noqa: S603 - this module itself
    return dict(json.loads(told.splitlines()[-1]))


def _night(accounts: int, _: str) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="payrank-speed-") as scratch:
        folder = _simulated(Path(scratch), accounts)
        opened = []
        loading = measure(lambda: opened.append(load_extract(folder)))
        with opened[0] as extract:
            connection = extract.connection

            def scan(totals: str, ledger: str) -> None:
                connection.execute(
                    f"CREATE OR REPLACE TEMP TABLE scanned AS SELECT account_id, {totals} FROM {ledger} "
                    f"WHERE posted_on < DATE '{AS_OF}' GROUP BY account_id"
                )
                connection.execute("DROP TABLE scanned")

            ledgers = {"loaded": "transactions", "Parquet": f"read_parquet('{folder / 'transactions.parquet'}')"}
            measured = alternate(
                {
                    f"{name}, {where}": partial(scan, totals, ledger)
                    for where, ledger in ledgers.items()
                    for name, totals in SCANS.items()
                }
                | {"frame": lambda: nightly_frame(extract, PaymentTarget(), AS_OF)},
                rounds=ROUNDS,
            )
            ledger = extract.tables["transactions"].rows_loaded
            told = f"{accounts:,} accounts, {ledger:,} transactions, {len(build_catalog(extract, 'account'))} features"
    return {
        "told": told, "loading": loading.told(), "measured": {name: each.told() for name, each in measured.items()},
        "memory": peak_memory(), "load": load_average(),
    }  # fmt: skip


def _months(accounts: int, _: str) -> dict[str, Any]:
    target = PaymentTarget(every_days=30, snapshots=MONTHS)
    with (
        tempfile.TemporaryDirectory(prefix="payrank-speed-") as scratch,
        load_extract(_simulated(Path(scratch), accounts)) as extract,
    ):
        rows = len(training_frame(extract, target, AS_OF).data)
        frame = alternate({"frame": lambda: training_frame(extract, target, AS_OF)}, rounds=ROUNDS)["frame"]
    told = f"{accounts:,} accounts, {rows:,} labeled rows"
    return {"told": told, "frame": frame.told(), "memory": peak_memory(), "load": load_average()}


def _beside(accounts: int, python: str) -> dict[str, Any]:
    return beside_others(accounts, AS_OF, python)


def _simulated(scratch: Path, accounts: int) -> Path:
    folder = scratch / "extract"
    simulate(folder, accounts=accounts, seed=1, as_of=AS_OF)
    return folder


_ONE = {"night": _night, "months": _months, "beside": _beside}


if __name__ == "__main__":
    main()

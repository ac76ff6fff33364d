"""Measures time and memory of frames, compared with ledger scans, a tenth of the accounts, pandas, and featuretools.

python -m experiments.speed.frames --accounts 1000000 [--featuretools PYTHON]

Each size runs in its own process, so that its peak memory is measured alone. Candidates take turns, and medians are
shown. Compare ratios, not seconds, between machines. featuretools 1.31 fails with pandas 3, which payrank uses, so
install it in its own environment and pass its Python.

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

from experiments.speed.measurement import load_average, measure, measure_in_turns, peak_memory
from experiments.speed.other_tools import DAYS_BY_ACCOUNT, compare_tools
from payrank.extracts.load.load_extract import load_extract
from payrank.features.build_frames import nightly_frame, training_frame
from payrank.features.frame import build_catalog
from payrank.features.targets import PaymentTarget
from payrank.simulator import simulate

AS_OF = date(2026, 11, 20)
MONTHS = 12
REPEATS = 3
SCANS = {
    "one sum": "SUM(amount) AS amount",
    "five totals": (
        "SUM(amount) AS balance, SUM(CASE WHEN responsibility = 'patient' THEN amount ELSE 0 END) AS patient, "
        "SUM(CASE WHEN kind = 'charge' THEN amount ELSE 0 END) AS charges, "
        "SUM(CASE WHEN kind = 'patient_payment' THEN -amount ELSE 0 END) AS paid, MAX(posted_on) AS last_on"
    ),
}
"""What a ledger scan with one group-by by account sums: the bare minimum, and an aged trial balance."""


def main() -> None:
    """Run each size in its own process and print the measurements."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--accounts", type=int, default=200_000, help="accounts of the large nightly frame")
    parser.add_argument("--monthly", type=int, default=200_000, help="accounts of the twelve monthly snapshots")
    parser.add_argument("--tools", type=int, default=20_000, help="accounts of the comparison with other tools")
    parser.add_argument("--featuretools", help="Python of an environment that has featuretools 1.31")
    parser.add_argument("--one", nargs=3, metavar=("WHAT", "ACCOUNTS", "PYTHON"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        what, accounts, python = arguments.one
        print(json.dumps(_MEASUREMENTS[what](int(accounts), python)))
        return
    _print_nightly(_run("nightly", arguments.accounts), _run("nightly", arguments.accounts // 10))
    monthly = _run("monthly", arguments.monthly)
    print(f"{MONTHS} monthly snapshots, {monthly['description']}")
    _print("frame", monthly["frame"])
    print(f"  {monthly['memory']:6.2f} GiB peak memory; load average {monthly['load']:.1f}")
    _print_tools(_run("tools", arguments.tools, arguments.featuretools or ""))


def _print_nightly(large: dict[str, Any], small: dict[str, Any]) -> None:
    print(f"nightly frame, {large['description']}")
    _print("loading", large["loading"])
    frame = large["measured"]["frame"]
    _print("frame", frame)
    for name, scan in large["measured"].items():
        if name != "frame":
            _print(f"yardstick: one scan, one group-by, {name}", scan, frame)
    _print("yardstick: the frame of a tenth of the accounts", small["measured"]["frame"], frame)
    print(f"  {large['memory']:6.2f} GiB peak memory, including the loaded extract; load average {large['load']:.1f}")


def _print_tools(result: dict[str, Any]) -> None:
    print(f"compared with other tools, {result['description']}")
    all_days, few_days = result["all_days"], result["few_days"]
    _print("payrank, the whole catalog", all_days["the whole catalog"])
    _print(f"payrank, {result['features']} features", all_days["the same features"])
    rival = "pandas, one group-by per feature"
    _print(f"{rival}, the same features", all_days[rival], all_days["the same features"], faster=True)
    print(f"  {DAYS_BY_ACCOUNT} of these days, {result['few_days_rows']:,} rows")
    _print(f"payrank, {result['features']} features", few_days["the same features"])
    rival = "pandas, account by account"
    _print(f"{rival}, the same features", few_days[rival], few_days["the same features"], faster=True)
    if "featuretools" in result:
        tool = result["featuretools"]
        _print(f"payrank, {len(tool['features'])} features", tool["payrank"])
        _print(f"featuretools {tool['version']}, the same features", tool, tool["payrank"], faster=True)


def _print(name: str, each: dict[str, float], other: dict[str, float] | None = None, *, faster: bool = False) -> None:
    line = f"  {name:58} {each['wall']:8.2f} s wall {each['cpu']:8.2f} s CPU"
    if other is not None:
        wall, cpu = other["wall"] / each["wall"], other["cpu"] / each["cpu"]
        line += f"   x {1 / wall:.1f} {1 / cpu:.1f}" if faster else f"   frame x {wall:.1f} {cpu:.1f}"
    print(line, flush=True)


def _run(what: str, accounts: int, python: str = "") -> dict[str, Any]:
    command = [sys.executable, "-m", "experiments.speed.frames", "--one", what, str(accounts), python]
    output = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout  # noqa: S603 - this module itself
    return dict(json.loads(output.splitlines()[-1]))


def _measure_nightly(accounts: int, _: str) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="payrank-speed-") as scratch:
        folder = _simulate(Path(scratch), accounts)
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
            measured = measure_in_turns(
                {
                    f"{name}, {where}": partial(scan, totals, ledger)
                    for where, ledger in ledgers.items()
                    for name, totals in SCANS.items()
                }
                | {"frame": lambda: nightly_frame(extract, PaymentTarget(), AS_OF)},
                repeats=REPEATS,
            )
            ledger = extract.tables["transactions"].rows_loaded
            description = (
                f"{accounts:,} accounts, {ledger:,} transactions, {len(build_catalog(extract, 'account'))} features"
            )
    return {
        "description": description,
        "loading": loading.to_json(),
        "measured": {name: seconds.to_json() for name, seconds in measured.items()},
        "memory": peak_memory(),
        "load": load_average(),
    }


def _measure_monthly(accounts: int, _: str) -> dict[str, Any]:
    target = PaymentTarget(every_days=30, snapshots=MONTHS)
    with (
        tempfile.TemporaryDirectory(prefix="payrank-speed-") as scratch,
        load_extract(_simulate(Path(scratch), accounts)) as extract,
    ):
        rows = len(training_frame(extract, target, AS_OF).data)
        frame = measure_in_turns({"frame": lambda: training_frame(extract, target, AS_OF)}, repeats=REPEATS)["frame"]
    description = f"{accounts:,} accounts, {rows:,} labeled rows"
    return {"description": description, "frame": frame.to_json(), "memory": peak_memory(), "load": load_average()}


def _measure_tools(accounts: int, python: str) -> dict[str, Any]:
    return compare_tools(accounts, AS_OF, python)


def _simulate(scratch: Path, accounts: int) -> Path:
    folder = scratch / "extract"
    simulate(folder, accounts=accounts, seed=1, as_of=AS_OF)
    return folder


_MEASUREMENTS = {"nightly": _measure_nightly, "monthly": _measure_monthly, "tools": _measure_tools}


if __name__ == "__main__":
    main()

"""Measures the simulator at scale: seconds, peak memory, transactions per account, and reproducible bytes.

    python -m experiments.simulator_scale [--accounts 1000000] [--once]

Each run writes the whole extract to a temporary folder in its own process. Without --once the extract is written twice,
and the digests of the files are compared. The target is 1,000,000 accounts in under 3 minutes and 6 GiB on 2 cores.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

from experiments.speed.measurement import cpu_seconds, peak_memory
from payrank.simulator import simulate

AS_OF = date(2026, 11, 1)


def main() -> int:
    """Print the measurements; return 1 if the second run writes different bytes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--accounts", type=int, default=1_000_000)
    parser.add_argument("--once", action="store_true", help="write the extract once, without comparing")
    parser.add_argument("--alone", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.alone:
        sys.stdout.write(json.dumps(_run(arguments.accounts)))
        return 0
    digests = []
    for _ in range(1 if arguments.once else 2):
        command = [
            sys.executable,
            "-m",
            "experiments.simulator_scale",
            "--alone",
            "--accounts",
            str(arguments.accounts),
        ]
        result = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)  # noqa: S603 - itself
        digests.append(result["digest"])
        sys.stdout.write(
            f"{arguments.accounts:,} accounts, {result['transactions']:,} transactions "
            f"({result['transactions'] / arguments.accounts:.1f} per account): {result['wall']:.0f} s wall time, "
            f"{result['cpu']:.0f} s CPU time, {result['memory']:.1f} GiB peak memory\n"
        )
        sys.stdout.flush()
    if len(set(digests)) > 1:
        sys.stdout.write("the second run wrote different bytes\n")
        return 1
    sys.stdout.write("" if arguments.once else "the second run wrote the same bytes\n")
    return 0


def _run(accounts: int) -> dict[str, float | str]:
    """Simulate once in this process and return the measurements."""
    with tempfile.TemporaryDirectory(prefix="payrank-scale-") as scratch:
        started = time.perf_counter()
        written = simulate(Path(scratch) / "extract", accounts=accounts, seed=1, as_of=AS_OF)
        wall = time.perf_counter() - started
        digest = hashlib.sha256()
        for path in sorted(written.folder.iterdir()):
            with path.open("rb") as file:
                digest.update(hashlib.file_digest(file, "sha256").digest())
    return {
        "transactions": written.rows["transactions"],
        "wall": wall,
        "cpu": cpu_seconds(),
        "memory": peak_memory(),
        "digest": digest.hexdigest(),
    }


if __name__ == "__main__":
    sys.exit(main())

"""Measures the simulated hospital at scale: seconds, peak memory, transactions an account, and the same bytes twice.

    python -m experiments.simulator_scale [--accounts 1000000] [--once]

Each run writes the whole extract to a temporary folder in a process of its own; without --once it is written twice and
the digests of the files are compared. The target is 1,000,000 accounts in under 3 minutes and 6 GiB on 2 cores.
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

from experiments.speed.measurement import peak_memory, processor_seconds
from payrank.simulator import simulate

AS_OF = date(2026, 11, 1)


def main() -> int:
    """Print the figures of one hospital; return 1 where a second run writes other bytes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--accounts", type=int, default=1_000_000)
    parser.add_argument("--once", action="store_true", help="write it once and compare nothing")
    parser.add_argument("--alone", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.alone:
        sys.stdout.write(json.dumps(_run(given.accounts)))
        return 0
    digests = []
    for _ in range(1 if given.once else 2):
        command = [sys.executable, "-m", "experiments.simulator_scale", "--alone", "--accounts", str(given.accounts)]
        told = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)  # noqa: S603 - itself
        digests.append(told["digest"])
        sys.stdout.write(
            f"{given.accounts:,} accounts, {told['transactions']:,} transactions "
            f"({told['transactions'] / given.accounts:.1f} an account): {told['wall']:.0f} s by the clock, "
            f"{told['processor']:.0f} s of the processors, {told['memory']:.1f} GiB at most\n"
        )
        sys.stdout.flush()
    if len(set(digests)) > 1:
        sys.stdout.write("the second run wrote other bytes\n")
        return 1
    sys.stdout.write("" if given.once else "the second run wrote the same bytes\n")
    return 0


def _run(accounts: int) -> dict[str, float | str]:
    """Simulate once in this process and return its figures."""
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
        "processor": processor_seconds(),
        "memory": peak_memory(),
        "digest": digest.hexdigest(),
    }


if __name__ == "__main__":
    sys.exit(main())

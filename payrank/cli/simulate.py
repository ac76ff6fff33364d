"""`payrank simulate`: the AR extract of a simulated hospital."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import click

from payrank.cli.options import AS_OF, FOLDER, ExampleCommand


@click.command(
    cls=ExampleCommand,
    short_help="Write the AR extract of a simulated hospital.",
    example="payrank simulate hospital --accounts 20000 --seed 7 --as-of 2026-11-20",
)
@click.argument("folder", type=FOLDER)
@click.option("--accounts", type=int, required=True, help="Number of accounts.")
@click.option("--seed", type=int, required=True, help="The same seed gives the same bytes.")
@click.option("--as-of", **AS_OF, help="The extract contains everything known before this day.")
@click.option("--truth", is_flag=True, help="Also write what the extract hides to FOLDER/truth, which nothing loads.")
@click.option(
    "--leak",
    "leaks",
    multiple=True,
    metavar="NAME",
    help="Plant a fault seen in real extracts, for the leak probes to find: status_refreshed, payment_dated_back, "
    "rate_with_own_row, or guarantor_paid_later. May be repeated.",
)
def simulate(folder: Path, accounts: int, seed: int, as_of: date, truth: bool, leaks: tuple[str, ...]) -> None:
    """Write the AR extract of a simulated hospital to FOLDER."""
    from payrank.console import STDOUT, Progress
    from payrank.simulator.simulate import simulate as simulate_hospital

    with Progress().working(f"simulated {accounts:,} accounts"):
        simulate_hospital(folder, accounts=accounts, seed=seed, as_of=as_of, truth=truth, leaks=leaks)
    STDOUT.print(f"Wrote a simulated extract, as of {as_of}, to {folder}. Next: payrank check {folder}", markup=False)

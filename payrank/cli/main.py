"""The command line. Each command imports what it needs when it runs, so that `payrank --help` is instant."""

from __future__ import annotations

import sys
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from payrank import __version__
from payrank.cli.exit_codes import tell_end
from payrank.cli.import_group import import_
from payrank.cli.models.group import models
from payrank.cli.options import (
    AS_OF,
    EXTRACT,
    FILE,
    FOLDER,
    KINDS,
    Day,
    Examples,
    Lines,
    engine_options,
    settings_option,
)
from payrank.cli.signals import stoppable

if TYPE_CHECKING:
    from payrank.scoring.capacity import Capacity


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, "--version", prog_name="payrank")
def payrank() -> None:
    """Which unpaid accounts and denied claims are worth working today, and why.

    \b
    Exit codes: 0 done, 1 unexpected fault, 2 wrong usage, 3 extract refused,
    4 too old or volume out of line, 5 no usable model, 6 another run holds the lock.
    """


@payrank.command(cls=Examples, example="payrank demo --accounts 5000 --out /tmp/demo")
@click.option("--out", type=FOLDER, default=Path("payrank-demo"), show_default=True, help="Folder for all of it.")
@click.option(
    "--accounts",
    type=click.IntRange(min=1000),
    default=20_000,
    show_default=True,
    help="Accounts of the simulated hospital.",
)
@click.option("--seed", type=int, default=1, show_default=True, help="Seed: the same seed gives the same hospital.")
def demo(out: Path, accounts: int, seed: int) -> None:
    """Simulate a hospital, train both models, score it, and say where to look."""
    from payrank.cli.demo import run_demo

    run_demo(out, accounts=accounts, seed=seed)


@payrank.command(cls=Examples, example="payrank simulate hospital --accounts 20000 --seed 7 --as-of 2026-11-20")
@click.argument("folder", type=FOLDER)
@click.option("--accounts", type=int, required=True, help="How many accounts.")
@click.option("--seed", type=int, required=True, help="The same seed gives the same bytes.")
@click.option("--as-of", **AS_OF, help="The extract knows everything before this day.")
@click.option("--truth", is_flag=True, help="Also write what the extract hides, to FOLDER/truth, which nothing loads.")
@click.option(
    "--leak",
    "leaks",
    multiple=True,
    metavar="NAME",
    help="Plant a fault of real extracts, for leak probes to find: status_refreshed, payment_dated_back, "
    "rate_with_own_row or guarantor_paid_later. May be given several times.",
)
def simulate(folder: Path, accounts: int, seed: int, as_of: date, truth: bool, leaks: tuple[str, ...]) -> None:
    """Write the AR extract of a simulated hospital to FOLDER."""
    from payrank.cli.extract_commands import run_simulate

    run_simulate(folder, accounts=accounts, seed=seed, as_of=as_of, truth=truth, leaks=leaks)


@payrank.command(
    cls=Examples, example="payrank check extract --as-of 2026-11-20 --out look\npayrank check extract --leaks --json"
)
@click.argument("extract", type=EXTRACT)
@click.option("--as-of", type=Day(), metavar="DATE", help="Also check that the extract is fresh enough for this day.")
@click.option("--out", type=FOLDER, help="Folder for check.html and check.json.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of tables.")
@click.option("--leaks", is_flag=True, help="Also probe for what could not be known yet (minutes on a large extract).")
@settings_option
def check(
    extract: Path | str, as_of: date | None, out: Path | None, as_json: bool, leaks: bool, settings: Path | None
) -> None:
    """Check an extract: contract, keys, sums, days, volume, codes, features, and with --leaks hindsight.

    Ends with exit code 3 when the contract refuses it; what is merely odd is told and lets it pass.
    """
    from payrank.cli.check.check import run_check

    run_check(extract, as_of=as_of, out=out, as_json=as_json, settings_file=settings, leaks=leaks)


@payrank.command(
    cls=Examples,
    example=(
        "payrank features extract --unit account --as-of 2026-11-20 --out accounts.parquet\npayrank features --describe"
    ),
)
@click.argument("extract", type=EXTRACT, required=False)
@click.option("--unit", type=click.Choice(["account", "denial"]), help="Accounts or denials.")
@click.option("--as-of", type=Day(), metavar="DATE", help="Snapshot day: only rows known before it are seen.")
@click.option("--out", type=FILE, help="Parquet file for the frame.")
@engine_options
@click.option("--describe", is_flag=True, help="Print the data dictionary instead.")
@settings_option
def features(
    extract: Path | str | None,
    unit: str | None,
    as_of: date | None,
    out: Path | None,
    engine: str,
    master: str | None,
    describe: bool,
    settings: Path | None,
) -> None:
    """Write the feature frame of an extract as of a day, or describe the features."""
    from payrank.cli.extract_commands import run_describe, run_features

    if describe:
        run_describe(unit, settings)
        return
    if extract is None or unit is None or as_of is None or out is None:
        raise click.UsageError("EXTRACT, --unit, --as-of and --out are needed (or --describe)")
    run_features(extract, unit=unit, as_of=as_of, out=out, settings_file=settings, engine=engine, master=master)


@payrank.command(
    cls=Examples,
    example="payrank train payment extract --as-of 2026-11-20 --out models/payment-nov\n"
    "payrank train payment extract --as-of 2026-11-20 --tune 30",
)
@click.argument("kind", type=KINDS)
@click.argument("extract", type=EXTRACT)
@click.option("--as-of", **AS_OF, help="Training day: only labels ripe by this day are used.")
@click.option("--out", type=FOLDER, help="Also write the bundle to this folder.")
@click.option("--tune", type=click.IntRange(min=1), metavar="N", help="First search for better trees, in N trials.")
@click.option("--tune-minutes", type=float, metavar="M", help="End that search after M minutes at the latest.")
@settings_option
def train(
    kind: str,
    extract: Path | str,
    as_of: date,
    out: Path | None,
    tune: int | None,
    tune_minutes: float | None,
    settings: Path | None,
) -> None:
    """Train a model on an extract; log it to MLflow, and register it."""
    from payrank.cli.train import run_train

    run_train(
        kind,
        extract,
        as_of=as_of,
        out=out,
        settings_file=settings,
        tune_trials=tune,
        tune_minutes=tune_minutes,
    )


@payrank.command(
    cls=Examples,
    example="payrank score extract --as-of 2026-11-20 --out runs\npayrank score extract --as-of 2026-11-20 --out runs "
    "--payment models/payment-nov --capacity 200",
)
@click.argument("extract", type=EXTRACT)
@click.option("--as-of", **AS_OF, help="The night's day: only rows known before it are seen.")
@click.option("--out", type=FOLDER, required=True, help="Folder of all runs; this one appears in OUT/<as-of>.")
@click.option("--payment", metavar="MODEL", help="Bundle folder or models:/NAME@ALIAS (default: the champion).")
@click.option("--overturn", metavar="MODEL", help="Bundle folder or models:/NAME@ALIAS (default: the champion).")
@click.option(
    "--capacity",
    type=Lines(),
    metavar="N|FILE",
    help="Lines a day of each list, or a TOML file of them by queue and weekday (default: all worth their cost). "
    "Denials are then planned over working days.",
)
@click.option("--explain", type=click.Choice(["all", "listed"]), default="all", show_default=True)
@click.option("--dry-run", is_flag=True, help="Do everything but publish; earlier runs stand as they were.")
@click.option("--log", type=click.Choice(["text", "json"]), default="text", show_default=True, help="Lines on stderr.")
@engine_options
@settings_option
def score(
    extract: Path | str,
    as_of: date,
    out: Path,
    payment: str | None,
    overturn: str | None,
    capacity: Capacity | None,
    explain: str,
    dry_run: bool,
    log: str,
    engine: str,
    master: str | None,
    settings: Path | None,
) -> None:
    """Score an extract and publish ranked worklists with reasons, all or nothing."""
    from payrank.cli.score import run_score

    run_score(
        extract,
        as_of=as_of,
        out=out,
        models={"payment": payment, "overturn": overturn},
        capacity=capacity,
        explain=explain,
        settings_file=settings,
        engine=engine,
        master=master,
        dry_run=dry_run,
        log=log,
    )


@payrank.command(cls=Examples, example="payrank monitor runs extract --as-of 2027-03-20 --out look")
@click.argument("runs", type=FOLDER)
@click.argument("extract", type=EXTRACT)
@click.option("--as-of", **AS_OF, help="Judge by what was known before this day.")
@click.option("--last", type=click.IntRange(min=1), help="Judge only that many of the latest ripe runs of each list.")
@click.option("--out", type=FOLDER, help="Folder for monitor.html and monitor.json.")
def monitor(runs: Path, extract: Path | str, as_of: date, last: int | None, out: Path | None) -> None:
    """Judge earlier runs by a later extract: what the lists promised against what came.

    A run is judged once its model's horizon has passed.
    """
    from payrank.cli.monitor import run_monitor

    run_monitor(runs, extract, as_of=as_of, last=last, out=out)


payrank.add_command(import_)
payrank.add_command(models)


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit with the contract's code."""
    with stoppable() as stop:
        code = 0
        try:
            payrank.main(args=arguments, standalone_mode=False)
        except (Exception, KeyboardInterrupt) as fault:
            code = tell_end(fault, stopped=stop.asked)
    sys.exit(code)

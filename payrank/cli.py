"""The command line. Each command imports what it needs when it runs, so that `payrank --help` is instant."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any

import click

from extracts.errors import PayrankError
from payrank import __version__

FOLDER = click.Path(path_type=Path, file_okay=False)
FILE = click.Path(path_type=Path, dir_okay=False)
KINDS = click.Choice(["payment", "overturn"])


class Day(click.ParamType[date]):
    """An ISO day."""

    name = "date"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        """Return the day; anything but YYYY-MM-DD is wrong usage."""
        if isinstance(value, date):
            return value
        try:
            if len(value) != len("YYYY-MM-DD"):
                raise ValueError("short or long")
            return datetime.strptime(value, "%Y-%m-%d").date()  # noqa: DTZ007 - a day has no time zone
        except ValueError:
            self.fail(f"{value!r} is not a day; write it as YYYY-MM-DD, for example 2026-11-20", param, ctx)


AS_OF: dict[str, Any] = {"type": Day(), "required": True, "metavar": "DATE"}


class Examples(click.Command):
    """A command whose help ends with an example, kept as written."""

    def __init__(self, *args: Any, example: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.example = example

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's own
        """Write the example."""
        if self.example:
            with formatter.section("Example"):
                for line in self.example.splitlines():
                    formatter.write(f"  {line}\n")


def settings_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add --settings."""
    return click.option(
        "--settings", type=FILE, help="Settings file (default: payrank.toml here, where there is one)."
    )(command)


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
    from payrank.demo import run_demo

    run_demo(out, accounts=accounts, seed=seed)


@payrank.command(cls=Examples, example="payrank simulate hospital --accounts 20000 --seed 7 --as-of 2026-11-20")
@click.argument("folder", type=FOLDER)
@click.option("--accounts", type=int, required=True, help="How many accounts.")
@click.option("--seed", type=int, required=True, help="The same seed gives the same bytes.")
@click.option("--as-of", **AS_OF, help="The extract knows everything before this day.")
def simulate(folder: Path, accounts: int, seed: int, as_of: date) -> None:
    """Write the AR extract of a simulated hospital to FOLDER."""
    from payrank.extract_commands import run_simulate

    run_simulate(folder, accounts=accounts, seed=seed, as_of=as_of)


@payrank.group(name="import")
def import_() -> None:
    """Bring another system's files to the canonical AR tables."""


@import_.command(name="csv", cls=Examples, example="payrank import csv ar_export/ --mapping mapping.toml --out extract")
@click.argument("source", type=click.Path(path_type=Path))
@click.option("--out", type=FOLDER, required=True, help="Folder for the canonical extract.")
@click.option("--mapping", type=FILE, required=True, help="TOML that says which source column feeds which table.")
def import_csv(source: Path, out: Path, mapping: Path) -> None:
    """Map the CSV file or folder SOURCE to the canonical tables."""
    from payrank.extract_commands import run_import_csv

    run_import_csv(source, out=out, mapping=mapping)


@payrank.command(cls=Examples, example="payrank check extract --as-of 2026-11-20")
@click.argument("folder", type=FOLDER)
@click.option("--as-of", type=Day(), metavar="DATE", help="Also check that the extract is fresh enough for this day.")
@settings_option
def check(folder: Path, as_of: date | None, settings: Path | None) -> None:
    """Check an extract against the contract; exit code 3 when it is refused."""
    from payrank.extract_commands import run_check

    run_check(folder, as_of=as_of, settings_file=settings)


@payrank.command(
    cls=Examples,
    example=(
        "payrank features extract --unit account --as-of 2026-11-20 --out accounts.parquet\n"
        "payrank features --describe --unit denial"
    ),
)
@click.argument("folder", type=FOLDER, required=False)
@click.option("--unit", type=click.Choice(["account", "denial"]), required=True, help="Accounts or denials.")
@click.option("--as-of", type=Day(), metavar="DATE", help="Snapshot day: only rows known before it are seen.")
@click.option("--out", type=FILE, help="Parquet file for the frame.")
@click.option("--engine", type=click.Choice(["duckdb"]), default="duckdb", show_default=True)
@click.option("--describe", is_flag=True, help="Print the data dictionary instead.")
@settings_option
def features(
    folder: Path | None,
    unit: str,
    as_of: date | None,
    out: Path | None,
    engine: str,  # noqa: ARG001 - one engine as yet; the option is part of the contract
    describe: bool,
    settings: Path | None,
) -> None:
    """Write the feature frame of an extract as of a day, or describe the features."""
    from payrank.extract_commands import run_describe, run_features

    if describe:
        run_describe(unit)
        return
    if folder is None or as_of is None or out is None:
        raise click.UsageError("FOLDER, --as-of and --out are needed (or --describe)")
    run_features(folder, unit=unit, as_of=as_of, out=out, settings_file=settings)


@payrank.command(cls=Examples, example="payrank train payment extract --as-of 2026-11-20 --out models/payment-nov")
@click.argument("kind", type=KINDS)
@click.argument("folder", type=FOLDER)
@click.option("--as-of", **AS_OF, help="Training day: only labels ripe by this day are used.")
@click.option("--out", type=FOLDER, help="Also write the bundle to this folder.")
@settings_option
def train(kind: str, folder: Path, as_of: date, out: Path | None, settings: Path | None) -> None:
    """Train a model on an extract; log it to MLflow, and register it."""
    from payrank.train_command import run_train

    run_train(kind, folder, as_of=as_of, out=out, settings_file=settings)


@payrank.command(
    cls=Examples,
    example="payrank score extract --as-of 2026-11-20 --out runs\npayrank score extract --as-of 2026-11-20 --out runs "
    "--payment models/payment-nov --capacity 200",
)
@click.argument("folder", type=FOLDER)
@click.option("--as-of", **AS_OF, help="The night's day: only rows known before it are seen.")
@click.option("--out", type=FOLDER, required=True, help="Folder of all runs; this one appears in OUT/<as-of>.")
@click.option("--payment", metavar="MODEL", help="Bundle folder or models:/NAME@ALIAS (default: the champion).")
@click.option("--overturn", metavar="MODEL", help="Bundle folder or models:/NAME@ALIAS (default: the champion).")
@click.option("--capacity", type=click.IntRange(min=0), help="Lines of each list (default: all worth their cost).")
@click.option("--explain", type=click.Choice(["all", "listed"]), default="all", show_default=True)
@click.option("--engine", type=click.Choice(["duckdb"]), default="duckdb", show_default=True)
@settings_option
def score(
    folder: Path,
    as_of: date,
    out: Path,
    payment: str | None,
    overturn: str | None,
    capacity: int | None,
    explain: str,
    engine: str,  # noqa: ARG001 - one engine as yet; the option is part of the contract
    settings: Path | None,
) -> None:
    """Score an extract and publish ranked worklists with reasons, all or nothing."""
    from payrank.score_command import run_score

    run_score(
        folder,
        as_of=as_of,
        out=out,
        models={"payment": payment, "overturn": overturn},
        capacity=capacity,
        explain=explain,
        settings_file=settings,
    )


@payrank.group()
def models() -> None:
    """Look at the registered models."""


@models.command(name="list", cls=Examples, example="payrank models list")
def list_models() -> None:
    """List the registered models and their aliases."""
    from payrank.models_commands import run_list

    run_list()


@models.command(cls=Examples, example="payrank models show models:/payrank-payment@champion")
@click.argument("model")
def show(model: str) -> None:
    """Show what a model is: its data, design and figures beside the baselines."""
    from payrank.models_commands import run_show

    run_show(model)


@models.command(cls=Examples, example="payrank models export models:/payrank-overturn@champion bundles/overturn")
@click.argument("model")
@click.argument("folder", type=FOLDER)
def export(model: str, folder: Path) -> None:
    """Copy a model's bundle to FOLDER, checked."""
    from payrank.models_commands import run_export

    run_export(model, folder)


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit with the contract's code."""
    try:
        payrank.main(args=arguments, standalone_mode=False)
    except click.exceptions.Exit as stop:
        sys.exit(stop.exit_code)
    except click.ClickException as wrong:
        wrong.show()
        sys.exit(2)
    except click.Abort:
        click.echo("Stopped. What was published before stands as it was.", err=True)
        sys.exit(1)
    except PayrankError as refused:
        click.echo(f"payrank: {refused}", err=True)
        sys.exit(refused.exit_code)
    except OSError as fault:
        place = f": {fault.filename}" if fault.filename else ""
        click.echo(
            f"payrank: could not read or write{place} ({fault.strerror or type(fault).__name__}). What was published "
            "before stands as it was. Give a place that this user may use, with room, then run again.",
            err=True,
        )
        sys.exit(1)
    except Exception as fault:
        frames = traceback.extract_tb(fault.__traceback__)
        for frame in frames:
            click.echo(f"  {Path(frame.filename).name}:{frame.lineno} in {frame.name}", err=True)
        click.echo(
            f"payrank: unexpected fault, {type(fault).__name__}, at the place above (its text is withheld, for it may "
            "quote a row). Nothing was published. Please report it with these lines.",
            err=True,
        )
        sys.exit(1)

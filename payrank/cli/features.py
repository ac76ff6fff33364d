"""`payrank features`: the feature frame of an extract, or the data dictionary."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import click

from payrank.cli.options import EXTRACT, FILE, Day, ExampleCommand, engine_options, settings_option


@click.command(
    cls=ExampleCommand,
    short_help="Write or describe the features.",
    example=(
        "payrank features extract --unit account --as-of 2026-11-20 --out accounts.parquet\npayrank features --describe"
    ),
)
@click.argument("extract", type=EXTRACT, required=False)
@click.option("--unit", type=click.Choice(["account", "denial"]), help="One row per account, or one per denial.")
@click.option("--as-of", type=Day(), metavar="DATE", help="Snapshot day: only rows known before it are used.")
@click.option("--out", type=FILE, help="Parquet file to write.")
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
    """Write the features of an extract as of a day, or describe them."""
    if describe:
        _describe(unit, settings)
        return
    if extract is None or unit is None or as_of is None or out is None:
        raise click.UsageError("EXTRACT, --unit, --as-of, and --out are required (or use --describe)")
    _write(extract, unit=unit, as_of=as_of, out=out, settings_file=settings, engine=engine, master=master)


def _write(
    extract: Path | str,
    *,
    unit: str,
    as_of: date,
    out: Path,
    settings_file: Path | None,
    engine: str,
    master: str | None,
) -> None:
    """Write the frame, readable by its owner only: a Parquet file, or Spark's folder of them."""
    from payrank.console import STDOUT, Progress
    from payrank.extracts.atomic import replace_file
    from payrank.extracts.errors import WrongUsageError
    from payrank.features.engine_frame import build_engine_frame, check_engine
    from payrank.features.frame import key_by_unit
    from payrank.settings import read_settings

    check_engine(engine, extract)
    settings = read_settings(settings_file)
    if not out.parent.is_dir():
        raise WrongUsageError(f"folder {out.parent} does not exist; create it, or choose another --out")
    target = settings.payment if unit == "account" else settings.overturn
    site_features, grace_days = settings.features, settings.scoring.max_extract_age_days
    progress = Progress()
    if engine == "spark":
        from payrank.features.engines.spark import write_frame

        with progress.working(f"made the {unit} frame on Spark"):
            written = write_frame(
                extract, target, as_of, out, master=master, site_features=site_features, grace_days=grace_days
            )
        STDOUT.print(f"Wrote {len(written.plan.features)} features as of {as_of} to the Parquet folder {out}.")
        return
    with progress.working(f"made the {unit} frame" + (" in PostgreSQL" if engine == "postgres" else "")):
        frame = build_engine_frame(engine, extract, target, as_of, site_features=site_features, grace_days=grace_days)
    with replace_file(out) as partial:
        key_by_unit(frame.data, frame.unit).to_parquet(partial, index=False)
    STDOUT.print(f"Wrote {len(frame.data):,} rows and {len(frame.features)} features as of {as_of} to {out}.")
    if frame.unavailable:
        STDOUT.print(f"Null because the extract lacks tables or columns: {', '.join(frame.unavailable)}", markup=False)


def _describe(unit: str | None, settings_file: Path | None) -> None:
    """Print the data dictionary of one unit or of both, with the features that the settings add."""
    from payrank.console import STDOUT
    from payrank.features.dictionary import describe_for_terminal
    from payrank.features.feature import UNITS
    from payrank.settings import read_settings

    site_features = read_settings(settings_file).features
    pages = [describe_for_terminal(name, site_features) for name in UNITS if unit in {None, name}]
    STDOUT.print("\n".join(pages), markup=False, end="")

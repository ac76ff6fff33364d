"""Commands about extracts and frames: simulate, import, check, features."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path

from payrank.console import STDOUT, Progress
from payrank.extracts.atomic import replace_file
from payrank.extracts.errors import WrongUsageError
from payrank.settings import read_settings


def run_simulate(
    folder: Path, *, accounts: int, seed: int, as_of: date, truth: bool = False, leaks: Sequence[str] = ()
) -> None:
    """Simulate a hospital's extract."""
    from payrank.simulator import simulate

    with Progress().working(f"simulated {accounts:,} accounts"):
        simulate(folder, accounts=accounts, seed=seed, as_of=as_of, truth=truth, leaks=leaks)
    STDOUT.print(f"{folder} holds a simulated extract, known before {as_of}. Next: payrank check {folder}")


def run_features(
    source: Path | str,
    *,
    unit: str,
    as_of: date,
    out: Path,
    settings_file: Path | None,
    engine: str = "duckdb",
    master: str | None = None,
) -> None:
    """Write the frame of a unit as of a day, readable to its owner alone: a Parquet file, or Spark's folder of them."""
    from payrank.features.engines.make_frame import check_engine, make_frame

    check_engine(engine, source)
    settings = read_settings(settings_file)
    if not out.parent.is_dir():
        raise WrongUsageError(f"no folder {out.parent} to write {out.name} to; make it, or name another --out")
    target = settings.payment if unit == "account" else settings.overturn
    own, grace = settings.features, settings.scoring.max_extract_age_days
    progress = Progress()
    if engine == "spark":
        from payrank.features.engines.spark import write_frame

        with progress.working(f"made the {unit} frame on Spark"):
            written = write_frame(source, target, as_of, out, master=master, site_features=own, grace_days=grace)
        STDOUT.print(f"{out}: a folder of Parquet, {len(written.planned.features)} features as of {as_of}.")
        return
    with progress.working(f"made the {unit} frame" + (" inside PostgreSQL" if engine == "postgres" else "")):
        frame = make_frame(engine, source, target, as_of, site_features=own, grace_days=grace)
    with replace_file(out) as partial:
        frame.data.to_parquet(partial, index=False)
    STDOUT.print(f"{out}: {len(frame.data):,} rows, {len(frame.features)} features as of {as_of}.")
    if frame.unavailable:
        STDOUT.print(f"Unknown for want of tables or columns: {', '.join(frame.unavailable)}", markup=False)


def run_describe(unit: str | None = None, settings_file: Path | None = None) -> None:
    """Print the data dictionary of a unit, or of both, with the features that the settings add."""
    from payrank.features.dictionary import describe_for_terminal
    from payrank.features.feature import UNITS

    own = read_settings(settings_file).features
    told = [describe_for_terminal(one, own) for one in UNITS if unit in {None, one}]
    STDOUT.print("\n".join(told), markup=False, end="")

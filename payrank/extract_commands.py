"""Commands about extracts and frames: simulate, import, check, features."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path

from extracts.errors import WrongUsage
from extracts.load import load_extract
from payrank.console import STDOUT, Progress, make_table
from payrank.settings import read_settings


def run_simulate(
    folder: Path, *, accounts: int, seed: int, as_of: date, truth: bool = False, leaks: Sequence[str] = ()
) -> None:
    """Simulate a hospital's extract."""
    from extracts.simulator import simulate

    with Progress().working(f"simulated {accounts:,} accounts"):
        simulate(folder, accounts=accounts, seed=seed, as_of=as_of, truth=truth, leaks=leaks)
    STDOUT.print(f"{folder} holds a simulated extract, known before {as_of}. Next: payrank check {folder}")


def run_features(source: Path | str, *, unit: str, as_of: date, out: Path, settings_file: Path | None) -> None:
    """Write the frame of a unit as of a day, readable to its owner alone."""
    from features.frame import nightly_frame

    settings = read_settings(settings_file)
    if not out.parent.is_dir():
        raise WrongUsage(f"no folder {out.parent} to write {out.name} to; make it, or name another --out")
    target = settings.payment if unit == "account" else settings.overturn
    progress = Progress()
    with load_extract(source) as extract, progress.working(f"made the {unit} frame"):
        frame = nightly_frame(extract, target, as_of)
    partial = out.with_name(f".{out.name}.new")
    try:
        partial.touch(mode=0o600)
        partial.chmod(0o600)
        frame.data.to_parquet(partial, index=False)
        partial.replace(out)
    finally:
        partial.unlink(missing_ok=True)
    STDOUT.print(f"{out}: {len(frame.data):,} rows, {len(frame.features)} features as of {as_of}.")
    if frame.unavailable:
        STDOUT.print(f"Unknown for want of tables or columns: {', '.join(frame.unavailable)}", markup=False)


def run_describe(unit: str) -> None:
    """Print the data dictionary of a unit's catalogue."""
    from features.account_catalog import ACCOUNT_FEATURES
    from features.denial_catalog import DENIAL_FEATURES

    catalogue = ACCOUNT_FEATURES if unit == "account" else DENIAL_FEATURES
    rows = [[f.name, f.family, f.unit, f.meaning] for f in catalogue]
    columns = [("feature", False), ("family", False), ("unit", False), ("meaning", False)]
    whose = "an account" if unit == "account" else "a denial"
    STDOUT.print(make_table(f"{len(rows)} features of {whose}", columns, rows))

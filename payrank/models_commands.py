"""Commands that look at registered models."""

from __future__ import annotations

from pathlib import Path

from models.bundle import write_bundle
from models.registry.find import find_named
from models.registry.versions import list_versions
from payrank.console import STDOUT, make_table
from payrank.figures import figures_table


def run_list() -> None:
    """Print every registered version with its aliases."""
    rows = [
        [one.name, str(one.version), ", ".join(one.aliases) or "-", one.as_of, one.digest[:12]]
        for one in list_versions()
    ]
    if not rows:
        STDOUT.print("No model is registered yet. Train one: payrank train payment EXTRACT --as-of DATE")
        return
    columns = [("model", False), ("version", True), ("alias", False), ("trained as of", False), ("digest", False)]
    STDOUT.print(make_table("Registered models", columns, rows))


def run_show(model: str) -> None:
    """Print what a bundle says of itself."""
    manifest = find_named(model).bundle.manifest
    windows = manifest.windows
    STDOUT.print(
        f"{manifest.kind} model as of {manifest.as_of}, {manifest.rows:,} rows, {manifest.events:,} outcomes, "
        f"{len(manifest.features)} features. Measured and calibrated on predictions for {windows.calibrated_on.first} "
        f"to {windows.calibrated_on.last}, each by boosters fitted on what was known before."
    )
    for period in windows.periods:
        span = f"{period.predicted.first} to {period.predicted.last}"
        STDOUT.print(f"  {period.role}: predicted {span}, fitted on labels known by {period.fitted_labels_known_by}")
    again = ", fitted again on all ripe rows" if windows.refit else ""
    STDOUT.print(f"Served: boosters of snapshots {windows.fitted.first} to {windows.fitted.last}{again}.")
    STDOUT.print(figures_table(manifest))
    for notice in manifest.notices:
        STDOUT.print(f"- {notice}", markup=False)


def run_export(model: str, folder: Path) -> None:
    """Copy a bundle, every digest checked on the way."""
    write_bundle(find_named(model).bundle, folder)
    STDOUT.print(f"{folder} holds the bundle.")

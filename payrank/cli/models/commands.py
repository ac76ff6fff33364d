"""Commands that look at registered models."""

from __future__ import annotations

from pathlib import Path

from payrank.cli.metrics_table import periods_table, show_figures
from payrank.console import STDOUT, make_table
from payrank.models.bundle import write_bundle
from payrank.models.card.write_card import write_card
from payrank.models.manifest import MODEL_KINDS, ModelKind
from payrank.models.registry.aliases import list_champion_changes
from payrank.models.registry.find_model import find_by_name
from payrank.models.registry.versions import list_versions, registered_name

VERDICTS = {"wins": "wins", "calibrates_better": "calibrates", "ties": "ties", "loses": "loses"}
"""What a comparison came to, in a word that fits a column."""


def run_list() -> None:
    """Print every registered version with its figures, aliases and verdict, and the latest change of each champion."""
    listed = list_versions()
    rows = [
        [
            f"{one.name} {one.version}",
            ", ".join(one.aliases) or "-",
            one.as_of,
            one.auc or "-",
            f"{float(one.captured):.0%}" if one.captured else "-",
            VERDICTS.get(one.verdict, "-"),
            one.digest[:8],
        ]
        for one in listed
    ]
    if not rows:
        STDOUT.print("No model is registered yet. Train one: payrank train payment EXTRACT --as-of DATE")
        return
    columns = [
        ("model", False),
        ("alias", False),
        ("trained", False),
        ("AUC", True),
        ("top", True),
        ("verdict", False),
        ("bundle", False),
    ]
    STDOUT.print(
        make_table("Registered models (top: what the top of the list captured, on the judged rows)", columns, rows)
    )
    for kind in MODEL_KINDS:
        if any(one.name == registered_name(kind) for one in listed):
            _tell_latest(kind)


def _tell_latest(kind: ModelKind) -> None:
    changes = list_champion_changes(kind)
    if changes:
        last = changes[-1]
        instead = f" instead of {last.replaced}" if last.replaced is not None else ""
        said = f": {last.reason}" if last.reason else ""
        STDOUT.print(
            f"{kind}: version {last.version} champion{instead}, {last.ground}, by {last.by} on {last.at[:10]}{said}",
            markup=False,
            soft_wrap=False,
        )


def run_show(model: str) -> None:
    """Print what a bundle says of itself."""
    manifest = find_by_name(model).bundle.manifest
    windows = manifest.windows
    asked = f"payment within {manifest.horizon_days} days" if manifest.kind == "payment" else "overturn of an appeal"
    STDOUT.print(
        f"Predicts {asked}. Trained as of {manifest.as_of} on {manifest.rows:,} {manifest.unit} snapshots of "
        f"{manifest.households:,} households, {manifest.events:,} of them with the outcome; {len(manifest.features)} "
        f"features. Scores come from trees fitted on snapshots {windows.fitted.first} to {windows.fitted.last}.",
        soft_wrap=False,
    )
    STDOUT.print()
    STDOUT.print(periods_table(manifest))
    STDOUT.print()
    show_figures(manifest, slices=True)


def run_card(model: str, folder: Path) -> None:
    """Write a model's card as a page and as Markdown."""
    page, text = write_card(find_by_name(model).bundle.manifest, folder)
    STDOUT.print(f"{page} and {text.name} hold the model card.")


def run_export(model: str, folder: Path) -> None:
    """Copy a bundle, every digest checked on the way."""
    write_bundle(find_by_name(model).bundle, folder)
    STDOUT.print(f"{folder} holds the bundle.")

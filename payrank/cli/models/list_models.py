"""`payrank models list`: every registered version."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from payrank.cli.options import ExampleCommand

if TYPE_CHECKING:
    from payrank.models.manifest import ModelKind

VERDICTS = {"wins": "wins", "calibrates_better": "calibrates", "ties": "ties", "loses": "loses"}
"""The verdict of a comparison, in a word that fits a column."""


@click.command(name="list", cls=ExampleCommand, short_help="List the registered models.", example="payrank models list")
def list_models() -> None:
    """List the registered models: metrics, aliases, verdicts, and who last changed the champion."""
    from payrank.console import STDOUT, make_table
    from payrank.models.manifest import MODEL_KINDS
    from payrank.models.registry.versions import list_versions, registered_name

    versions = list_versions()
    rows = [
        [
            f"{version.name} {version.version}",
            ", ".join(version.aliases) or "-",
            version.as_of,
            version.auc or "-",
            f"{float(version.captured):.0%}" if version.captured else "-",
            VERDICTS.get(version.verdict, "-"),
            version.digest[:8],
        ]
        for version in versions
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
        make_table(
            "Registered models (top: share of dollars captured at the top of the list, on holdout rows)", columns, rows
        )
    )
    for kind in MODEL_KINDS:
        if any(version.name == registered_name(kind) for version in versions):
            _show_latest_change(kind)


def _show_latest_change(kind: ModelKind) -> None:
    from payrank.console import STDOUT
    from payrank.models.registry.aliases import list_champion_changes

    changes = list_champion_changes(kind)
    if changes:
        last = changes[-1]
        instead = f" instead of {last.replaced}" if last.replaced is not None else ""
        reason = f": {last.reason}" if last.reason else ""
        STDOUT.print(
            f"{kind}: version {last.version} is the champion{instead}, {last.ground}, by {last.by} on "
            f"{last.at[:10]}{reason}",
            markup=False,
            soft_wrap=False,
        )

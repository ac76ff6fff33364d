"""`payrank models card|export`: a model's card, and its bundle as a folder."""

from __future__ import annotations

from pathlib import Path

import click

from payrank.cli.options import FOLDER, ExampleCommand


@click.command(
    cls=ExampleCommand,
    short_help="Write the model card.",
    example="payrank models card models:/payrank-payment@champion --out card",
)
@click.argument("model")
@click.option("--out", type=FOLDER, required=True, help="Folder for card.html and card.md.")
def card(model: str, out: Path) -> None:
    """Write the model card of MODEL: purpose, data, metrics, fairness, limits, and misuse to avoid."""
    from payrank.console import STDOUT
    from payrank.models.card.write_card import write_card
    from payrank.models.registry.find_model import find_by_name

    page, text = write_card(find_by_name(model).bundle.manifest, out)
    STDOUT.print(f"Wrote the model card to {page} and {text.name}.", markup=False)


@click.command(
    cls=ExampleCommand,
    short_help="Copy the bundle to a folder.",
    example="payrank models export models:/payrank-overturn@champion bundles/overturn",
)
@click.argument("model")
@click.argument("folder", type=FOLDER)
def export(model: str, folder: Path) -> None:
    """Copy a model's bundle to FOLDER after verifying every digest."""
    from payrank.console import STDOUT
    from payrank.models.bundle import write_bundle
    from payrank.models.registry.find_model import find_by_name

    write_bundle(find_by_name(model).bundle, folder)
    STDOUT.print(f"Wrote the bundle to {folder}.", markup=False)

"""`payrank models card`: a model's card."""

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

"""`payrank models export`: a model's bundle as a folder."""

from __future__ import annotations

from pathlib import Path

import click

from payrank.cli.options import FOLDER, ExampleCommand


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

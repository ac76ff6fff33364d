"""`payrank models ...`: look at the registered models."""

from __future__ import annotations

from pathlib import Path

import click

from payrank.options import FOLDER, Examples


@click.group()
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

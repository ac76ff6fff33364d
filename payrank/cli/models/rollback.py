"""`payrank models rollback`: bring the previous champion back."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import click

from payrank.cli.models.show_change import show_change
from payrank.cli.options import KINDS, ExampleCommand

if TYPE_CHECKING:
    from payrank.models.manifest import ModelKind


@click.command(
    cls=ExampleCommand, short_help="Bring back the previous champion.", example="payrank models rollback payment"
)
@click.argument("kind", type=KINDS)
def rollback(kind: str) -> None:
    """Make the previous champion of KIND the champion again; running it twice swaps them back."""
    from payrank.models.registry.aliases import roll_back

    show_change(roll_back(cast("ModelKind", kind)))

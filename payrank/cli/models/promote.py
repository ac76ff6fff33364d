"""`payrank models promote|rollback`: change the champion, and change it back."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import click

from payrank.cli.options import KINDS, ExampleCommand

if TYPE_CHECKING:
    from payrank.models.manifest import ModelKind
    from payrank.models.registry.aliases import ChampionChange


@click.command(
    cls=ExampleCommand,
    short_help="Make a model the champion.",
    example="payrank models promote models:/payrank-payment/2\n"
    'payrank models promote models:/payrank-payment/2 --force --reason "first model with the new clinic"',
)
@click.argument("model")
@click.option("--force", is_flag=True, help="Skip the comparison; requires --reason.")
@click.option("--reason", default="", help="Why; recorded in the registry (10 characters or more, no patient data).")
def promote(model: str, force: bool, reason: str) -> None:
    """Make MODEL the champion if its recorded comparison with today's champion allows it and no alarm is open.

    It wins if it captures significantly more at capacity, or if there is no significant difference and it is
    significantly better calibrated. The champion it replaces becomes `previous`.
    """
    from payrank.models.registry.aliases import promote as promote_version

    _show_change(promote_version(model, force=force, reason=reason))


@click.command(
    cls=ExampleCommand, short_help="Bring back the previous champion.", example="payrank models rollback payment"
)
@click.argument("kind", type=KINDS)
def rollback(kind: str) -> None:
    """Make the previous champion of KIND the champion again; running it twice swaps them back."""
    from payrank.models.registry.aliases import roll_back

    _show_change(roll_back(cast("ModelKind", kind)))


def _show_change(change: ChampionChange) -> None:
    from payrank.console import STDOUT

    STDOUT.print(f"{change.model} version {change.version} is the champion ({change.ground}).", markup=False)
    if change.replaced is not None:
        kind = change.model.removeprefix("payrank-")
        STDOUT.print(
            f"Version {change.replaced}, the former champion, is now `previous`. "
            f"To undo: payrank models rollback {kind}",
            markup=False,
        )

"""`payrank models promote`: change the champion."""

from __future__ import annotations

import click

from payrank.cli.models.show_change import show_change
from payrank.cli.options import ExampleCommand


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

    show_change(promote_version(model, force=force, reason=reason))

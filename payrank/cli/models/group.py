"""`payrank models ...`: registered models, comparisons, and which one is the champion."""

from __future__ import annotations

import click

from payrank.cli.lazy_group import LazyGroup

COMMANDS = {
    "list": "models.list_models:list_models",
    "show": "models.show:show",
    "compare": "models.compare:compare",
    "promote": "models.promote:promote",
    "rollback": "models.rollback:rollback",
    "card": "models.card:card",
    "export": "models.export:export",
}


@click.group(cls=LazyGroup, places=COMMANDS)
def models() -> None:
    """List, compare, and promote registered models."""

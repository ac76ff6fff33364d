"""A command group that imports a command's module only when that command is used or listed."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

import click


class LazyGroup(click.Group):
    """A group whose commands live in modules of their own.

    Parameters
    ----------
    places
        Command name to `module:attribute`, in the order in which help lists them. Modules are relative to
        `payrank.cli`.
    """

    def __init__(self, *args: Any, places: Mapping[str, str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.places = places

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's own signature
        """Return the names of the commands, in the order of `places`."""
        return list(self.places)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's own
        """Import and return a command; None when there is no such command."""
        if cmd_name not in self.places:
            return None
        module, _, attribute = self.places[cmd_name].partition(":")
        command: click.Command = getattr(import_module(f"payrank.cli.{module}"), attribute)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that the first word names; an unknown one gets the nearest name."""
        if args and args[0] not in self.places and not args[0].startswith("-"):
            from payrank.extracts.errors import did_you_mean

            ctx.fail(f"No such command {args[0]!r}; {did_you_mean(args[0], list(self.places))}")
        return super().resolve_command(ctx, args)

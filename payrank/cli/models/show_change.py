"""A change of the champion, printed with the way back."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from payrank.models.registry.aliases import ChampionChange


def show_change(change: ChampionChange) -> None:
    """Print which version is the champion now, why, and how to undo it."""
    from payrank.console import STDOUT

    STDOUT.print(f"{change.model} version {change.version} is the champion ({change.ground}).", markup=False)
    if change.replaced is not None:
        kind = change.model.removeprefix("payrank-")
        STDOUT.print(
            f"Version {change.replaced}, the former champion, is now `previous`. "
            f"To undo: payrank models rollback {kind}",
            markup=False,
        )

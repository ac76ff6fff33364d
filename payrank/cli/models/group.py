"""`payrank models ...`: look at the registered models, and say which is used."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import click

from payrank.cli.options import AS_OF, EXTRACT, FILE, FOLDER, KINDS, Examples, settings_option


@click.group()
def models() -> None:
    """Look at the registered models, compare them, and say which is used."""


@models.command(name="list", cls=Examples, example="payrank models list")
def list_models() -> None:
    """List the registered models: figures, aliases, verdicts, and who last changed the champion."""
    from payrank.cli.models.commands import run_list

    run_list()


@models.command(cls=Examples, example="payrank models show models:/payrank-payment@champion")
@click.argument("model")
def show(model: str) -> None:
    """Show what a model is: its data, design and figures beside the baselines."""
    from payrank.cli.models.commands import run_show

    run_show(model)


@models.command(
    cls=Examples,
    example="payrank models compare models:/payrank-payment/2 extract --as-of 2026-11-20\n"
    "payrank models compare bundles/new bundles/old extract --as-of 2026-11-20 --out beside.json",
)
@click.argument("words", nargs=-1, required=True, metavar="CHALLENGER [CHAMPION] EXTRACT")
@click.option("--as-of", **AS_OF, help="Day by which the labels of the compared rows are known.")
@click.option("--out", type=FILE, help="File for the comparison as JSON.")
@settings_option
def compare(words: tuple[str, ...], as_of: date, out: Path | None, settings: Path | None) -> None:
    """Let CHALLENGER and CHAMPION score the same later rows, which neither was fitted on.

    The rows are snapshots from the later of both training days on. Without CHAMPION the registered champion of the
    challenger's kind stands. The outcome is kept with the challenger's registered version, for promote.
    """
    from payrank.cli.models.champion import run_compare

    if len(words) not in {2, 3}:
        raise click.UsageError(f"give CHALLENGER [CHAMPION] EXTRACT: two words or three, found {len(words)}")
    champion = words[1] if len(words) == 3 else None
    run_compare(words[0], champion, EXTRACT.convert(words[-1], None, None), as_of, out, settings)


@models.command(
    cls=Examples,
    example="payrank models promote models:/payrank-payment/2\n"
    'payrank models promote models:/payrank-payment/2 --force --reason "first model with the new clinic"',
)
@click.argument("model")
@click.option("--force", is_flag=True, help="Whatever the comparison says; needs --reason.")
@click.option("--reason", default="", help="Why, kept in the registry (10 characters or more, no patient's data).")
def promote(model: str, force: bool, reason: str) -> None:
    """Make MODEL the champion, if its recorded comparison with today's champion says so and no alarm speaks.

    It wins when it captures more at capacity beyond the interval, or ties there and calibrates better beyond the
    interval. The champion before it becomes `previous`.
    """
    from payrank.cli.models.champion import run_promote

    run_promote(model, force, reason)


@models.command(cls=Examples, example="payrank models rollback payment")
@click.argument("kind", type=KINDS)
def rollback(kind: str) -> None:
    """Make the previous champion of KIND the champion again; once more swaps them back."""
    from payrank.cli.models.champion import run_rollback

    run_rollback(kind)


@models.command(cls=Examples, example="payrank models card models:/payrank-payment@champion --out card")
@click.argument("model")
@click.option("--out", type=FOLDER, required=True, help="Folder for card.html and card.md.")
def card(model: str, out: Path) -> None:
    """Write the model card of MODEL: purpose, data, figures, fairness, limits, and what it is not for."""
    from payrank.cli.models.commands import run_card

    run_card(model, out)


@models.command(cls=Examples, example="payrank models export models:/payrank-overturn@champion bundles/overturn")
@click.argument("model")
@click.argument("folder", type=FOLDER)
def export(model: str, folder: Path) -> None:
    """Copy a model's bundle to FOLDER, checked."""
    from payrank.cli.models.commands import run_export

    run_export(model, folder)

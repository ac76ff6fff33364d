"""`payrank import combine`: several extracts into one."""

from __future__ import annotations

from pathlib import Path

import click

from payrank.cli.options import EXTRACT, FOLDER, ExampleCommand


@click.command(cls=ExampleCommand, example="payrank import combine ar_extract november_remits --out extract")
@click.argument("first", type=EXTRACT)
@click.argument("others", type=EXTRACT, nargs=-1, required=True)
@click.option("--out", type=FOLDER, required=True, help="Folder for the canonical extract.")
def combine(first: Path | str, others: tuple[Path | str, ...], out: Path) -> None:
    """Combine extracts into one: the ledger of FIRST plus what OTHERS add to it.

    An account's ledger comes from a single extract, the first one that has it, so a payment that is in both the AR
    extract and a remittance is counted once.
    """
    from payrank.cli.imports.show_import import show_import
    from payrank.console import Progress
    from payrank.extracts.pluralize import pluralize
    from payrank.extracts.readers.combine import combine_extracts

    sources = (first, *others)
    with Progress().working(f"combined {pluralize(len(sources), 'extract')}"):
        report = combine_extracts(sources, out)
    show_import(report)

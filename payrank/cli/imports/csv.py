"""`payrank import csv`: CSV files and Excel workbooks through a mapping."""

from __future__ import annotations

from pathlib import Path

import click

from payrank.cli.options import FOLDER, ExampleCommand


@click.command(
    name="csv",
    cls=ExampleCommand,
    example=(
        "payrank import csv ar_export/ --suggest\npayrank import csv ar_export/ --mapping mapping.toml --out extract"
    ),
)
@click.argument("source", type=click.Path(path_type=Path), required=False)
@click.option("--out", type=FOLDER, help="Folder for the canonical extract.")
@click.option(
    "--mapping",
    help="TOML file that maps source columns to canonical tables, or ready:NAME; `ready:` alone lists the names.",
)
@click.option("--suggest", is_flag=True, help="Print a draft mapping for SOURCE instead.")
def import_csv(source: Path | None, out: Path | None, mapping: str | None, suggest: bool) -> None:
    """Map CSV files, Excel workbooks, or a folder of them to the canonical tables."""
    if mapping == "ready:":
        _list_ready_mappings()
        return
    if source is None:
        raise click.UsageError("SOURCE is required: a file, or a folder of files")
    if suggest:
        _suggest(source)
        return
    if out is None or mapping is None:
        raise click.UsageError("--out and --mapping are required (or use --suggest)")
    from payrank.cli.imports.show_import import show_import
    from payrank.console import Progress
    from payrank.extracts.readers.mapped.import_csv import import_csv as import_by_mapping

    with Progress().working(f"imported {source.name}"):
        report = import_by_mapping(source, out, Path(mapping))
    show_import(report)


def _list_ready_mappings() -> None:
    from payrank.console import STDOUT
    from payrank.extracts.readers.mapped.ready_mappings import ready_mappings

    for name, description in ready_mappings().items():
        STDOUT.print(f"ready:{name:15}{description}")


def _suggest(source: Path) -> None:
    from payrank.console import STDOUT
    from payrank.extracts.readers.mapped.suggest.suggest_mapping import suggest_mapping

    STDOUT.print(suggest_mapping(source), end="")

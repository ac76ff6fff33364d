"""`payrank import ...`: other systems' files to the canonical tables, and several extracts into one."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import click

from payrank.cli.options import EXTRACT, FOLDER, Day, Examples

SOURCE = click.Path(path_type=Path)
OUT: dict[str, Any] = {"type": FOLDER, "required": True, "help": "Folder for the canonical extract."}
KNOWN_BEFORE: dict[str, Any] = {
    "type": Day(),
    "metavar": "DATE",
    "help": "The day that the source knows everything before (default: the day after its newest row).",
}


@click.group(name="import")
def import_() -> None:
    """Bring another system's files to the canonical AR tables.

    Every record is accounted for: loaded, looked up, skipped with a reason, or quarantined.
    """


@import_.command(
    name="csv",
    cls=Examples,
    example=(
        "payrank import csv ar_export/ --suggest\npayrank import csv ar_export/ --mapping mapping.toml --out extract"
    ),
)
@click.argument("source", type=SOURCE, required=False)
@click.option("--out", type=FOLDER, help="Folder for the canonical extract.")
@click.option(
    "--mapping", help="TOML that says which source column feeds which table, or ready:NAME; ready: alone lists them."
)
@click.option("--suggest", is_flag=True, help="Print a draft of a mapping for SOURCE instead.")
def import_csv(source: Path | None, out: Path | None, mapping: str | None, suggest: bool) -> None:
    """Map CSV files, Excel workbooks or a folder of them to the canonical tables."""
    from payrank.cli.import_commands import run_import_csv, run_list_ready, run_suggest

    if mapping == "ready:":
        run_list_ready()
        return
    if source is None:
        raise click.UsageError("SOURCE is needed: a file, or a folder of them")
    if suggest:
        run_suggest(source)
        return
    if out is None or mapping is None:
        raise click.UsageError("--out and --mapping are needed (or --suggest)")
    run_import_csv(source, out=out, mapping=mapping)


def add_reader(name: str, help_text: str, example: str) -> None:
    """Add the command of a reader."""

    @import_.command(name=name, cls=Examples, help=help_text, example=example)
    @click.argument("source", type=SOURCE)
    @click.option("--out", **OUT)
    @click.option("--as-of", **KNOWN_BEFORE)
    def read(source: Path, out: Path, as_of: date | None) -> None:
        from payrank.cli.import_commands import run_reader

        run_reader(name, source, out=out, as_of=as_of)


add_reader(
    "epic",
    "Read a folder of Epic tables (EHI export or Clarity, TSV or CSV).",
    "payrank import epic ehi_export/ --out extract",
)
add_reader(
    "synthea", "Read a folder of Synthea's CSV output.", "payrank import synthea synthea/output/csv --out extract"
)
add_reader(
    "x12",
    "Read X12 remittances (835) and claims (837): a file, or a folder of them.",
    "payrank import x12 remits/ --out november_remits",
)
add_reader(
    "fhir",
    "Read FHIR R4 bulk data (ndjson): what insurers answered, not what patients paid.",
    "payrank import fhir bulk_export/ --out extract",
)


@import_.command(cls=Examples, example="payrank import combine ar_extract november_remits --out extract")
@click.argument("first", type=EXTRACT)
@click.argument("others", type=EXTRACT, nargs=-1, required=True)
@click.option("--out", **OUT)
def combine(first: Path | str, others: tuple[Path | str, ...], out: Path) -> None:
    """Combine extracts into one: the ledger of FIRST, and what OTHERS know beyond it.

    An account's ledger comes from one extract alone, the first that has it: a remittance's payments are not counted
    again beside the same payments in the AR extract.
    """
    from payrank.cli.import_commands import run_combine

    run_combine((first, *others), out=out)

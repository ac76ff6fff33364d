"""`payrank import ...`: other systems' files to the canonical tables, and several extracts into one."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import click

from payrank.options import EXTRACT, FOLDER, Day, Examples

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

    Every record is accounted for: loaded, looked up, set aside with a reason, or quarantined.
    """


@import_.command(
    name="csv",
    cls=Examples,
    example=(
        "payrank import csv ar_export/ --suggest\npayrank import csv ar_export/ --mapping mapping.toml --out extract"
    ),
)
@click.argument("source", type=SOURCE)
@click.option("--out", type=FOLDER, help="Folder for the canonical extract.")
@click.option("--mapping", help="TOML that says which source column feeds which table, or ready:NAME.")
@click.option("--suggest", is_flag=True, help="Print a draft of a mapping for SOURCE instead.")
def import_csv(source: Path, out: Path | None, mapping: str | None, suggest: bool) -> None:
    """Map CSV files, Excel workbooks or a folder of them to the canonical tables."""
    from payrank.import_commands import run_import_csv, run_suggest

    if suggest:
        run_suggest(source)
        return
    if out is None or mapping is None:
        raise click.UsageError("--out and --mapping are needed (or --suggest)")
    run_import_csv(source, out=out, mapping=mapping)


@import_.command(cls=Examples, example="payrank import epic ehi_export/ --out extract")
@click.argument("source", type=SOURCE)
@click.option("--out", **OUT)
@click.option("--as-of", **KNOWN_BEFORE)
def epic(source: Path, out: Path, as_of: date | None) -> None:
    """Read a folder of Epic tables (EHI export or Clarity, TSV or CSV)."""
    from payrank.import_commands import run_import_epic

    run_import_epic(source, out=out, as_of=as_of)


@import_.command(cls=Examples, example="payrank import synthea synthea/output/csv --out extract")
@click.argument("source", type=SOURCE)
@click.option("--out", **OUT)
def synthea(source: Path, out: Path) -> None:
    """Read a folder of Synthea's CSV output."""
    from payrank.import_commands import run_import_synthea

    run_import_synthea(source, out=out)


@import_.command(cls=Examples, example="payrank import x12 remits/ --out november_remits")
@click.argument("source", type=SOURCE)
@click.option("--out", **OUT)
def x12(source: Path, out: Path) -> None:
    """Read X12 remittances (835) and claims (837): a file, or a folder of them."""
    from payrank.import_commands import run_import_x12

    run_import_x12(source, out=out)


@import_.command(cls=Examples, example="payrank import fhir bulk_export/ --out extract")
@click.argument("source", type=SOURCE)
@click.option("--out", **OUT)
def fhir(source: Path, out: Path) -> None:
    """Read FHIR R4 bulk data (ndjson): what insurers answered, not what patients paid."""
    from payrank.import_commands import run_import_fhir

    run_import_fhir(source, out=out)


@import_.command(cls=Examples, example="payrank import combine ar_extract november_remits --out extract")
@click.argument("first", type=EXTRACT)
@click.argument("others", type=EXTRACT, nargs=-1, required=True)
@click.option("--out", **OUT)
def combine(first: Path | str, others: tuple[Path | str, ...], out: Path) -> None:
    """Combine extracts into one: the ledger of FIRST, and what OTHERS know beyond it.

    An account's ledger comes from one extract alone, the first that has it: a remittance's payments are not counted
    again beside the same payments in the AR extract.
    """
    from payrank.import_commands import run_combine

    run_combine((first, *others), out=out)

"""`payrank import epic|fhir|synthea|x12`: the readers that need no mapping."""

from __future__ import annotations

from datetime import date
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import click

from payrank.cli.options import FOLDER, Day, ExampleCommand

if TYPE_CHECKING:
    from payrank.extracts.readers.session.report import ImportReport


def reader_command(name: str, help_text: str, example: str) -> click.Command:
    """Return the command of one reader."""

    @click.command(name=name, cls=ExampleCommand, help=help_text, example=example)
    @click.argument("source", type=click.Path(path_type=Path))
    @click.option("--out", type=FOLDER, required=True, help="Folder for the canonical extract.")
    @click.option(
        "--as-of",
        type=Day(),
        metavar="DATE",
        help="Day before which the source is complete (default: the day after its newest row).",
    )
    def read(source: Path, out: Path, as_of: date | None) -> None:
        from payrank.cli.imports.show_import import show_import
        from payrank.console import Progress

        reader = import_module(f"payrank.extracts.readers.{name}.import_{name}")
        with Progress().working(f"imported {source.name}"):
            report: ImportReport = getattr(reader, f"import_{name}")(source, out, as_of)
        show_import(report)

    return read


import_epic = reader_command(
    "epic",
    "Read a folder of Epic tables (EHI export or Clarity, TSV or CSV).",
    "payrank import epic ehi_export/ --out extract",
)
import_fhir = reader_command(
    "fhir",
    "Read FHIR R4 bulk data (ndjson): what payers adjudicated, not what patients paid.",
    "payrank import fhir bulk_export/ --out extract",
)
import_synthea = reader_command(
    "synthea",
    "Read a folder of Synthea's CSV output.",
    "payrank import synthea synthea/output/csv --out extract",
)
import_x12 = reader_command(
    "x12",
    "Read X12 remittances (835) and claims (837): a file, or a folder of files.",
    "payrank import x12 remits/ --out november_remits",
)

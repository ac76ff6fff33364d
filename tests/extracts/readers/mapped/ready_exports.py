"""Made-up exports written for a test, and imported with a ready mapping."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from payrank.extracts.load.load_extract import load_extract
from payrank.extracts.readers.mapped.import_csv import import_csv
from payrank.extracts.readers.session.report import ImportReport


def import_export(
    folder: Path, name: str, tables: Mapping[str, Sequence[Mapping[str, str]]]
) -> tuple[ImportReport, Path]:
    """Write made-up tables (name -> rows) into `folder`/export and import them by the ready mapping `name`."""
    export = folder / "export"
    export.mkdir(exist_ok=True)
    for table, rows in tables.items():
        columns = list(dict.fromkeys(column for row in rows for column in row))
        with (export / f"{table}.csv").open("w", newline="") as file:
            writer = csv.DictWriter(file, columns, restval="", lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
    return import_csv(export, folder / "out", f"ready:{name}"), folder / "out"


def ask(folder: Path, query: str) -> list[tuple[Any, ...]]:
    """Load the extract and return the rows of a query."""
    with load_extract(folder) as extract:
        return extract.connection.execute(query).fetchall()

"""The commands beneath `payrank import`: run a reader, and show the account of every record."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from importlib import import_module
from pathlib import Path

from payrank.console import STDOUT, Progress, make_table
from payrank.extracts.contract.source_file import IMPORT_QUARANTINE, IMPORT_UNRECONCILED
from payrank.extracts.pluralize import pluralize
from payrank.extracts.readers.session.report import ImportReport


def run_import_csv(source: Path, *, out: Path, mapping: str) -> None:
    """Import CSV files or workbooks by a mapping."""
    from payrank.extracts.readers.mapped.import_csv import import_csv

    with Progress().working(f"imported {source.name}"):
        report = import_csv(source, out, Path(mapping))
    show_import(report)


def run_suggest(source: Path) -> None:
    """Print a draft of a mapping."""
    from payrank.extracts.readers.mapped.suggest.suggest_mapping import suggest_mapping

    STDOUT.print(suggest_mapping(source), end="")


def run_reader(name: str, source: Path, *, out: Path, as_of: date | None) -> None:
    """Import by the reader of that name: epic, synthea, x12 or fhir."""
    reader = import_module(f"payrank.extracts.readers.{name}.import_{name}")
    with Progress().working(f"imported {source.name}"):
        report: ImportReport = getattr(reader, f"import_{name}")(source, out, as_of)
    show_import(report)


def run_list_ready() -> None:
    """List the ready mappings."""
    from payrank.extracts.readers.mapped.ready_mappings import ready_mappings

    for name, what in ready_mappings().items():
        STDOUT.print(f"ready:{name:15}{what}")


def run_combine(sources: Sequence[Path | str], *, out: Path) -> None:
    """Combine extracts into one."""
    from payrank.extracts.readers.combine import combine_extracts

    with Progress().working(f"combined {pluralize(len(sources), 'extract')}"):
        report = combine_extracts(sources, out)
    show_import(report)


def show_import(report: ImportReport) -> None:
    """Show what became of each file's records, what was written, and what the user should know."""
    columns = [
        ("file", False),
        *((name, True) for name in ("records", "loaded", "reference", "skipped", "quarantined")),
    ]
    rows = [
        [
            file.name if file.same_as is None else f"{file.name} (the same as {file.same_as}: not read again)",
            *(f"{count:,}" for count in (file.records, file.loaded, file.reference)),
            f"{sum(file.skipped.values()):,}",
            f"{file.quarantined:,}",
        ]
        for file in report.files
    ]
    STDOUT.print(make_table("Records by file", columns, rows))
    reasons: dict[str, int] = {}
    for file in report.files:
        for reason, count in file.skipped.items():
            reasons[reason] = reasons.get(reason, 0) + count
    for reason, count in sorted(reasons.items(), key=lambda item: (-item[1], item[0])):
        STDOUT.print(f"- skipped: {pluralize(count, 'record')} ({reason})")
    written = [[name, f"{count:,}"] for name, count in report.rows_written.items()]
    STDOUT.print(make_table("Rows written", [("table", False), ("rows", True)], written))
    for notice in report.notices:
        STDOUT.print(f"- {notice}")
    if report.rows_quarantined:
        STDOUT.print(
            f"- {pluralize(report.rows_quarantined, 'record')} quarantined: {report.folder / IMPORT_QUARANTINE}"
        )
    balances = report.reconciliation
    if balances is not None:
        mismatches = f"; the others are in {report.folder / IMPORT_UNRECONCILED}." if balances.mismatched else "."
        STDOUT.print(
            f"Stated balances: {balances.matched:,} of {balances.stated:,} match the ledger to the cent{mismatches}",
            markup=False,
        )
    STDOUT.print(f"{report.folder} holds the extract. Next: payrank check {report.folder}")

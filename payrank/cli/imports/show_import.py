"""The account of every record that an import read, printed for the user."""

from __future__ import annotations

from payrank.console import STDOUT, make_table
from payrank.extracts.contract.source_file import IMPORT_QUARANTINE, IMPORT_UNRECONCILED
from payrank.extracts.pluralize import pluralize
from payrank.extracts.readers.session.report import ImportReport


def show_import(report: ImportReport) -> None:
    """Print what happened to each file's records, what was written, and what the user should know."""
    columns = [
        ("file", False),
        *((name, True) for name in ("records", "loaded", "reference", "skipped", "quarantined")),
    ]
    rows = [
        [
            file.name if file.same_as is None else f"{file.name} (identical to {file.same_as}, not read again)",
            *(f"{count:,}" for count in (file.records, file.loaded, file.reference)),
            f"{sum(file.skipped.values()):,}",
            f"{file.quarantined:,}",
        ]
        for file in report.files
    ]
    STDOUT.print(make_table("Records by outcome", columns, rows))
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
        rest = f"; the rest are listed in {report.folder / IMPORT_UNRECONCILED}." if balances.mismatched else "."
        STDOUT.print(
            f"Stated balances: {balances.matched:,} of {balances.stated:,} match the ledger to the cent{rest}",
            markup=False,
        )
    STDOUT.print(f"Wrote the extract to {report.folder}. Next: payrank check {report.folder}")

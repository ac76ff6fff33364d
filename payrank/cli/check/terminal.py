"""An inspection printed on a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from rich.table import Table

from payrank.console import STDOUT, make_table
from payrank.extracts.check_extract import Inspection
from payrank.extracts.finding import CHECKS
from payrank.features.coverage import FamilyCoverage


def show_inspection(inspection: Inspection, families: Sequence[FamilyCoverage]) -> None:
    """Print an inspection as tables that fit a terminal; the refusal itself is the command's last line on stderr."""
    if inspection.tables:
        STDOUT.print(_tables(inspection))
    if inspection.volumes and inspection.as_of:
        STDOUT.print(_volumes(inspection, inspection.as_of))
    if families:
        STDOUT.print(_families(families))
    for group in inspection.quarantined:
        column = f" in {group.column}" if group.column else ""
        STDOUT.print(
            f"- quarantined: {group.table}: {group.rule}{column}, {group.rows:,} rows, first at line "
            f"{group.first_line:,}"
        )
    for check in CHECKS:
        for finding in inspection.findings:
            if finding.check == check:
                STDOUT.print(f"- {check}: {finding.text}")
    for refusal in inspection.refusals[1:]:
        STDOUT.print(f"Also refused: {refusal}")


def _tables(inspection: Inspection) -> Table:
    rows = [
        [
            state.name,
            f"{state.rows_read:,}" if state.present else "absent or refused",
            f"{state.rows_loaded:,}",
            f"{state.rows_quarantined:,}",
            f"{state.rows_repeated:,}",
            ", ".join(state.absent_columns) if state.present else "",
        ]
        for state in inspection.tables
    ]
    headings = [("read", True), ("loaded", True), ("quarantined", True), ("repeated", True), ("missing columns", False)]
    return make_table("Rows by table", [("table", False), *headings], rows)


def _volumes(inspection: Inspection, as_of: date) -> Table:
    rows = []
    for volume in inspection.volumes:
        weeks = volume.weeks(as_of, 9)
        middle = sorted(weeks[:-1])[len(weeks) // 2 - 1 : len(weeks) // 2 + 1]
        rows.append(
            [
                volume.table,
                f"{volume.rows:,}",
                str(min(volume.days)),
                str(max(volume.days)),
                f"{weeks[-1]:,}",
                f"{sum(middle) / 2:,.0f}",
            ]
        )
    headings = [("rows", True), ("first day", False), ("last day", False), ("last week", True), ("typical week", True)]
    return make_table(f"Row counts by posting date, as of {as_of}", [("table", False), *headings], rows)


def _families(families: Sequence[FamilyCoverage]) -> Table:
    rows = [
        [
            family.unit,
            family.family,
            f"{family.available} of {family.features}",
            "no rows" if family.filled is None else f"{family.filled:.0%}",
        ]
        for family in families
    ]
    headings = [("unit", False), ("family", False), ("features", True), ("filled", True)]
    return make_table("Feature coverage by family", headings, rows)

"""`payrank check`: one look at an extract, in the terminal, as a page and as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

from payrank.cli.check.check_page import render_check
from payrank.console import STDOUT, Progress, make_table
from payrank.extracts.atomic import write_private
from payrank.extracts.check_extract import Inspection, inspect_extract
from payrank.extracts.errors import ExtractRefusedError, OutOfLineError, PayrankError
from payrank.extracts.extract import Extract
from payrank.extracts.finding import CHECKS
from payrank.extracts.pluralize import pluralize
from payrank.features.coverage import FamilyCoverage, measure_coverage
from payrank.features.probes.result import Probed
from payrank.leaks import as_data as leaks_as_data
from payrank.leaks import find_leaks, show_leaks
from payrank.scoring.guards import check_age
from payrank.settings import Settings, read_settings

PAGE, DATA = "check.html", "check.json"
WEEKS = 26
"""Weeks of volume that the page and the JSON's summary show."""


def run_check(
    source: Path | str,
    *,
    as_of: date | None,
    out: Path | None,
    as_json: bool,
    settings_file: Path | None,
    leaks: bool = False,
) -> None:
    """Look at an extract and say everything; raise at the end what refuses it.

    Raises
    ------
    ExtractRefusedError
        When the contract is broken beyond what quarantine may carry.
    OutOfLineError
        When the extract is too old for `as_of`.
    """
    settings = read_settings(settings_file)
    progress = Progress()
    with inspect_extract(source, as_of) as (inspection, extract):
        progress.log("looked at every table")
        families = _measure(extract, inspection, settings, progress)
        too_old = _find_age(extract, as_of, settings)
        probed: tuple[Probed, ...] = ()
        if leaks and extract is not None and inspection.as_of is not None:
            probed = find_leaks(extract, settings, inspection.as_of, progress.log)
    data = as_data(inspection, families, too_old)
    if leaks:
        data["leaks"] = leaks_as_data(probed)
    if out is not None:
        out.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_private(out / PAGE, render_check(inspection, families, too_old, WEEKS, probed), replace=True)
        write_private(out / DATA, (json.dumps(data, indent=1, ensure_ascii=False) + "\n").encode(), replace=True)
    if as_json:
        STDOUT.print(json.dumps(data, indent=1, ensure_ascii=False))
    else:
        show_inspection(inspection, families)
        show_leaks(probed)
        if out is not None:
            STDOUT.print(f"Open: {out / PAGE}")
    _end(inspection, too_old, sum(len(one.leaks) for one in probed), quiet=as_json)


def _end(inspection: Inspection, too_old: OutOfLineError | None, leaks: int, *, quiet: bool) -> None:
    """Raise what refuses the extract, or say that its contract is kept."""
    if inspection.refusals:
        more = len(inspection.refusals) - 1
        raise ExtractRefusedError(inspection.refusals[0] + (f" (and {more} more, see above)" if more else ""))
    if too_old is not None:
        raise too_old
    if not quiet:
        known = f"; everything odd about it is above, as of {inspection.as_of}" if inspection.as_of else ""
        found = f", {pluralize(leaks, 'leak')} among it" if leaks else ""
        STDOUT.print(f"{inspection.source} keeps the contract{known}{found}.")


def _measure(
    extract: Extract | None, inspection: Inspection, settings: Settings, progress: Progress
) -> tuple[FamilyCoverage, ...]:
    """Measure the coverage of both units' features, where the extract holds the unit's table."""
    if extract is None or inspection.as_of is None:
        return ()
    families: list[FamilyCoverage] = []
    for kind, table in (("payment", "accounts"), ("overturn", "denials")):
        if not extract.tables[table].rows_loaded:
            continue
        try:
            with progress.working(f"measured the features of {table}"):
                families += measure_coverage(extract, settings.target(kind), inspection.as_of, settings.features)
        except PayrankError as error:
            progress.log(f"features of {table} not measured: {error}")
    return tuple(families)


def _find_age(extract: Extract | None, as_of: date | None, settings: Settings) -> OutOfLineError | None:
    if extract is None or as_of is None:
        return None
    try:
        check_age(extract, as_of, settings.scoring)
    except OutOfLineError as old:
        return old
    return None


def as_data(
    inspection: Inspection, families: Sequence[FamilyCoverage], too_old: OutOfLineError | None = None
) -> dict[str, Any]:
    """Return an inspection as plain data for JSON: counts and names of tables, columns and rules, no value of a row."""
    return {
        "source": inspection.source,
        "source_system": inspection.source_system,
        "as_of": inspection.as_of.isoformat() if inspection.as_of else None,
        "verdict": "refused" if inspection.refusals else "too old" if too_old else "kept",
        "refusals": [*inspection.refusals, *([str(too_old)] if too_old else [])],
        "tables": [
            {
                "table": state.name,
                "present": state.present,
                "rows_read": state.rows_read,
                "rows_loaded": state.rows_loaded,
                "rows_quarantined": state.rows_quarantined,
                "rows_repeated": state.rows_repeated,
                "absent_columns": list(state.absent_columns) if state.present else [],
                "ignored_columns": list(state.ignored_columns),
            }
            for state in inspection.tables
        ],
        "quarantined": [
            {"table": one.table, "column": one.column, "rule": one.rule, "rows": one.rows, "first_line": one.first_line}
            for one in inspection.quarantined
        ],
        "findings": [
            {"check": one.check, "table": one.table, "count": one.count, "text": one.text}
            for one in inspection.findings
        ],
        "volumes": {
            volume.table: {day.isoformat(): count for day, count in volume.days.items()}
            for volume in inspection.volumes
        },
        "feature_families": [
            {
                "unit": one.unit,
                "family": one.family,
                "features": one.features,
                "available": one.available,
                "filled": None if one.filled is None else round(one.filled, 4),
            }
            for one in families
        ],
    }


def show_inspection(inspection: Inspection, families: Sequence[FamilyCoverage]) -> None:
    """Print an inspection as tables that fit a terminal."""
    if inspection.tables:
        STDOUT.print(_arrivals(inspection))
    if inspection.volumes and inspection.as_of:
        STDOUT.print(_volumes(inspection, inspection.as_of))
    if families:
        STDOUT.print(_families(families))
    for one in inspection.quarantined:
        column = f" in {one.column}" if one.column else ""
        told = f"- quarantined: {one.table}: {one.rule}{column}, {one.rows:,} rows, first in line {one.first_line:,}"
        STDOUT.print(told)
    for check in CHECKS:
        for finding in inspection.findings:
            if finding.check == check:
                STDOUT.print(f"- {check}: {finding.text}")
    for refusal in inspection.refusals:
        STDOUT.print(f"REFUSED: {refusal}")


def _arrivals(inspection: Inspection) -> object:
    rows = [
        [
            state.name,
            f"{state.rows_read:,}" if state.present else "absent",
            f"{state.rows_loaded:,}",
            f"{state.rows_quarantined:,}",
            f"{state.rows_repeated:,}",
            ", ".join(state.absent_columns) if state.present else "",
        ]
        for state in inspection.tables
    ]
    headings = [("read", True), ("loaded", True), ("quarantined", True), ("repeated", True), ("absent columns", False)]
    return make_table("How the tables arrived", [("table", False), *headings], rows)


def _volumes(inspection: Inspection, as_of: date) -> object:
    rows = []
    for volume in inspection.volumes:
        weeks = volume.weeks(as_of, 9)
        usual = sorted(weeks[:-1])[len(weeks) // 2 - 1 : len(weeks) // 2 + 1]
        rows.append(
            [
                volume.table,
                f"{volume.rows:,}",
                str(min(volume.days)),
                str(max(volume.days)),
                f"{weeks[-1]:,}",
                f"{sum(usual) / 2:,.0f}",
            ]
        )
    headings = [("rows", True), ("first day", False), ("last day", False), ("last week", True), ("usual week", True)]
    return make_table(f"Rows by the day that knew them, as of {as_of}", [("table", False), *headings], rows)


def _families(families: Sequence[FamilyCoverage]) -> object:
    rows = [
        [
            one.unit,
            one.family,
            f"{one.available} of {one.features}",
            "no rows" if one.filled is None else f"{one.filled:.0%}",
        ]
        for one in families
    ]
    headings = [("unit", False), ("family", False), ("features", True), ("filled", True)]
    return make_table("What the catalog can say of them", headings, rows)

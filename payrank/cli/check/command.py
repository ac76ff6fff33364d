"""`payrank check`: an inspection of an extract, on the terminal, as a page, and as JSON."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from payrank.cli.options import EXTRACT, FOLDER, Day, ExampleCommand, settings_option

if TYPE_CHECKING:
    from payrank.console import Progress
    from payrank.extracts.check_extract import Inspection
    from payrank.extracts.errors import OutOfLineError
    from payrank.extracts.extract import Extract
    from payrank.features.coverage import FamilyCoverage
    from payrank.features.probes.result import ProbeResult
    from payrank.settings import Settings

PAGE, DATA = "check.html", "check.json"
WEEKS = 26
"""Weeks of row counts on the page."""


@click.command(
    cls=ExampleCommand,
    short_help="Check an extract before it is used.",
    example="payrank check extract --as-of 2026-11-20 --out inspection\npayrank check extract --leaks --json",
)
@click.argument("extract", type=EXTRACT)
@click.option("--as-of", type=Day(), metavar="DATE", help="Also check that the extract is recent enough for this day.")
@click.option("--out", type=FOLDER, help="Folder for check.html and check.json.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of tables.")
@click.option("--leaks", is_flag=True, help="Also run the leakage checks (minutes on a large extract).")
@settings_option
def check(
    extract: Path | str, as_of: date | None, out: Path | None, as_json: bool, leaks: bool, settings: Path | None
) -> None:
    """Check an extract: contract, keys, sums, dates, volume, codes, feature coverage, and with --leaks hindsight.

    Exits with code 3 when the extract is refused. Warnings do not fail the check.
    """
    from payrank.cli.check.as_data import as_data
    from payrank.cli.check.page import render_check
    from payrank.cli.check.terminal import show_inspection
    from payrank.console import STDOUT, Progress
    from payrank.extracts.atomic import write_private
    from payrank.extracts.check_extract import inspect_extract
    from payrank.leaks import as_data as leaks_as_data
    from payrank.leaks import find_leaks, show_leaks
    from payrank.settings import read_settings

    site = read_settings(settings)
    progress = Progress()
    with inspect_extract(extract, as_of) as (inspection, loaded):
        progress.log("inspected every table")
        families = _measure(loaded, inspection, site, progress)
        too_old = _find_age(loaded, as_of, site)
        warning = _warn_about_flags(loaded, inspection, site)
        probes: tuple[ProbeResult, ...] = ()
        if leaks and loaded is not None and inspection.as_of is not None:
            probes = find_leaks(loaded, site, inspection.as_of, progress.log)
    data = as_data(inspection, families, too_old)
    data["warnings"] = [warning] if warning else []
    if leaks:
        data["leaks"] = leaks_as_data(probes)
    if out is not None:
        out.mkdir(mode=0o700, parents=True, exist_ok=True)
        page = render_check(inspection, families, too_old, WEEKS, probes, warning)
        for name, content in ((PAGE, page), (DATA, (json.dumps(data, indent=1, ensure_ascii=False) + "\n").encode())):
            write_private(out / name, content, replace=True)
    if as_json:
        STDOUT.print(json.dumps(data, indent=1, ensure_ascii=False))
    else:
        show_inspection(inspection, families)
        show_leaks(probes)
        if warning:
            STDOUT.print(f"Warning: {warning}", markup=False)
        if out is not None:
            STDOUT.print(f"Open: {out / PAGE}", markup=False)
    _finish(inspection, too_old, sum(len(probe.leaks) for probe in probes), warning, quiet=as_json)


def _finish(inspection: Inspection, too_old: OutOfLineError | None, leaks: int, warning: str, *, quiet: bool) -> None:
    """Raise what refuses the extract, or say that it is valid."""
    from payrank.console import STDOUT
    from payrank.extracts.errors import ExtractRefusedError
    from payrank.extracts.pluralize import pluralize

    if inspection.refusals:
        more = len(inspection.refusals) - 1
        raise ExtractRefusedError(inspection.refusals[0] + (f" (and {more} more, see above)" if more else ""))
    if too_old is not None:
        raise too_old
    if quiet:
        return
    as_of = f" as of {inspection.as_of}" if inspection.as_of else ""
    noted = inspection.findings or inspection.quarantined or warning
    above = " See the warnings above." if noted else ""
    leak_note = f" The leakage checks found {pluralize(leaks, 'leak')}; see above." if leaks else ""
    STDOUT.print(f"Extract is valid{as_of}: {inspection.source}.{above}{leak_note}", markup=False)


def _measure(
    loaded: Extract | None, inspection: Inspection, settings: Settings, progress: Progress
) -> tuple[FamilyCoverage, ...]:
    """Measure feature coverage for accounts and denials, as far as the extract has their tables."""
    from payrank.extracts.errors import PayrankError
    from payrank.features.coverage import measure_coverage

    if loaded is None or inspection.as_of is None:
        return ()
    families: list[FamilyCoverage] = []
    for kind, table in (("payment", "accounts"), ("overturn", "denials")):
        if not loaded.tables[table].rows_loaded:
            continue
        try:
            with progress.working(f"measured the features of {table}"):
                families += measure_coverage(loaded, settings.target(kind), inspection.as_of, settings.features)
        except PayrankError as error:
            progress.log(f"features of {table} not measured: {error}")
    return tuple(families)


def _find_age(loaded: Extract | None, as_of: date | None, settings: Settings) -> OutOfLineError | None:
    from payrank.extracts.errors import OutOfLineError
    from payrank.scoring.guards import check_age

    if loaded is None or as_of is None:
        return None
    try:
        check_age(loaded, as_of, settings.scoring)
    except OutOfLineError as error:
        return error
    return None


def _warn_about_flags(loaded: Extract | None, inspection: Inspection, settings: Settings) -> str:
    """Say that a run on this extract would publish no patient list (rule H12), and why; empty when it would."""
    from payrank.scoring.rules.flags_feed import why_flags_unusable

    if loaded is None or inspection.as_of is None or "H12" in settings.scoring.waived:
        return ""
    if not loaded.tables["accounts"].rows_loaded:
        return ""
    reason = why_flags_unusable(
        loaded,
        inspection.as_of,
        settings.scoring.max_flags_age_days,
        before=0,
        max_drop=settings.scoring.max_volume_drop,
    )
    if not reason:
        return ""
    return (
        f"A nightly run on this extract will publish no patient list (rule H12): {reason}. Provide a complete, current "
        "flags table, or waive H12 in the settings, with a reason, if this ledger has no flags."
    )

"""`check.html`: an inspection as a self-contained page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from payrank.extracts.check_extract import Inspection
from payrank.extracts.checks.volume import Volume
from payrank.extracts.errors import OutOfLineError
from payrank.extracts.finding import CHECKS
from payrank.features.coverage import FamilyCoverage
from payrank.features.probes.result import ProbeResult
from payrank.leaks import describe_probe
from payrank.models.html_page import render_page

WIDTH, HEIGHT = 260, 36
"""Of a table's little chart of rows by week, in its own units."""

TITLES = {
    "contract": "Contract",
    "keys": "Keys and links",
    "sums": "Sums",
    "dates": "Dates",
    "volume": "Volume",
    "codes": "Codes",
}


@dataclass(frozen=True, slots=True)
class WeekBar:
    """One week of a table: where its bar stands, and what it says when pointed at."""

    x: float
    y: float
    width: float
    height: float
    label: str


@dataclass(frozen=True, slots=True)
class VolumeRow:
    """One table's volume: rows, first and last day, and the bars of its last weeks."""

    table: str
    rows: int
    first: date
    last: date
    bars: tuple[WeekBar, ...]


def render_check(
    inspection: Inspection,
    families: Sequence[FamilyCoverage],
    too_old: OutOfLineError | None,
    weeks: int,
    probes: Sequence[ProbeResult] = (),
    warning: str = "",
) -> bytes:
    """Return the page as UTF-8: counts, and names of tables, columns, and rules; no value of any row.

    Parameters
    ----------
    weeks
        Number of recent weeks in the row-count charts.
    probes
        Results of the leakage checks, if they ran.
    warning
        What a nightly run on this extract would leave out, and why.
    """
    as_of = inspection.as_of
    refusals = [*inspection.refusals, *([str(too_old)] if too_old else [])]
    groups = [
        (TITLES[check], [finding.text for finding in inspection.findings if finding.check == check]) for check in CHECKS
    ]
    return render_page(
        "check.html",
        styles=("theme.css", "report.css", "check.css"),
        package="payrank",
        inspection=inspection,
        refusals=refusals,
        groups=groups,
        volumes=[_draw(volume, as_of, weeks) for volume in inspection.volumes] if as_of else [],
        families=families,
        probes=probes,
        warning=warning,
        details={probe.probe + probe.unit: describe_probe(probe) for probe in probes},
        weeks=weeks,
        chart=(WIDTH, HEIGHT),
    )


def _draw(volume: Volume, as_of: date, weeks: int) -> VolumeRow:
    counts = volume.weeks(as_of, weeks)
    most = max([*counts, 1])
    step = WIDTH / weeks
    bars = []
    for place, count in enumerate(counts):
        height = HEIGHT * count / most
        ago = weeks - 1 - place
        when = "last week" if not ago else f"{ago + 1} weeks ago"
        bars.append(
            WeekBar(
                round(place * step, 1),
                round(HEIGHT - height, 1),
                round(step - 1.5, 1),
                round(height, 1),
                f"{when}: {count:,} rows",
            )
        )
    return VolumeRow(volume.table, volume.rows, min(volume.days), max(volume.days), tuple(bars))

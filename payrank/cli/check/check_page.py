"""`check.html`: an inspection as a page that needs nothing but itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from payrank.extracts.check_extract import Inspection
from payrank.extracts.checks.volume import Volume
from payrank.extracts.errors import OutOfLineError
from payrank.extracts.finding import CHECKS
from payrank.features.coverage import FamilyCoverage
from payrank.features.probes.result import Probed
from payrank.leaks import figures_of
from payrank.models.html_page import render_page

WIDTH, HEIGHT = 260, 36
"""Of a table's little chart of rows by week, in its own units."""

TITLES = {
    "contract": "Contract",
    "keys": "Keys and links",
    "sums": "Sums",
    "dates": "Days",
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
    told: str


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
    probed: Sequence[Probed] = (),
) -> bytes:
    """Return the page as UTF-8: counts and names of tables, columns and rules, no value of a row.

    Parameters
    ----------
    weeks
        How many of the last weeks the charts of volume show.
    probed
        What the leak probes found, where they were asked for.
    """
    as_of = inspection.as_of
    refusals = [*inspection.refusals, *([str(too_old)] if too_old else [])]
    groups = [
        (TITLES[check], [finding.text for finding in inspection.findings if finding.check == check]) for check in CHECKS
    ]
    return render_page(
        "check.html",
        styles=("house.css", "report.css", "check.css"),
        room="payrank",
        inspection=inspection,
        refusals=refusals,
        groups=groups,
        volumes=[_draw(volume, as_of, weeks) for volume in inspection.volumes] if as_of else [],
        families=families,
        probed=probed,
        figures={one.probe + one.unit: figures_of(one) for one in probed},
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
        when = "the last week" if not ago else f"the week {ago} back"
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

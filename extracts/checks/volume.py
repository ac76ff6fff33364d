"""Volume: rows by table and day, the days without any, and a week unlike the weeks before it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from statistics import median

from payrank.extracts.contract.tables import TABLES
from payrank.extracts.extract import Extract
from payrank.extracts.finding import Finding
from payrank.extracts.pluralize import pluralize

WEEKS_BEFORE = 8
FEWEST, MOST = 0.5, 2.0
"""The last week's rows, as a share of the median of the weeks before it, beyond which the week is odd."""
QUIET_DAYS = 7
LOOKED_AT = timedelta(days=28)
USUAL = 0.9
"""Share of the earlier weekdays of one kind that must have rows before a weekday without any is odd."""


@dataclass(frozen=True, slots=True)
class Volume:
    """One table's rows by the day that knew them, days without any left out."""

    table: str
    days: Mapping[date, int]

    @property
    def rows(self) -> int:
        """All rows."""
        return sum(self.days.values())

    def between(self, first: date, last: date) -> int:
        """Rows known from `first` until the day before `last`."""
        return sum(count for day, count in self.days.items() if first <= day < last)

    def weeks(self, as_of: date, count: int) -> tuple[int, ...]:
        """Rows of each of the last weeks before the as-of day, oldest first."""
        starts = [as_of - timedelta(weeks=week) for week in range(count, 0, -1)]
        return tuple(self.between(start, start + timedelta(weeks=1)) for start in starts)


def measure_volumes(extract: Extract) -> tuple[Volume, ...]:
    """Count every dated table's rows by day."""
    volumes = []
    for table in TABLES:
        if table.known_on is None or not extract.tables[table.name].rows_loaded:
            continue
        found = extract.connection.execute(
            f"SELECT {table.known_on}, count(*) FROM {table.name} GROUP BY 1 ORDER BY 1"
        ).fetchall()
        volumes.append(Volume(table.name, dict(found)))
    return tuple(volumes)


def check_volumes(volumes: Sequence[Volume], as_of: date) -> list[Finding]:
    """Return what is odd about the days just before the as-of day."""
    return [finding for volume in volumes for finding in _check_volume(volume, as_of)]


def _check_volume(volume: Volume, as_of: date) -> list[Finding]:
    earlier = volume.weeks(as_of, WEEKS_BEFORE + 1)
    before, last = earlier[:-1], earlier[-1]
    usual = median(before)
    known = [day for day in volume.days if day < as_of]
    if not known or usual < WEEKS_BEFORE:
        return []  # a table of a few rows a week has no usual week
    findings = []
    silent = (as_of - max(known)).days - 1
    if silent >= QUIET_DAYS:
        told = f"{volume.table}: no row of the last {pluralize(silent, 'day')} before the as-of day"
        return [Finding("volume", volume.table, silent, told)]
    if not FEWEST * usual <= last <= MOST * usual:
        told = f"{volume.table}: {pluralize(last, 'row')} in the last week, {usual:,.0f} in a usual one"
        findings.append(Finding("volume", volume.table, last, told))
    gaps = _find_gaps(volume, as_of)
    if gaps:
        told = (
            f"{volume.table}: {pluralize(len(gaps), 'weekday')} of the last {LOOKED_AT.days} days without a row, where "
            f"such weekdays have rows, the latest {max(gaps)}"
        )
        findings.append(Finding("volume", volume.table, len(gaps), told))
    return findings


def _find_gaps(volume: Volume, as_of: date) -> list[date]:
    """Find the days without rows whose like, in the weeks before, nearly always had some."""
    gaps = []
    for back in range(1, LOOKED_AT.days + 1):
        day = as_of - timedelta(days=back)
        alike = [day - LOOKED_AT - timedelta(weeks=week) for week in range(WEEKS_BEFORE)]
        if day not in volume.days and sum(other in volume.days for other in alike) >= USUAL * len(alike):
            gaps.append(day)
    return gaps

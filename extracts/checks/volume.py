"""Volume checks: row counts by posting date, missing days, and a last week unlike the weeks before it."""

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
MIN_RATIO, MAX_RATIO = 0.5, 2.0
"""Allowed range of the last week's rows, divided by the median of the weeks before it."""
QUIET_DAYS = 7
"""Days without any row before the as-of date that make a finding."""
GAP_WINDOW = timedelta(days=28)
USUAL_SHARE = 0.9
"""A weekday without rows is a gap only if at least this share of the same weekdays in earlier weeks had rows."""


@dataclass(frozen=True, slots=True)
class Volume:
    """Row counts of one table by the date on which the AR system knew them. Days without rows are left out."""

    table: str
    days: Mapping[date, int]

    @property
    def rows(self) -> int:
        """Total number of rows."""
        return sum(self.days.values())

    def between(self, first: date, last: date) -> int:
        """Return the rows known from `first` through the day before `last`."""
        return sum(count for day, count in self.days.items() if first <= day < last)

    def weeks(self, as_of: date, count: int) -> tuple[int, ...]:
        """Return the row counts of the last `count` weeks before the as-of date, oldest first."""
        starts = [as_of - timedelta(weeks=week) for week in range(count, 0, -1)]
        return tuple(self.between(start, start + timedelta(weeks=1)) for start in starts)


def measure_volumes(extract: Extract) -> tuple[Volume, ...]:
    """Count the rows of every dated table by day."""
    volumes = []
    for table in TABLES:
        if table.known_on is None or not extract.tables[table.name].rows_loaded:
            continue
        rows = extract.connection.execute(
            f"SELECT {table.known_on}, count(*) FROM {table.name} GROUP BY 1 ORDER BY 1"
        ).fetchall()
        volumes.append(Volume(table.name, dict(rows)))
    return tuple(volumes)


def check_volumes(volumes: Sequence[Volume], as_of: date) -> list[Finding]:
    """Return findings about unusual volume just before the as-of date."""
    return [finding for volume in volumes for finding in _check_volume(volume, as_of)]


def _check_volume(volume: Volume, as_of: date) -> list[Finding]:
    earlier = volume.weeks(as_of, WEEKS_BEFORE + 1)
    before, last = earlier[:-1], earlier[-1]
    usual = median(before)
    known = [day for day in volume.days if day < as_of]
    if not known or usual < WEEKS_BEFORE:
        return []  # a table with a few rows per week has no typical week
    findings = []
    silent = (as_of - max(known)).days - 1
    if silent >= QUIET_DAYS:
        message = f"{volume.table}: no rows in the last {pluralize(silent, 'day')} before the as-of date"
        return [Finding("volume", volume.table, silent, message)]
    if not MIN_RATIO * usual <= last <= MAX_RATIO * usual:
        message = (
            f"{volume.table}: {pluralize(last, 'row')} in the last week, compared with {usual:,.0f} in a typical week"
        )
        findings.append(Finding("volume", volume.table, last, message))
    gaps = _find_gaps(volume, as_of)
    if gaps:
        message = (
            f"{volume.table}: no rows on {pluralize(len(gaps), 'day')} of the last {GAP_WINDOW.days} that normally "
            f"have some, most recently {max(gaps)}"
        )
        findings.append(Finding("volume", volume.table, len(gaps), message))
    return findings


def _find_gaps(volume: Volume, as_of: date) -> list[date]:
    """Find days without rows on weekdays that nearly always had rows in earlier weeks."""
    gaps = []
    for back in range(1, GAP_WINDOW.days + 1):
        day = as_of - timedelta(days=back)
        alike = [day - GAP_WINDOW - timedelta(weeks=week) for week in range(WEEKS_BEFORE)]
        if day not in volume.days and sum(other in volume.days for other in alike) >= USUAL_SHARE * len(alike):
            gaps.append(day)
    return gaps

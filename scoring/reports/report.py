"""The run at a glance: `report.html`, made of counts and sums only.

No id and no row of a patient reaches this page. Every account or denial received is accounted for exactly:
in = listed + over capacity + suppressed + quarantined.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date

from payrank.models.html_page import UNKNOWN, render_page, show_count, show_dollars
from payrank.scoring.reports.audit import RunAudit
from payrank.scoring.reports.changes import ChangeCount
from payrank.scoring.worklist import URGENT_DAYS
from payrank.scoring.worklists.list_summary import Bar, ListSummary

AGING_DAYS: tuple[tuple[str, int], ...] = (
    ("0-30 days", 30),
    ("31-60 days", 60),
    ("61-90 days", 90),
    ("91-120 days", 120),
    ("121-180 days", 180),
    ("181-365 days", 365),
)
OVER_A_YEAR = "Over a year"
"""The usual aging buckets, by days since the account opened (last day of each), and the bucket beyond them."""


@dataclass(frozen=True, slots=True)
class AgingRow:
    """One aging bucket: its accounts, and their patient balance in dollars."""

    bucket: str
    accounts: int
    dollars: float


@dataclass(frozen=True, slots=True)
class Flow:
    """Where every account or denial went. `unit` is "accounts" or "denials"; the four counts must sum to `received`."""

    unit: str
    received: int
    listed: int
    over_capacity: int
    suppressed: int
    quarantined: int

    @property
    def balanced(self) -> bool:
        """Whether received = listed + over capacity + suppressed + quarantined.

        >>> Flow("accounts", 10, 4, 3, 2, 1).balanced
        True
        """
        return self.received == self.listed + self.over_capacity + self.suppressed + self.quarantined


@dataclass(frozen=True, slots=True)
class SuppressedRow:
    """One rule: its id, title, the law or policy behind it, and how many rows it suppressed."""

    rule: str
    title: str
    citation: str
    count: int


@dataclass(frozen=True, slots=True)
class ModelHealth:
    """One model of the run: what it predicts, its name and version, and facts about its health by label."""

    kind: str
    name: str
    facts: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class TableHealth:
    """How one canonical table was loaded: rows read = loaded + quarantined + repeated."""

    table: str
    present: bool
    rows_read: int
    rows_loaded: int
    rows_quarantined: int
    rows_repeated: int
    absent_columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Unpublished:
    """A list that was not published, and why."""

    title: str
    reason: str


@dataclass(frozen=True, slots=True)
class RunReport:
    """Everything that `report.html` shows. `counts` are further counts by label.

    `changes` counts the changes on the lists since the run of the date `since`, which is empty where there was none.
    """

    as_of: date
    source_system: str | None
    flows: tuple[Flow, ...] = ()
    counts: Mapping[str, int] = field(default_factory=dict)
    aging: tuple[AgingRow, ...] = ()
    lists: tuple[ListSummary, ...] = ()
    unpublished: tuple[Unpublished, ...] = ()
    suppressed: tuple[SuppressedRow, ...] = ()
    models: tuple[ModelHealth, ...] = ()
    tables: tuple[TableHealth, ...] = ()
    notices: tuple[str, ...] = ()
    since: str = ""
    changes: tuple[ChangeCount, ...] = ()
    fairness: RunAudit = field(default_factory=RunAudit)


def render_report(report: RunReport) -> bytes:
    """Return `report.html` as UTF-8: one file, no script, no request. The same report gives the same bytes."""
    return render_page(
        "report.html",
        package="payrank.scoring",
        styles=("theme.css", "report.css"),
        report=report,
        banners=[notice for notice in report.notices if "simulated" in notice.lower()],
        notices=[notice for notice in report.notices if "simulated" not in notice.lower()],
        aging=[Bar(row.bucket, row.dollars, show_dollars(row.dollars)) for row in report.aging],
        suppressed=[Bar(row.rule, row.count, show_count(row.count)) for row in _largest_first(report.suppressed)],
        suppressed_rows=_largest_first(report.suppressed),
        unknown=UNKNOWN,
        urgent_days=URGENT_DAYS,
    )


def sort_by_age(balances: Iterable[tuple[int, float]]) -> tuple[AgingRow, ...]:
    """Return the aging table of (age in days, dollars) pairs, every bucket present.

    >>> [(row.bucket, row.accounts, row.dollars) for row in sort_by_age([(3, 10.0), (30, 5.0), (400, 1.0)])][::6]
    [('0-30 days', 2, 15.0), ('Over a year', 1, 1.0)]
    """
    buckets = {name: [0, 0.0] for name, _ in AGING_DAYS} | {OVER_A_YEAR: [0, 0.0]}
    for age_days, dollars in balances:
        bucket = next((name for name, last in AGING_DAYS if age_days <= last), OVER_A_YEAR)
        buckets[bucket][0] += 1
        buckets[bucket][1] += dollars
    return tuple(AgingRow(name, int(accounts), dollars) for name, (accounts, dollars) in buckets.items())


def _largest_first(rows: Iterable[SuppressedRow]) -> list[SuppressedRow]:
    return sorted(rows, key=lambda row: (-row.count, row.rule))

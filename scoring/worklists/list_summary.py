"""The report's summary of one published list: totals and distributions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from payrank.models.html_page import show_count
from payrank.scoring.worklist import DenialLine, Line, Worklist, days_left
from payrank.scoring.worklists.columns import display_text

MAX_BARS = 10
DEADLINE_DAYS = (("Past due", -1), ("0-7 days", 7), ("8-14 days", 14), ("15-30 days", 30))
"""Queues and work days that get a bar of their own; and ranges of days left, each by its last day."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar of a chart: its label, its length, and the number printed next to it."""

    label: str
    value: float
    shown: str


@dataclass(frozen=True, slots=True)
class ListSummary:
    """One published list. Dollars are None where no amount is known.

    `chances` counts its lines by probability, `queues` by queue, `deadlines` by days left, and `work_days` by planned
    work day (empty for a list without work days).
    """

    name: str
    title: str
    listed: int
    at_stake: float | None
    expected: float | None
    over_capacity: int
    urgent: int
    chances: tuple[Bar, ...]
    queues: tuple[Bar, ...] = ()
    deadlines: tuple[Bar, ...] = ()
    work_days: tuple[Bar, ...] = ()


def summarize_list(worklist: Worklist[Line]) -> ListSummary:
    """Summarize a published list for the report."""
    unknown = bool(worklist.lines) and worklist.amounts_unknown == len(worklist.lines)
    return ListSummary(
        name=worklist.name,
        title=worklist.title,
        listed=len(worklist.lines),
        at_stake=None if unknown else worklist.at_stake,
        expected=None if unknown else worklist.expected,
        over_capacity=worklist.over_capacity,
        urgent=worklist.urgent,
        chances=count_by_chance(line.probability for line in worklist.lines),
        queues=count_by_queue(line.queue for line in worklist.lines),
        deadlines=count_by_deadline(worklist),
        work_days=count_by_day(line.work_on for line in worklist.lines if isinstance(line, DenialLine)),
    )


def count_by_queue(queues: Iterable[str]) -> tuple[Bar, ...]:
    """Return one bar per queue, longest first; beyond ten queues, one bar combines the others.

    >>> [(bar.label, bar.value) for bar in count_by_queue(["appeal", "write_off_review", "appeal"])]
    [('Appeal', 2), ('Write-off review', 1)]
    """
    counts = sorted(Counter(queues).items(), key=lambda item: (-item[1], item[0]))
    shown = [(display_text(queue), count) for queue, count in counts[:MAX_BARS]]
    others = counts[MAX_BARS:]
    if others:
        shown.append((f"{len(others):,} other queues", sum(count for _, count in others)))
    return tuple(Bar(label, count, show_count(count)) for label, count in shown)


def count_by_day(days: Iterable[date]) -> tuple[Bar, ...]:
    """Return one bar per day in chronological order; beyond ten days, one bar combines the later ones.

    >>> [(bar.label, bar.value) for bar in count_by_day([date(2026, 11, 23), date(2026, 11, 20)])]
    [('Fri, Nov 20', 1), ('Mon, Nov 23', 1)]
    """
    counts = sorted(Counter(days).items())
    shown = [(f"{day:%a}, {day:%b} {day.day}", count) for day, count in counts[:MAX_BARS]]
    later = sum(count for _, count in counts[MAX_BARS:])
    return tuple(Bar(label, count, show_count(count)) for label, count in [*shown, *([("Later", later)] * bool(later))])


def count_by_deadline(worklist: Worklist[Line]) -> tuple[Bar, ...]:
    """Count the lines by days left: past due, due soon, due later, without a deadline, or with an appeal filed."""
    spans = {
        "Past due": 0,
        "0-7 days": 0,
        "8-14 days": 0,
        "15-30 days": 0,
        "Over 30 days": 0,
        "Appeal filed": 0,
        "None": 0,
    }
    for line in worklist.lines:
        left = days_left(line, worklist.as_of)
        if isinstance(line, DenialLine) and line.filed:
            spans["Appeal filed"] += 1
        elif left is None:
            spans["None"] += 1
        else:
            spans[next((name for name, last in DEADLINE_DAYS if left <= last), "Over 30 days")] += 1
    return tuple(Bar(name, count, show_count(count)) for name, count in spans.items())


def count_by_chance(probabilities: Iterable[float]) -> tuple[Bar, ...]:
    """Return ten bars: how many probabilities lie in each tenth, 100% in the last.

    >>> [bar.value for bar in count_by_chance([0.05, 0.99, 1.0])]
    [1, 0, 0, 0, 0, 0, 0, 0, 0, 2]
    """
    counts = [0] * 10
    for probability in probabilities:
        counts[min(int(probability * 10), 9)] += 1
    return tuple(Bar(f"{10 * at} to {10 * at + 10}%", count, show_count(count)) for at, count in enumerate(counts))

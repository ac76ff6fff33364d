"""What the report says of one published list: totals, and how its lines are spread."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from payrank.models.html_page import show_count
from payrank.scoring.worklist import DenialLine, Line, Worklist, days_left
from payrank.scoring.worklists.columns import in_words

MOST_BARS = 10
DEADLINE_DAYS = (("Past", -1), ("0-7 days", 7), ("8-14 days", 14), ("15-30 days", 30))
"""Queues, and days of work, that are drawn one by one; spans of days left, by their last day."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar of a chart: what it stands for, how long it is, and the figure written beside it."""

    label: str
    value: float
    shown: str


@dataclass(frozen=True, slots=True)
class ListSummary:
    """One published list: dollars are None where no amount is known.

    `chances` counts its lines by probability, `queues` by queue, `deadlines` by the days left, and `work_days` by the
    day on which to work them (empty where the list has no such days).
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
    """Return what the report says about a published list."""
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
    """Return a bar a queue, the longest first; of many queues the ten longest and one bar for the others.

    >>> [(bar.label, bar.value) for bar in count_by_queue(["appeal", "write_off_review", "appeal"])]
    [('Appeal', 2), ('Write off review', 1)]
    """
    counts = sorted(Counter(queues).items(), key=lambda item: (-item[1], item[0]))
    shown = [(in_words(queue), count) for queue, count in counts[:MOST_BARS]]
    others = counts[MOST_BARS:]
    if others:
        shown.append((f"{len(others):,} other queues", sum(count for _, count in others)))
    return tuple(Bar(label, count, show_count(count)) for label, count in shown)


def count_by_day(days: Iterable[date]) -> tuple[Bar, ...]:
    """Return a bar a day in the order of time; beyond ten days one bar for all that come later.

    >>> [(bar.label, bar.value) for bar in count_by_day([date(2026, 11, 23), date(2026, 11, 20)])]
    [('Fri, Nov 20', 1), ('Mon, Nov 23', 1)]
    """
    counts = sorted(Counter(days).items())
    shown = [(f"{day:%a}, {day:%b} {day.day}", count) for day, count in counts[:MOST_BARS]]
    later = sum(count for _, count in counts[MOST_BARS:])
    return tuple(Bar(label, count, show_count(count)) for label, count in [*shown, *([("Later", later)] * bool(later))])


def count_by_deadline(worklist: Worklist[Line]) -> tuple[Bar, ...]:
    """Return how many lines are past their deadline, due in so many days, have none, or wait for a filed appeal."""
    spans = {"Past": 0, "0-7 days": 0, "8-14 days": 0, "15-30 days": 0, "Over 30 days": 0, "Appeal filed": 0, "None": 0}
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

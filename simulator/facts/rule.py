"""A rule of the simulated hospital: the segments it must fire in, and the query that counts how often it did."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule, its segments, and a query that returns (segment, count).

    Queries use the views that `fact_views.open_views` creates: the extract's tables, `truth_...`, `fact_...`, and
    `today`.
    """

    name: str
    segments: tuple[str, ...]
    query: str


def combine(first: tuple[str, ...], second: tuple[str, ...]) -> tuple[str, ...]:
    """Return every pair, joined with a space.

    >>> combine(("1", "2"), ("won", "lost"))
    ('1 won', '1 lost', '2 won', '2 lost')
    """
    return tuple(f"{left} {right}" for left in first for right in second)


def count_rows(segment: str, rows: str) -> str:
    """Return a query that counts the rows in each segment."""
    return f"SELECT {segment} AS segment, count(*) FROM {rows} GROUP BY 1"

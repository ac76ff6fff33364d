"""A rule of the simulated hospital: the segments in which it claims to fire, and how to see that it did."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule, the segments in which it claims to fire, and a query of (segment, how often).

    Queries read what `fact_views.open_views` opens: the extract's tables, `truth_...`, `fact_...` and `today`.
    """

    name: str
    segments: tuple[str, ...]
    query: str


def combine(first: tuple[str, ...], second: tuple[str, ...]) -> tuple[str, ...]:
    """Return every pair.

    >>> combine(("1", "2"), ("won", "lost"))
    ('1 won', '1 lost', '2 won', '2 lost')
    """
    return tuple(f"{one} {other}" for one in first for other in second)


def count_rows(segment: str, rows: str) -> str:
    """Return a query of how many rows each segment has."""
    return f"SELECT {segment} AS segment, count(*) FROM {rows} GROUP BY 1"

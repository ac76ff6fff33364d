"""Counts as a person says them."""

from __future__ import annotations


def count_of(count: int, noun: str) -> str:
    """Say a count with its noun.

    >>> count_of(1, "row"), count_of(12000, "row")
    ('1 row', '12,000 rows')
    """
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"

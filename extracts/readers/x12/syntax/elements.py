"""Elements of one segment."""

from __future__ import annotations


def pick(elements: list[str], place: int) -> str:
    """Return an element, or an empty string if the segment is shorter.

    >>> pick(["BPR", "I", "100"], 2), pick(["BPR", "I", "100"], 16)
    ('100', '')
    """
    return elements[place] if place < len(elements) else ""

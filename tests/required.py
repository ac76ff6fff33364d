"""Values that a test requires to be present."""

from __future__ import annotations

from typing import TypeVar

T = TypeVar("T")


def required(value: T | None) -> T:
    """Return the value; the test fails if it is None."""
    assert value is not None
    return value

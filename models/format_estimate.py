"""A figure with its interval, as people read it."""

from __future__ import annotations

from payrank.models.html_page import UNKNOWN
from payrank.models.records.estimate import Estimate


def format_estimate(figure: Estimate | None, form: str = ".3f") -> str:
    """Return a figure with its interval.

    >>> format_estimate(Estimate(value=0.5, low=0.4, high=0.61), ".0%")
    '50% (40% to 61%)'
    >>> format_estimate(None) == UNKNOWN
    True
    """
    if figure is None:
        return UNKNOWN
    value = format(figure.value, form)
    if figure.low is None or figure.high is None:
        return value
    return f"{value} ({format(figure.low, form)} to {format(figure.high, form)})"

"""Format an estimate with its interval."""

from __future__ import annotations

from payrank.models.html_page import UNKNOWN
from payrank.models.records.estimate import Estimate


def format_estimate(estimate: Estimate | None, form: str = ".3f") -> str:
    """Return a value with its interval.

    >>> format_estimate(Estimate(value=0.5, low=0.4, high=0.61), ".0%")
    '50% (40% to 61%)'
    >>> format_estimate(None) == UNKNOWN
    True
    """
    if estimate is None:
        return UNKNOWN
    value = format(estimate.value, form)
    if estimate.low is None or estimate.high is None:
        return value
    return f"{value} ({format(estimate.low, form)} to {format(estimate.high, form)})"

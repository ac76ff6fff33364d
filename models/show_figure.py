"""A figure with its interval, as people read it."""

from __future__ import annotations

from models.figure import Figure
from models.page import UNKNOWN


def show_figure(figure: Figure | None, form: str = ".3f") -> str:
    """Return a figure with its interval.

    >>> show_figure(Figure(value=0.5, low=0.4, high=0.61), ".0%")
    '50% (40% to 61%)'
    >>> show_figure(None) == UNKNOWN
    True
    """
    if figure is None:
        return UNKNOWN
    value = format(figure.value, form)
    if figure.low is None or figure.high is None:
        return value
    return f"{value} ({format(figure.low, form)} to {format(figure.high, form)})"

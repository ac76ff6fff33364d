"""A figure and the interval in which it would lie with other households: rounded, so that it is stable to the byte."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

DIGITS = 5
"""Decimals that are kept: more than any figure deserves, fewer than the order of a sum can change."""


class Figure(BaseModel):
    """A value with the ends of its 95 % interval; None where there are too few households to give one."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    value: float
    low: float | None = None
    high: float | None = None


def make_figure(value: float, ends: tuple[float, float] | None = None) -> Figure:
    """Return a figure, rounded.

    >>> make_figure(0.1234567, (0.1, 0.15))
    Figure(value=0.12346, low=0.1, high=0.15)
    """
    if ends is None:
        return Figure(value=round(value, DIGITS))
    return Figure(value=round(value, DIGITS), low=round(ends[0], DIGITS), high=round(ends[1], DIGITS))

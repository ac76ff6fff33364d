"""A figure and the interval in which it would lie with other households: rounded, so that it is stable to the byte."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

DIGITS = 5
"""Decimals that are kept: more than any figure deserves, fewer than the order of a sum can change."""


class Estimate(BaseModel):
    """A value with the ends of its 95 % interval; None where there are too few households to give one."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    value: float
    low: float | None = None
    high: float | None = None


def make_estimate(value: float, ends: tuple[float, float] | None = None) -> Estimate:
    """Return a figure, rounded.

    >>> make_estimate(0.1234567, (0.1, 0.15))
    Estimate(value=0.12346, low=0.1, high=0.15)
    """
    if ends is None:
        return Estimate(value=round(value, DIGITS))
    return Estimate(value=round(value, DIGITS), low=round(ends[0], DIGITS), high=round(ends[1], DIGITS))

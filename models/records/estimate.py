"""A metric and its 95% confidence interval, rounded so that the written bytes are stable."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

DIGITS = 5
"""Decimals that a record keeps: more than any metric deserves, fewer than the summation order can change."""


class Estimate(BaseModel):
    """A value with the ends of its 95% interval; None where there are too few households to give one."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    value: float
    low: float | None = None
    high: float | None = None


def make_estimate(value: float, interval: tuple[float, float] | None = None) -> Estimate:
    """Return an estimate with its value and the ends of its interval rounded.

    >>> make_estimate(0.1234567, (0.1, 0.15))
    Estimate(value=0.12346, low=0.1, high=0.15)
    """
    if interval is None:
        return Estimate(value=round(value, DIGITS))
    return Estimate(value=round(value, DIGITS), low=round(interval[0], DIGITS), high=round(interval[1], DIGITS))


def estimate_share(count: int, people: int) -> Estimate:
    """Return `count / people` with its 95% Wilson interval (Wilson 1927), which also holds for shares near 0 and 1.

    >>> estimate_share(0, 20)
    Estimate(value=0.0, low=0.0, high=0.16113)
    """
    from scipy.stats import binomtest  # noqa: PLC0415 - takes half a second to import

    interval = binomtest(count, people).proportion_ci(method="wilson")
    return make_estimate(count / people, (float(interval.low), float(interval.high)))

"""Seasonal effects on payments: deductible resets in January and tax refunds from February to April."""

from __future__ import annotations

import numpy as np

from payrank.features.arrays import Floats
from payrank.simulator.randomness import Integers

MONTH_LOG_ODDS = np.array([-0.10, 0.30, 0.40, 0.22, 0.0, 0.0, -0.05, -0.08, 0.0, 0.0, -0.08, -0.25])
"""Log-odds of a payment by month. Tax refunds raise February to April, and the holidays lower December."""


def calendar_month(days: Integers) -> Integers:
    """Return the month (1 to 12) of each day number.

    >>> calendar_month(np.array([0, 31])).tolist()
    [1, 2]
    """
    return np.asarray(days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64) % 12 + 1)


def seasonal_log_odds(days: Integers, ability: Floats) -> Floats:
    """Return the seasonal log-odds of a payment. A refund matters most to patients with the least ability to pay."""
    return np.asarray(MONTH_LOG_ODDS[calendar_month(days) - 1] * np.clip(1.0 - 0.4 * ability, 0.3, 2.0))

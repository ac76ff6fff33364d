"""When the outcome happens, given that it does: consistent probabilities for shorter and longer horizons.

The probability within the longest horizon is the main model's. The probability within a shorter horizon is that times
the probability that the outcome, given that it happens, happens by then. A longer horizon therefore never has the lower
probability.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict

from payrank.features.arrays import Floats

if TYPE_CHECKING:
    import lightgbm


class Timing(BaseModel):
    """How the time until the outcome, given that it happens, is predicted.

    `days` are the ends of the spans, in days from the snapshot and exclusive: (30, 60) means days 0-29 and 30-59.
    `shares` are the shares of the outcomes in each span; they sum to 1. With `later`, the last share is of outcomes
    after the last day, which exist when the target has no horizon. `model`: LightGBM in timing.txt. `mean`: the shares
    apply to every row, because there were too few outcomes. `none`: the days are unknown, and `days` and `shares` are
    empty. Spans with outcomes of fewer than 11 households are merged. `n_estimators` is the number of boosting rounds
    of the model, with one tree per span each.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    method: Literal["model", "mean", "none"]
    days: tuple[int, ...] = ()
    shares: tuple[float, ...] = ()
    later: bool = False
    outcomes: int = 0
    n_estimators: int = 0


def probability_by_day(timing: Timing, booster: lightgbm.Booster | None, matrix: Floats, *, threads: int = 0) -> Floats:
    """Return the probability that the outcome, given that it happens, happens by the end of each span.

    Returns
    -------
    ndarray
        Rows x spans of `timing.days`, 0 to 1; non-decreasing along a row, and 1 at the end unless `timing.later`.

    >>> timing = Timing(method="mean", days=(30, 60), shares=(0.75, 0.25), outcomes=40)
    >>> probability_by_day(timing, None, np.zeros((1, 3))).tolist()
    [[0.75, 1.0]]
    """
    spans = len(timing.days)
    if booster is None or not len(matrix):
        shares = np.tile(np.array(timing.shares, dtype=np.float64), (len(matrix), 1))
    else:
        shares = np.asarray(booster.predict(matrix, num_threads=threads), dtype=np.float64)
    probability: Floats = np.clip(np.cumsum(shares, axis=1)[:, :spans], 0.0, 1.0)
    if spans and not timing.later:
        probability[:, -1] = 1.0  # not 1 - 1e-16: the longest horizon has exactly the main model's probability
    return probability


def horizon_column(days: int) -> str:
    """Return the column name of the probability within a number of days.

    >>> horizon_column(30)
    'probability_30'
    """
    return f"probability_{days}"

"""When the outcome comes, given that it comes: one family of probabilities over shorter and longer horizons.

The probability within the longest horizon is the main model's; within a shorter one it is that times the chance that an
outcome which happens has happened by then. So a longer horizon never has the lower probability.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

if TYPE_CHECKING:
    import lightgbm

Floats = NDArray[np.float64]


class Timing(BaseModel):
    """How it is known when the outcome comes, given that it does.

    `days` are the ends of the spans, in days from the snapshot, each end not included: (30, 60) is days 0-29 and 30-59.
    `shares` are the shares of the outcomes in each span; they sum to 1. With `later` the last share is of outcomes
    after the last day: a target without a horizon has such. `model`: LightGBM in timing.txt; `mean`: the shares stand
    for every row, for want of outcomes; `none`: the days are not known, and `days` and `shares` are empty. Spans with
    outcomes of fewer than 11 households are merged. `n_estimators` is the number of boosting
    rounds; each round grows one tree per span.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    method: Literal["model", "mean", "none"]
    days: tuple[int, ...] = ()
    shares: tuple[float, ...] = ()
    later: bool = False
    outcomes: int = 0
    n_estimators: int = 0


def chance_by_day(timing: Timing, booster: lightgbm.Booster | None, matrix: Floats, *, threads: int = 0) -> Floats:
    """Return the chance that an outcome which happens has happened by the end of each span.

    Returns
    -------
    ndarray
        Rows x spans of `timing.days`, 0 to 1; never falls along a row, and ends at 1 unless some outcomes come later.

    >>> timing = Timing(method="mean", days=(30, 60), shares=(0.75, 0.25), outcomes=40)
    >>> chance_by_day(timing, None, np.zeros((1, 3))).tolist()
    [[0.75, 1.0]]
    """
    spans = len(timing.days)
    if booster is None or not len(matrix):
        shares = np.tile(np.array(timing.shares, dtype=np.float64), (len(matrix), 1))
    else:
        shares = np.asarray(booster.predict(matrix, num_threads=threads), dtype=np.float64)
    chance: Floats = np.clip(np.cumsum(shares, axis=1)[:, :spans], 0.0, 1.0)
    if spans and not timing.later:
        chance[:, -1] = 1.0  # not 1 - 1e-16: the longest horizon's probability is the main model's
    return chance


def horizon_column(days: int) -> str:
    """Return the name of the column of the probability within some days.

    >>> horizon_column(30)
    'probability_30'
    """
    return f"probability_{days}"

"""The figures of each horizon's probabilities, on the rows that the last period judges."""

from __future__ import annotations

import numpy as np
import pandas as pd

from payrank.models.records.horizons import HorizonMetrics
from payrank.training.backtest.backtest import Backtest
from payrank.training.evaluate.metrics import discrimination, probability_figures
from payrank.training.fit.rows import numbers

DIGITS = 5


def measure_horizons(data: pd.DataFrame, found: Backtest) -> tuple[HorizonMetrics, ...]:
    """Return the figures of each horizon whose probabilities are known; nothing where the days are not.

    Parameters
    ----------
    data
        The training frame's rows, with `days_to_outcome` (days, NaN without the outcome).
    found
        Out-of-time scores; the rows judged in its last period are looked at.
    """
    here = found.holdout & (found.period == found.period[-1])
    if "days_to_outcome" not in data.columns or not here.any():
        return ()
    after = numbers(data["days_to_outcome"])[found.rows[here]]
    figures = []
    for place, days in enumerate(found.days):
        chance = found.by_day[here, place]
        if np.isnan(chance).any():
            continue
        label = (after < days).astype(np.float64)
        probability = found.probability[here] * chance
        figures.append(
            HorizonMetrics(
                days=days,
                rows=len(label),
                base_rate=round(float(label.mean()), DIGITS),
                auc=_rounded(discrimination(label, probability).get("auc")),
                **{name: round(value, DIGITS) for name, value in probability_figures(label, probability).items()},
            )
        )
    return tuple(figures)


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, DIGITS)

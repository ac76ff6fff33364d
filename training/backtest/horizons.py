"""Metrics of each shorter horizon's probabilities, on the holdout rows of the last period."""

from __future__ import annotations

import numpy as np
import pandas as pd

from payrank.models.records.horizons import HorizonMetrics
from payrank.training.backtest.backtest import Backtest
from payrank.training.evaluate.metrics import measure_discrimination, measure_probabilities
from payrank.training.fit.rows import numbers

DIGITS = 5


def measure_horizons(data: pd.DataFrame, backtest: Backtest) -> tuple[HorizonMetrics, ...]:
    """Return the metrics of each horizon with known probabilities; nothing if the days to the outcome are unknown.

    Parameters
    ----------
    data
        Rows of the training frame, with `days_to_outcome` (days; NaN without the outcome).
    backtest
        The backtest; the holdout rows of its last period are measured.
    """
    here = backtest.holdout & (backtest.period == backtest.period[-1])
    if "days_to_outcome" not in data.columns or not here.any():
        return ()
    days_to_outcome = numbers(data["days_to_outcome"])[backtest.rows[here]]
    horizons = []
    for place, days in enumerate(backtest.timing_days):
        timing = backtest.timing[here, place]
        if np.isnan(timing).any():
            continue
        label = (days_to_outcome < days).astype(np.float64)
        probability = backtest.probability[here] * timing
        auc = measure_discrimination(label, probability).get("auc")
        metrics = measure_probabilities(label, probability)
        horizons.append(
            HorizonMetrics(
                days=days,
                rows=len(label),
                base_rate=round(float(label.mean()), DIGITS),
                auc=None if auc is None else round(auc, DIGITS),
                **{name: round(value, DIGITS) for name, value in metrics.items()},
            )
        )
    return tuple(horizons)

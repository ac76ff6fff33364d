"""The whole evaluation of a training, on the rows that it judged."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import numpy as np

from payrank.models.records.evaluation import (
    Alarm,
    Baseline,
    CumulativeGains,
    Evaluation,
    Holdout,
    Importance,
    SliceMetrics,
    Stability,
)
from payrank.models.records.fairness import NO_ATTRIBUTES, Fairness
from payrank.training.baselines.baselines import meaning_of
from payrank.training.evaluate.forecast_metrics import Measured
from payrank.training.evaluate.holdout import HoldoutRows
from payrank.training.evaluate.metrics import Forecast

MODEL = "payrank"
"""The model's own name beside its baselines."""
WORKED = np.linspace(0, 1, 21)
"""Shares of the list at which gains are given."""


def evaluate_forecasts(
    holdout: HoldoutRows,
    model: Forecast,
    baselines: Mapping[str, Forecast],
    *,
    slices: tuple[SliceMetrics, ...] = (),
    importance: tuple[Importance, ...] = (),
    sample: int = 0,
    stability: tuple[Stability, ...] = (),
    alarms: tuple[Alarm, ...] = (),
    fairness: Fairness | None = None,
) -> Evaluation:
    """Return the evaluation of a model beside baselines, on the same rows and in the same resamples.

    What was found elsewhere (slices, importance, stability, alarms, fairness) is taken into the record.
    """
    forecasts = {MODEL: model, **baselines}
    measured = Measured(holdout, forecasts)
    days = holdout.data["as_of"]
    first, last = days.min(), days.max()
    return Evaluation(
        holdout=Holdout(
            rows=len(holdout),
            households=holdout.people,
            events=int(holdout.label.sum()),
            first=date(first.year, first.month, first.day),
            last=date(last.year, last.month, last.day),
            gain_unit="dollars" if holdout.dollars else "outcomes",
            total=round(float(holdout.gain.sum())),
            capacity=holdout.capacity,
            resamples=holdout.households.resamples,
            seed=holdout.households.seed,
        ),
        metrics=measured.figures(MODEL),
        baselines=tuple(
            Baseline(
                name=name,
                meaning=meaning_of(name),
                metrics=measured.figures(name),
                advantage=measured.ahead(MODEL, name),
            )
            for name in sorted(baselines)
        ),
        calibration=measured.bins(MODEL),
        worked_shares=tuple(float(share) for share in WORKED.round(2)),
        cumulative_gains=tuple(
            CumulativeGains(name=name, captured=measured.gains(name, WORKED))
            for name in sorted(forecasts)
            if holdout.gain.sum() > 0
        ),
        slices=slices,
        importance=importance,
        sample_rows=sample,
        stability=stability,
        alarms=alarms,
        fairness=fairness or Fairness(not_checked=NO_ATTRIBUTES),
    )

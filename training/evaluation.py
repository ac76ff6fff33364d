"""Evaluates a training run: the model and every baseline on the same holdout rows, and checks of the result."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from payrank.features.arrays import Floats
from payrank.models.matrix import encode, learn_columns
from payrank.models.records.estimate import Estimate
from payrank.models.records.evaluation import Baseline, CumulativeGains, Evaluation, Holdout, Importance
from payrank.models.records.fairness import NO_ATTRIBUTES, Fairness
from payrank.training.backtest.backtest import Backtest
from payrank.training.baselines.baselines import describe_baseline
from payrank.training.evaluate.holdout import Forecast, HoldoutRows, amounts_known, make_holdout
from payrank.training.evaluate.metrics import ForecastMetrics
from payrank.training.evaluate.stability import compare_periods
from payrank.training.fit.boosters import member_weights
from payrank.training.probes.alarms import raise_alarms
from payrank.training.probes.importance import MAX_EXPLAINED, measure_importance
from payrank.training.slices.fairness import audit_fairness
from payrank.training.slices.slices import measure_slices
from payrank.training.training_job import TrainingJob

MODEL = "payrank"
"""The model's name among its baselines."""
WORKED_SHARES = np.linspace(0, 1, 21)
"""Shares of the list at which cumulative gains are given."""


def evaluate_model(job: TrainingJob, backtest: Backtest) -> Evaluation:
    """Return the full evaluation of the holdout periods.

    In addition to the metrics it has slices, feature importance, stability over the periods, alarms, and fairness.
    """
    holdout = holdout_of(job, backtest)
    model = model_forecast(holdout, backtest)
    evaluation = evaluate_forecasts(holdout, model, backtest.baselines)
    importance = _explain_last_period(job, backtest)
    auc = evaluation.metrics.get("auc")
    last_period = int(backtest.period.max())
    last_rows = backtest.rows[backtest.period == last_period]
    return evaluation.model_copy(
        update={
            "slices": measure_slices(holdout, model, backtest.baselines),
            "importance": importance,
            "sample_rows": min(MAX_EXPLAINED, len(last_rows)),
            "stability": compare_periods(holdout, model, backtest.feature_gains),
            "alarms": raise_alarms(
                auc.value if auc else None,
                job.frame,
                job.design.splits[last_period].fitted,
                last_rows,
                [entry.feature for entry in importance],
            ),
            "fairness": audit_fairness(holdout, model, job.audit, job.frame.target.label_lag_days),
        }
    )


def evaluate_final_test(job: TrainingJob, final_test: Backtest) -> Evaluation:
    """Return the metrics of the final test, for the model and every baseline."""
    holdout = holdout_of(job, final_test)
    return evaluate_forecasts(holdout, model_forecast(holdout, final_test), final_test.baselines)


def evaluate_forecasts(holdout: HoldoutRows, model: Forecast, baselines: Mapping[str, Forecast]) -> Evaluation:
    """Return the metrics of a model and its baselines, on the same rows and from the same resamples."""
    forecasts = {MODEL: model, **baselines}
    measured = ForecastMetrics(holdout, forecasts)
    return Evaluation(
        holdout=describe_holdout(holdout),
        metrics=measured.metrics(MODEL),
        baselines=tuple(
            Baseline(
                name=name,
                meaning=describe_baseline(name),
                metrics=measured.metrics(name),
                advantage=measured.advantage(MODEL, name),
            )
            for name in sorted(baselines)
        ),
        calibration=measured.deciles(MODEL),
        worked_shares=tuple(float(share) for share in WORKED_SHARES.round(2)),
        cumulative_gains=tuple(
            CumulativeGains(name=name, captured=measured.cumulative_gains(name, WORKED_SHARES))
            for name in sorted(forecasts)
            if holdout.gain.sum() > 0
        ),
        fairness=Fairness(not_checked=NO_ATTRIBUTES),
    )


def describe_holdout(holdout: HoldoutRows) -> Holdout:
    """Return the record of the rows that an evaluation is based on."""
    days = holdout.data["as_of"].dt.date
    return Holdout(
        rows=len(holdout),
        households=holdout.household_count,
        events=int(holdout.label.sum()),
        first=days.min(),
        last=days.max(),
        gain_unit="dollars" if holdout.in_dollars else "outcomes",
        total=round(float(holdout.gain.sum())),
        capacity=holdout.capacity,
        resamples=holdout.households.resamples,
        seed=holdout.households.seed,
    )


def holdout_of(job: TrainingJob, backtest: Backtest) -> HoldoutRows:
    """Return the holdout rows of a backtest."""
    rows = job.data.iloc[backtest.rows[backtest.holdout]]
    return make_holdout(rows, backtest.period[backtest.holdout], job.settings.capacity)


def model_forecast(holdout: HoldoutRows, backtest: Backtest) -> Forecast:
    """Return what the model predicted for the holdout rows."""
    raw, probability = backtest.raw[backtest.holdout], backtest.probability[backtest.holdout]
    return Forecast(raw, probability, expected_worth(holdout.data, backtest))


def expected_worth(rows: pd.DataFrame, backtest: Backtest) -> Floats:
    """Return the expected dollars of each holdout row, or its probability if amounts are unknown."""
    probability = backtest.probability[backtest.holdout]
    if not amounts_known(rows):
        return probability
    amount = rows["amount"].to_numpy(dtype=np.float64, na_value=np.nan)
    worth: Floats = probability * backtest.share[backtest.holdout] * np.nan_to_num(amount)
    return worth


def metrics_without_intervals(evaluation: Evaluation) -> dict[str, float]:
    """Return the model's metrics by name, without intervals, for MLflow and short tables."""
    return _without_intervals(evaluation.metrics, evaluation)


def baselines_without_intervals(evaluation: Evaluation) -> dict[str, dict[str, float]]:
    """Return the metrics of each baseline, without intervals."""
    return {baseline.name: _without_intervals(baseline.metrics, evaluation) for baseline in evaluation.baselines}


def _without_intervals(metrics: Mapping[str, Estimate], evaluation: Evaluation) -> dict[str, float]:
    captured = f"{evaluation.holdout.gain_unit}_captured"
    return {captured if name == "captured" else name: estimate.value for name, estimate in metrics.items()}


def _explain_last_period(job: TrainingJob, backtest: Backtest) -> tuple[Importance, ...]:
    """Return the importance of each feature in the last period's boosters, on the rows that they predicted."""
    here = backtest.period == backtest.period.max()
    fitted = job.data.iloc[job.design.splits[int(backtest.period.max())].fitted]
    columns = learn_columns(fitted, job.frame.features, native=job.native_categories)
    return measure_importance(
        backtest.last_boosters,
        member_weights(job.settings),
        [column.name for column in columns],
        encode(job.data.iloc[backtest.rows[here]], columns),
        backtest.label[here],
        job.settings.threads,
    )

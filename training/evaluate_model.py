"""The figures of a training: the model and each baseline on the same judged rows, and what to be told of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from payrank.features.arrays import Floats
from payrank.features.frame import Frame
from payrank.models.audit import AuditFacts
from payrank.models.calibration.adjusted import AdjustedCalibration
from payrank.models.calibration.methods import Platt
from payrank.models.matrix import encode, learn_columns
from payrank.models.records.estimate import Estimate
from payrank.models.records.evaluation import Evaluation, Importance
from payrank.training.backtest.backtest import Backtest
from payrank.training.calibrate.recalibrate import Recalibrated
from payrank.training.design.temporal import Design
from payrank.training.evaluate.holdout import HoldoutRows, holdout_rows
from payrank.training.evaluate.metrics import Forecast, amounts_known, gains
from payrank.training.evaluate.stability import compare_periods
from payrank.training.evaluation import evaluate_forecasts
from payrank.training.fit.boosters import member_weights
from payrank.training.probes.alarms import raise_alarms
from payrank.training.probes.importance import MOST_EXPLAINED, measure_importance
from payrank.training.settings import TrainingSettings
from payrank.training.slices.fairness import audit_fairness
from payrank.training.slices.slices import measure_slices


def measure(data: pd.DataFrame, found: Backtest, settings: TrainingSettings) -> Evaluation:
    """Return the figures of the model and of each baseline on the same judged rows of a training frame."""
    holdout = judge(data, found, settings)
    return evaluate_forecasts(holdout, forecast_of(holdout, found), found.baselines)


def examine(
    frame: Frame, design: Design, found: Backtest, settings: TrainingSettings, audit: AuditFacts | None = None
) -> Evaluation:
    """Return the figures with all that is asked about them: slices, importance, stability, alarms and fairness.

    Parameters
    ----------
    frame, design
        What was trained on, and how it was laid out in time.
    found
        What models of earlier time said of later rows.
    audit
        What the fairness audit knows of people; None says in the evaluation that it was not checked.
    """
    holdout = judge(frame.data, found, settings)
    model = forecast_of(holdout, found)
    evaluation = evaluate_forecasts(holdout, model, found.baselines)
    importance = explain_last(frame, design, found, settings)
    auc = evaluation.metrics.get("auc")
    last = found.rows[found.period == found.period.max()]
    earlier = design.splits[int(found.period.max())].fitted
    suspects = [one.feature for one in importance]
    return evaluation.model_copy(
        update={
            "slices": measure_slices(holdout, model, found.baselines),
            "importance": importance,
            "sample_rows": min(MOST_EXPLAINED, len(last)),
            "stability": compare_periods(holdout, model, found.gains),
            "alarms": raise_alarms(auc.value if auc else None, frame, earlier, last, suspects),
            "fairness": audit_fairness(holdout, model, audit, frame.target.label_lag_days),
        }
    )


def judge(data: pd.DataFrame, found: Backtest, settings: TrainingSettings) -> HoldoutRows:
    """Return the rows that count, ready to be judged."""
    return holdout_rows(data.iloc[found.rows[found.holdout]], found.period[found.holdout], settings.capacity)


def forecast_of(holdout: HoldoutRows, found: Backtest) -> Forecast:
    """Return what the model said of the rows that count."""
    return Forecast(found.raw[found.holdout], found.probability[found.holdout], expected_worth(holdout.data, found))


def explain_last(frame: Frame, design: Design, found: Backtest, settings: TrainingSettings) -> tuple[Importance, ...]:
    """Return what each feature does for the boosters of the last period, on the rows that they predicted."""
    last = found.period == found.period.max()
    fitted = frame.data.iloc[design.splits[int(found.period.max())].fitted]
    columns = learn_columns(fitted, frame.features, native=settings.categories == "native")
    return measure_importance(
        found.last,
        member_weights(settings),
        [column.name for column in columns],
        encode(frame.data.iloc[found.rows[last]], columns),
        found.label[last],
        settings.threads,
    )


def plain_metrics(evaluation: Evaluation) -> dict[str, float]:
    """Return the model's figures without intervals, by name, as MLflow and short tables take them."""
    return _plain(evaluation.metrics, evaluation)


def plain_baselines(evaluation: Evaluation) -> dict[str, dict[str, float]]:
    """Return each baseline's figures without intervals."""
    return {one.name: _plain(one.metrics, evaluation) for one in evaluation.baselines}


def _plain(figures: Mapping[str, Estimate], evaluation: Evaluation) -> dict[str, float]:
    captured = f"{evaluation.holdout.gain_unit}_captured"
    return {captured if name == "captured" else name: figure.value for name, figure in figures.items()}


def expected_worth(rows: pd.DataFrame, found: Backtest) -> Floats:
    """Return what each judged row is expected to bring: dollars, or its probability where amounts are unknown."""
    probability = found.probability[found.holdout]
    if not amounts_known(rows):
        return probability
    amount = rows["amount"].to_numpy(dtype=np.float64, na_value=np.nan)
    worth: Floats = probability * found.share[found.holdout] * np.nan_to_num(amount)
    return worth


def judged_for_selection(
    data: pd.DataFrame, found: Backtest, weights: Floats
) -> tuple[Floats, Floats, Floats, Floats, Floats]:
    """Return outcome, probability, expected worth, gain and weight of the judged rows."""
    rows = found.rows[found.holdout]
    chosen = data.iloc[rows]
    return (
        found.label[found.holdout],
        found.probability[found.holdout],
        expected_worth(chosen, found),
        gains(chosen),
        weights[rows],
    )


def collect_notices(evaluation: Evaluation, learned: Recalibrated, unavailable: Sequence[str]) -> tuple[str, ...]:
    """Return what a reader of the figures should be told."""
    said = []
    said += [f"alarm: {alarm.text}" for alarm in evaluation.alarms]
    auc = evaluation.metrics["auc"].value if "auc" in evaluation.metrics else 0.0
    for one in evaluation.baselines:
        if "auc" in one.metrics and one.metrics["auc"].value > auc:
            said.append(f"{one.meaning} ranks better: AUC {one.metrics['auc'].value:.3f} against {auc:.3f}")
        if one.advantage is not None and one.advantage.high is not None and one.advantage.high < 0:
            unit = evaluation.holdout.gain_unit
            said.append(f"{one.meaning} captures more {unit} at capacity: {-one.advantage.value:.1%} of all more")
    base = learned.served.base if isinstance(learned.served, AdjustedCalibration) else learned.served
    if isinstance(base, Platt) and base.slope == 0:
        said.append("raw scores did not rank later rows at all: every probability is the base rate")
    if learned.record.shift is not None and learned.record.shift.is_significant:
        said.append(learned.record.shift.describe())
    if unavailable:
        said.append(f"{len(unavailable)} features are null for want of tables: {', '.join(unavailable)}")
    return tuple(said)

"""Backtest: a model of what was known before each period predicts that period.

The backtest provides the metrics, the number of trees (from the first period), and the calibration. So calibration is
always learned on rows that are later than the fit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from payrank.features.arrays import Floats
from payrank.models.calibration.adjusted import CalibrationMap, apply_map
from payrank.models.calibration.methods import Uncalibrated
from payrank.models.matrix import encode, learn_columns
from payrank.models.predict import average_raw_scores
from payrank.training.baselines.baselines import choose_category, forecast_baselines
from payrank.training.calibrate.recalibrate import LaterRows, later_rows, recalibrate
from payrank.training.design.temporal import Days, Positions, Split
from payrank.training.evaluate.holdout import Forecast
from payrank.training.fit.boosters import (
    FitRows,
    FittedBooster,
    fit_likelihood,
    mean_n_estimators,
    member_weights,
    open_text,
)
from payrank.training.fit.rows import class_weights, numbers, rows_to_fit
from payrank.training.fit.share import fit_share_model, predict_share
from payrank.training.fit.timing import fit_timing_model, job_spans, predict_timing
from payrank.training.settings import TrainingSettings
from payrank.training.training_job import TrainingJob


@dataclass(frozen=True, slots=True)
class Backtest:
    """Predictions of later rows by models of earlier time, in the order of the periods.

    `rows` are positions in the frame and `period` is the number of each row's period (0: tuning). `holdout` marks the
    rows that the metrics are computed on. `raw` are log-odds. `probability` is calibrated by a map of the periods
    before the row's own (period 0 by itself). `share` is the share of the amount (0 to 1) given the outcome, NaN in the
    tuning period. `baselines` forecast the holdout rows. `n_estimators` is each member's number of trees, and
    `last_boosters` are the boosters of the last period.

    `timing` is the chance that an outcome that happens does so by the end of each span of `timing_days`, rows x spans;
    NaN before the last period and where it is unknown. `feature_gains` are each feature's gains in the boosters of each
    period after tuning, in the catalog's order.
    """

    rows: Positions
    period: NDArray[np.intp]
    holdout: NDArray[np.bool_]
    label: Floats
    raw: Floats
    probability: Floats
    share: Floats
    baselines: Mapping[str, Forecast]
    n_estimators: Mapping[str, int]
    last_boosters: tuple[FittedBooster, ...]
    timing_days: tuple[int, ...]
    timing: Floats
    feature_gains: tuple[Floats, ...]


@dataclass(frozen=True, slots=True)
class Backtests:
    """The backtest of the tuning and holdout periods, and that of the final test (None if the history is too short).

    The holdout rows of the final test belong to households that its fit never saw. The other rows of that period are
    only used to calibrate the served model.
    """

    validation: Backtest
    final_test: Backtest | None

    @property
    def latest(self) -> Backtest:
        """The final test, or the holdout periods if there is none."""
        return self.validation if self.final_test is None else self.final_test

    @property
    def raw(self) -> Floats:
        """Raw scores (log-odds) of all periods, in time order."""
        return np.concatenate([part.raw for part in self._parts])

    @property
    def rows(self) -> Positions:
        """Positions of all periods' rows in the frame, in time order."""
        return np.concatenate([part.rows for part in self._parts])

    @property
    def _parts(self) -> tuple[Backtest, ...]:
        return (self.validation,) if self.final_test is None else (self.validation, self.final_test)


@dataclass(frozen=True, slots=True)
class _Period:
    """Predictions of one period; see `Backtest`."""

    raw: Floats
    share: Floats
    timing: Floats
    baselines: Mapping[str, Forecast]
    boosters: tuple[FittedBooster, ...]
    gains: Floats


@dataclass(frozen=True, slots=True)
class _TuningResult:
    """What the tuning period chose for the later ones: the number of trees, and the category of a rate baseline."""

    n_estimators: dict[str, int]
    category: str | None


def run_backtest(job: TrainingJob) -> Backtests:
    """Fit a model before each period of the design and predict the period with it."""
    splits = job.design.splits
    tuned: _TuningResult | None = None
    periods: list[_Period] = []
    for number, split in enumerate(splits):
        period, tuned = _predict_period(job, split, tuned, with_timing=number == len(splits) - 1)
        periods.append(period)
    n_estimators = {} if tuned is None else tuned.n_estimators
    if splits[-1].role != "final":
        return Backtests(_join_periods(job, 0, periods, n_estimators), None)
    validation = _join_periods(job, 0, periods[:-1], n_estimators)
    # The map of the final test may use only labels that were known when it began, of households it does not evaluate.
    usable = job.design.known_on[validation.rows] <= job.design.as_of[splits[-1].predicted].min()
    if job.design.reserved is not None:
        usable &= ~job.design.reserved[validation.rows]
    rows = later_rows(job.data.iloc[validation.rows[usable]], validation.raw[usable], job.settings)
    calibration = _learn_map(rows, job.settings)
    last = len(periods) - 1
    return Backtests(validation, _join_periods(job, last, periods[last:], n_estimators, calibration))


def _predict_period(
    job: TrainingJob, split: Split, tuned: _TuningResult | None, *, with_timing: bool
) -> tuple[_Period, _TuningResult]:
    data, settings, features = job.data, job.settings, job.frame.features
    before, later = data.iloc[split.fitted], data.iloc[split.predicted]
    columns = learn_columns(before, features, native=job.native_categories)
    rows = rows_to_fit(data, columns, split.fitted, settings)
    matrix = encode(later, columns)
    share = np.full(len(later), np.nan)
    baselines: Mapping[str, Forecast] = {}
    if tuned is None:
        boosters = fit_likelihood(rows, settings, None, _early_stopping_rows(rows, later, matrix, settings))
        tuned = _TuningResult(mean_n_estimators(settings, boosters), choose_category(before, later, features))
    else:
        boosters = fit_likelihood(rows, settings, tuned.n_estimators)
        baselines = forecast_baselines(before, data.iloc[split.evaluated], features, tuned.category)
        share_model, share_text = fit_share_model(job, split.fitted, rows)
        share = predict_share(share_model, share_text, matrix, settings.threads)
    timing = _predict_timing(job, split, rows, matrix) if with_timing else np.empty((len(later), 0))
    opened = [open_text(booster.text) for booster in boosters]
    raw = average_raw_scores(opened, member_weights(settings), matrix, threads=settings.threads)
    gains = np.mean([booster.feature_importance("gain") for booster in opened], axis=0)
    return _Period(raw, share, timing, baselines, tuple(boosters), gains), tuned


def _early_stopping_rows(rows: FitRows, later: pd.DataFrame, matrix: Floats, settings: TrainingSettings) -> FitRows:
    """Return the rows of the tuning period, with the class weights of the fit."""
    label = numbers(later["label"])
    other, event = class_weights(rows.outcome, settings)
    return replace(rows, matrix=matrix, outcome=label, weight=np.where(label == 1, event, other))


def _predict_timing(job: TrainingJob, split: Split, rows: FitRows, matrix: Floats) -> Floats:
    """Return rows x spans: the chance that an outcome happens by the end of each span, NaN where it is unknown."""
    spans = job_spans(job)
    model, text = fit_timing_model(job, split.fitted, rows)
    chance = predict_timing(model, text, matrix, job.settings.threads)
    timing = np.full((len(matrix), len(spans.days)), np.nan)
    for place, day in enumerate(model.days):
        timing[:, spans.days.index(day)] = chance[:, place]
    return timing


def _join_periods(
    job: TrainingJob,
    first: int,
    periods: Sequence[_Period],
    n_estimators: Mapping[str, int],
    calibration: CalibrationMap | None = None,
) -> Backtest:
    """Return consecutive periods as one record. Without a calibration, each is calibrated by those before it."""
    splits = job.design.splits[first : first + len(periods)]
    period = np.repeat(np.arange(first, first + len(periods)), [len(split.predicted) for split in splits])
    rows = np.concatenate([split.predicted for split in splits])
    evaluated = np.concatenate([split.evaluated for split in splits if split.role != "tuning"])
    raw = np.concatenate([one_period.raw for one_period in periods])
    days = job_spans(job).days
    timing = np.full((len(rows), len(days)), np.nan)
    if periods[-1].timing.size:
        timing[period == period[-1]] = periods[-1].timing
    if calibration is None:
        probability = _calibrate_forward(job, rows, raw, period)
    else:
        probability = apply_map(calibration, raw, job.data.iloc[rows])
    return Backtest(
        rows=rows,
        period=period,
        holdout=np.isin(rows, evaluated),
        label=numbers(job.data["label"])[rows],
        raw=raw,
        probability=probability,
        share=np.concatenate([one_period.share for one_period in periods]),
        baselines=_join_baselines([one_period.baselines for one_period in periods if one_period.baselines]),
        n_estimators=n_estimators,
        last_boosters=periods[-1].boosters,
        timing_days=days,
        timing=timing,
        feature_gains=tuple(
            one_period.gains for one_period, split in zip(periods, splits, strict=True) if split.role != "tuning"
        ),
    )


def _calibrate_forward(job: TrainingJob, positions: Positions, raw: Floats, period: NDArray[np.intp]) -> Floats:
    """Calibrate each period on earlier periods' rows whose labels were known when it began; the first on itself."""
    data, known_on = job.data.iloc[positions], job.design.known_on[positions]
    rows = later_rows(data, raw, job.settings)
    probability = np.empty_like(raw)
    for number in np.unique(period):
        here = period == number
        usable = (period < number) & _known_by(known_on, rows.day[here].min()) if number else here
        calibration = _learn_map(rows.take(usable), job.settings)
        probability[here] = apply_map(calibration, raw[here], data.iloc[here])
    return probability


def _known_by(known_on: Days, day: np.datetime64) -> NDArray[np.bool_]:
    return np.asarray(known_on <= day)


def _learn_map(rows: LaterRows, settings: TrainingSettings) -> CalibrationMap:
    """Learn a calibration map; with too few outcomes of one kind, raw scores stay uncalibrated."""
    events = int((rows.label == 1).sum())
    if min(events, len(rows.label) - events) < settings.min_outcomes:
        return Uncalibrated()
    return recalibrate(rows, settings).calibration


def _join_baselines(parts: Sequence[Mapping[str, Forecast]]) -> dict[str, Forecast]:
    joined = {}
    for name in parts[0]:
        forecasts = [part[name] for part in parts if name in part]
        if len(forecasts) < len(parts):
            continue  # a ranking that is undefined in some period (without amounts there) cannot be compared
        probabilities = [forecast.probability for forecast in forecasts if forecast.probability is not None]
        joined[name] = Forecast(
            score=np.concatenate([forecast.score for forecast in forecasts]),
            probability=np.concatenate(probabilities) if probabilities else None,
            worth=np.concatenate([forecast.worth for forecast in forecasts]),
        )
    return joined

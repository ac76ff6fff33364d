"""Forecasts of later time: each period predicted by a model of what was known before it.

They give the figures, the number of trees (the first period) and the calibration, which is therefore always learned
on rows later than the fit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from payrank.features.arrays import Floats
from payrank.features.frame import Frame
from payrank.models.calibration.adjusted import CalibrationMap, apply_map
from payrank.models.calibration.methods import Uncalibrated
from payrank.models.matrix import encode, learn_columns
from payrank.models.predict import average_raw_scores
from payrank.training.baselines.baselines import choose_category, forecast_baselines
from payrank.training.calibrate.recalibrate import LaterRows, Recalibrated, later_rows, recalibrate
from payrank.training.design.temporal import Days, Design, Positions, Split
from payrank.training.evaluate.metrics import Forecast
from payrank.training.fit.boosters import Fitted, fit_likelihood, member_rounds, member_weights, open_text
from payrank.training.fit.rows import class_weights, numbers, rows_to_fit
from payrank.training.fit.share import fit_share_of, predict_share
from payrank.training.fit.timing import Spans, fit_timing_of, predict_timing, spans_of
from payrank.training.settings import TrainingSettings


@dataclass(frozen=True, slots=True)
class Backtest:
    """What models of earlier time said of later rows, in order of the periods.

    `rows` are positions in the frame, `period` the number of each row's period (0: tuning), `judged` tells which rows
    count for the figures. `probability` is calibrated by a map of the periods before the row's own (period 0 by its
    own); `share` is the share (0 to 1) given the outcome, NaN in the tuning period. `baselines` forecast the judged
    rows. `n_estimators` is each member's number of trees; `last` are the boosters of the last period. `by_day` is the
    chance that an outcome which happens has happened by the end of each span of `days`, rows x spans, for the rows of
    the last period; NaN elsewhere, and where it is not known. `gains` is what each feature gained the boosters of each
    period that is not tuning, in the catalog's order.
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
    last: tuple[Fitted, ...]
    days: tuple[int, ...]
    by_day: Floats
    gains: tuple[Floats, ...]


@dataclass(frozen=True, slots=True)
class Forecasts:
    """`found` are the tuning and judged periods; `final` is the final test, None where the history is too short.

    In the final test `judged` are the rows whose households its fit never saw; the others of its period are there only
    for the calibration that is served.
    """

    found: Backtest
    final: Backtest | None

    @property
    def latest(self) -> Backtest:
        """The final test, or the judged periods where there is none."""
        return self.found if self.final is None else self.final

    @property
    def raw(self) -> Floats:
        """Raw scores (log-odds) of all periods, in order of time."""
        return np.concatenate([part.raw for part in self._parts])

    @property
    def rows(self) -> Positions:
        """Positions of all periods' rows in the frame, in order of time."""
        return np.concatenate([part.rows for part in self._parts])

    @property
    def _parts(self) -> tuple[Backtest, ...]:
        return (self.found,) if self.final is None else (self.found, self.final)


@dataclass(frozen=True, slots=True)
class _Period:
    """One period's forecast; see `Backtest`."""

    raw: Floats
    share: Floats
    by_day: Floats
    baselines: Mapping[str, Forecast]
    fitted: tuple[Fitted, ...]
    gains: Floats


@dataclass(slots=True)
class _Chosen:
    """What the tuning period chose for those after it."""

    n_estimators: dict[str, int]
    category: str | None


def forecast_out_of_time(frame: Frame, design: Design, settings: TrainingSettings) -> Forecasts:
    """Fit before each period of a training frame and predict it."""
    spans = spans_of(frame.target, settings.timing_days)
    chosen: _Chosen | None = None
    periods: list[_Period] = []
    for number, split in enumerate(design.splits):
        timed = spans if number == len(design.splits) - 1 else None
        period, chosen = _forecast(frame, split, chosen, timed, settings)
        periods.append(period)
    n_estimators = {} if chosen is None else chosen.n_estimators
    days = spans.days
    if design.splits[-1].role != "final":
        return Forecasts(_join(frame.data, design, 0, periods, n_estimators, days, settings, None), None)
    found = _join(frame.data, design, 0, periods[:-1], n_estimators, days, settings, None)
    mine = design.known_on[found.rows] <= design.as_of[design.splits[-1].predicted].min()
    if design.reserved is not None:
        mine &= ~design.reserved[found.rows]
    learned = _learn_ripe(later_rows(frame.data.iloc[found.rows[mine]], found.raw[mine], settings), settings)
    last = len(periods) - 1
    return Forecasts(found, _join(frame.data, design, last, periods[last:], n_estimators, days, settings, learned))


def _forecast(
    frame: Frame, split: Split, chosen: _Chosen | None, spans: Spans | None, settings: TrainingSettings
) -> tuple[_Period, _Chosen]:
    data, features = frame.data, frame.features
    before, later = data.iloc[split.fitted], data.iloc[split.predicted]
    columns = learn_columns(before, features, native=settings.categories == "native")
    rows = rows_to_fit(data, columns, split.fitted, settings)
    seen = encode(later, columns)
    share = np.full(len(later), np.nan)
    baselines: Mapping[str, Forecast] = {}
    if chosen is None:
        label = numbers(later["label"])
        heavy = class_weights(rows.outcome, settings)
        weight = np.where(label == 1, heavy[1], heavy[0])
        fitted = fit_likelihood(rows, settings, None, replace(rows, matrix=seen, outcome=label, weight=weight))
        chosen = _Chosen(member_rounds(settings, fitted), choose_category(before, later, features))
    else:
        fitted = fit_likelihood(rows, settings, chosen.n_estimators)
        baselines = forecast_baselines(before, data.iloc[split.counted], features, chosen.category)
        found, text = fit_share_of(data, split.fitted, rows, settings)
        share = predict_share(found, text, seen, settings.threads)
    by_day = np.full((len(later), 0 if spans is None else len(spans.days)), np.nan)
    if spans is not None:
        timing, timing_text = fit_timing_of(data, split.fitted, rows, spans, settings)
        chance = predict_timing(timing, timing_text, seen, settings.threads)
        for place, day in enumerate(timing.days):
            by_day[:, spans.days.index(day)] = chance[:, place]
    boosters = [open_text(one.text) for one in fitted]
    raw = average_raw_scores(boosters, member_weights(settings), seen, threads=settings.threads)
    gains = np.mean([one.feature_importance("gain") for one in boosters], axis=0)
    return _Period(raw, share, by_day, baselines, tuple(fitted), gains), chosen


def _join(
    data: pd.DataFrame,
    design: Design,
    first: int,
    periods: Sequence[_Period],
    n_estimators: Mapping[str, int],
    days: tuple[int, ...],
    settings: TrainingSettings,
    calibration: CalibrationMap | None,
) -> Backtest:
    """Return consecutive periods as one record; without a calibration each is calibrated by those before it."""
    splits = design.splits[first : first + len(periods)]
    sizes = [len(split.predicted) for split in splits]
    period = np.repeat(np.arange(first, first + len(periods)), sizes)
    rows = np.concatenate([split.predicted for split in splits])
    counted = np.concatenate([split.counted for split in splits if split.role != "tuning"])
    label = numbers(data["label"])[rows]
    raw = np.concatenate([one.raw for one in periods])
    by_day = np.full((len(rows), len(days)), np.nan)
    if periods[-1].by_day.size:
        by_day[period == period[-1]] = periods[-1].by_day
    return Backtest(
        rows=rows,
        period=period,
        holdout=np.isin(rows, counted),
        label=label,
        raw=raw,
        probability=_calibrate_forward(data.iloc[rows], raw, period, design.known_on[rows], settings)
        if calibration is None
        else apply_map(calibration, raw, data.iloc[rows]),
        share=np.concatenate([one.share for one in periods]),
        baselines=_join_baselines([one.baselines for one in periods if one.baselines]),
        n_estimators=n_estimators,
        last=periods[-1].fitted,
        days=days,
        by_day=by_day,
        gains=tuple(one.gains for one, split in zip(periods, splits, strict=True) if split.role != "tuning"),
    )


def learn_served(
    data: pd.DataFrame, forecasts: Forecasts, settings: TrainingSettings, served_raw: Floats | None = None
) -> Recalibrated:
    """Learn the map that is served, on all periods; how it is learned was chosen on those before the final test.

    `served_raw` are the raw scores of `forecasts.rows` by the served fit, where it was fitted on them too.
    """
    found = forecasts.found
    chosen = recalibrate(later_rows(data.iloc[found.rows], found.raw, settings), settings).record
    return recalibrate(later_rows(data.iloc[forecasts.rows], forecasts.raw, settings), settings, chosen, served_raw)


def _calibrate_forward(
    data: pd.DataFrame, raw: Floats, period: NDArray[np.intp], known: Days, settings: TrainingSettings
) -> Floats:
    """Calibrate each period by the rows of those before it whose labels were known as it began; the first by itself."""
    rows = later_rows(data, raw, settings)
    probability = np.empty_like(raw)
    for number in np.unique(period):
        here = period == number
        before = (period < number) & (known <= rows.day[here].min()) if number else here
        probability[here] = apply_map(_learn_ripe(rows.take(before), settings), raw[here], data.iloc[here])
    return probability


def _learn_ripe(rows: LaterRows, settings: TrainingSettings) -> CalibrationMap:
    """Return the map that ripe rows teach; raw scores as they are where the outcomes of a kind are too few."""
    events = int((rows.label == 1).sum())
    if min(events, len(rows.label) - events) < settings.min_outcomes:
        return Uncalibrated()
    return recalibrate(rows, settings).served


def _join_baselines(parts: Sequence[Mapping[str, Forecast]]) -> dict[str, Forecast]:
    joined = {}
    for name in parts[0]:
        forecasts = [part[name] for part in parts if name in part]
        if len(forecasts) < len(parts):
            continue  # a ranking that some period does not know (no amounts there, say) is no baseline for all
        probabilities = [forecast.probability for forecast in forecasts if forecast.probability is not None]
        joined[name] = Forecast(
            score=np.concatenate([forecast.score for forecast in forecasts]),
            probability=np.concatenate(probabilities) if probabilities else None,
            worth=np.concatenate([forecast.worth for forecast in forecasts]),
        )
    return joined

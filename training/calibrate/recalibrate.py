"""Calibrates on later time: chooses the method by cross-fitting, adds offsets by segment, and corrects a shift."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from payrank.extracts.contract.privacy import MIN_PEOPLE
from payrank.features.arrays import Floats
from payrank.models.calibration.adjusted import AdjustedCalibration, CalibrationMap, log_odds
from payrank.models.calibration.methods import Calibration, Uncalibrated, fit_beta, fit_isotonic, fit_platt, sigmoid
from payrank.models.records.estimate import make_estimate
from payrank.models.records.recalibration import BaseRateShift, Recalibration, SegmentOffset
from payrank.training.settings import TrainingSettings

BLOCKS = 5
"""Blocks of time that cross-fitting leaves out in turn."""
METHODS: Mapping[str, tuple[int, Callable[[Floats, Floats], Calibration]]] = {
    "none": (0, lambda *_: Uncalibrated()),
    "platt": (0, fit_platt),
    "beta": (200, fit_beta),
    "isotonic": (1000, fit_isotonic),
}
"""Each method, simplest first, with the outcomes of each kind that it needs: with fewer, a flexible map fits noise."""
MIN_SEGMENT_OUTCOMES = 100
"""Outcomes of each kind that a segment needs for its own offset."""
SEGMENT_PRECISION = 1 / 0.25**2
"""Precision of the normal prior of a segment's offset: most segments differ by less than half a log-odds."""
SIGNIFICANT = 2.0
"""Standard errors, over households, by which segments must reduce the log loss."""
RECENT_DAYS = 90
"""Snapshots within this many days of the latest one are recent."""
MIN_RECENT_OUTCOMES = 50
"""Recent outcomes of each kind below which no shift is estimated."""
SHIFT_PRECISION = 1 / 0.1**2
"""Precision of the normal prior of a shift's offset: a few hundred outcomes move it a little, thousands decide it."""
SMALL_SHIFT = 0.01
"""A smaller gap between predicted and actual rates is ignored."""
DIGITS = 6


@dataclass(frozen=True, slots=True)
class LaterRows:
    """Rows scored by fits of earlier time, in time order.

    `raw` are log-odds, `household` is the number of each row's household, and `segment` is its value of the
    `calibrate_by` feature (None if the frame lacks that feature).
    """

    raw: Floats
    label: Floats
    day: NDArray[np.datetime64]
    household: NDArray[np.intp]
    segment: pd.Series | None

    def take(self, rows: NDArray[np.bool_]) -> LaterRows:
        """Return the rows of a mask."""
        segment = None if self.segment is None else self.segment.iloc[np.flatnonzero(rows)]
        return LaterRows(self.raw[rows], self.label[rows], self.day[rows], self.household[rows], segment)


@dataclass(frozen=True, slots=True)
class Recalibrated:
    """A calibration map, and the record of how it was learned."""

    calibration: CalibrationMap
    record: Recalibration


def later_rows(data: pd.DataFrame, raw: Floats, settings: TrainingSettings) -> LaterRows:
    """Return rows of a training frame with their backtest scores."""
    by = settings.calibrate_by
    return LaterRows(
        raw=raw,
        label=data["label"].to_numpy(dtype=np.float64),
        day=data["as_of"].to_numpy().astype("datetime64[D]"),
        household=pd.factorize(data["household"], use_na_sentinel=False)[0],
        segment=data[by] if by in data.columns else None,
    )


def recalibrate(
    rows: LaterRows,
    settings: TrainingSettings,
    chosen: Recalibration | None = None,
    served_raw: Floats | None = None,
) -> Recalibrated:
    """Learn the map from raw scores to probabilities.

    Parameters
    ----------
    rows
        Rows scored by fits of earlier time.
    chosen
        A record whose method, and use of segments, is kept: what was chosen without the final test. None chooses on
        these rows.
    served_raw
        Raw scores of the same rows by the served fit, without their season
        (`payrank.training.calibrate.season_adjustment`), if that fit has learned from their outcomes. Of a shift, only
        what the served fit has not learned is corrected.
    """
    blocks = np.arange(len(rows.raw)) * BLOCKS // max(len(rows.raw), 1)
    losses: Mapping[str, float] = {}
    if chosen is None:
        method, losses, cross_fitted = _choose_method(rows, blocks, settings)
        reduction, use_segments = _try_segments(rows, blocks, cross_fitted)
    else:
        method, losses = chosen.method, chosen.log_loss_by_method
        reduction, use_segments = chosen.log_loss_reduction, bool(chosen.segments)
    base = METHODS[method][1](rows.raw, rows.label)
    probability = base.apply(rows.raw)
    segments = _fit_segments(rows, probability) if use_segments else ()
    offsets = {segment.name: segment.offset for segment in segments}
    adjusted = AdjustedCalibration(base=base, by=settings.calibrate_by if segments else None, offsets=offsets)
    if segments:
        probability = adjusted.apply(rows.raw, rows.segment)
    served_probability = None if served_raw is None else adjusted.apply(served_raw, rows.segment)
    shift = find_shift(rows, probability, settings, served_probability)
    offset = 0.0 if shift is None else shift.offset
    calibration: CalibrationMap = adjusted.model_copy(update={"shift": offset}) if segments or offset else base
    record = Recalibration(
        method=method,
        log_loss_by_method=losses,
        rows=len(rows.raw),
        events=int(rows.label.sum()),
        segment_feature=adjusted.by,
        log_loss_reduction=reduction,
        segments=segments,
        shift=shift,
    )
    return Recalibrated(calibration, record)


def _choose_method(
    rows: LaterRows, blocks: NDArray[np.intp], settings: TrainingSettings
) -> tuple[str, dict[str, float], Floats]:
    """Return the method with the lowest cross-fitted log loss, the loss of each, and the best one's probabilities."""
    # The blocks are spans of time, not random rows: neighboring snapshots share accounts, and a flexible map that was
    # fitted on the same accounts would look better than it is.
    outcomes = min(float(rows.label.sum()), float(len(rows.label) - rows.label.sum()))
    names = [name for name, (needed, _) in METHODS.items() if outcomes >= needed]
    if settings.calibration != "auto":
        names = [settings.calibration]
    cross_fitted = {}
    for name in names:
        fit = METHODS[name][1]
        probability = np.empty_like(rows.raw)
        for block in np.unique(blocks):
            left_out = blocks == block
            fitted = left_out if left_out.all() else ~left_out
            probability[left_out] = fit(rows.raw[fitted], rows.label[fitted]).apply(rows.raw[left_out])
        cross_fitted[name] = probability
    losses = {
        name: round(float(_log_losses(probability, rows.label).mean()), DIGITS)
        for name, probability in cross_fitted.items()
    }
    best = min(losses, key=lambda name: losses[name])  # of two equal losses, the simpler method comes first
    return best, losses, cross_fitted[best]


def _try_segments(rows: LaterRows, blocks: NDArray[np.intp], probability: Floats) -> tuple[float | None, bool]:
    """Return by how much segment offsets reduce the cross-fitted log loss, and whether that is significant."""
    if rows.segment is None or not _fit_segments(rows, probability):
        return None, False
    adjusted = probability.copy()
    for block in np.unique(blocks):
        left_out = blocks == block
        segments = _fit_segments(rows.take(~left_out), probability[~left_out]) if not left_out.all() else ()
        offset_by_segment = {segment.name: segment.offset for segment in segments}
        offsets = rows.segment[left_out].map(offset_by_segment).to_numpy(np.float64, na_value=0.0)
        adjusted[left_out] = sigmoid(log_odds(probability[left_out]) + offsets)
    fall = _log_losses(probability, rows.label) - _log_losses(adjusted, rows.label)
    reduction = float(fall.mean())
    return round(reduction, DIGITS), reduction > SIGNIFICANT * _standard_error(fall, rows.household)


def _fit_segments(rows: LaterRows, probability: Floats) -> tuple[SegmentOffset, ...]:
    """Return the offsets of the segments that have enough outcomes."""
    if rows.segment is None:
        return ()
    codes, names = pd.factorize(rows.segment, sort=True)
    segments = []
    for code, name in enumerate(names):
        here = codes == code
        events = int(rows.label[here].sum())
        people = len(np.unique(rows.household[here]))
        if min(events, int(here.sum()) - events) >= MIN_SEGMENT_OUTCOMES and people >= MIN_PEOPLE:
            offset = fit_offset(probability[here], rows.label[here], SEGMENT_PRECISION)
            segments.append(
                SegmentOffset(name=str(name), rows=int(here.sum()), events=events, offset=round(offset, DIGITS))
            )
    return tuple(segments)


def fit_offset(probability: Floats, label: Floats, precision: float) -> float:
    """Return the offset to add to the log-odds of probabilities, under a normal prior around 0 with that precision.

    This is the maximum of the posterior, found by Newton steps of at most 1.

    >>> round(fit_offset(np.full(1000, 0.5), np.repeat([1.0, 0.0], [750, 250]), 0.0), 3)
    1.099
    """
    odds, offset = log_odds(probability), 0.0
    for _ in range(100):
        moved = sigmoid(odds + offset)
        step = float((label - moved).sum() - precision * offset) / float((moved * (1 - moved)).sum() + precision + 1e-9)
        offset += float(np.clip(step, -1.0, 1.0))
        if abs(step) < 1e-10:
            break
    return offset


def find_shift(
    rows: LaterRows, probability: Floats, settings: TrainingSettings, served_probability: Floats | None = None
) -> BaseRateShift | None:
    """Compare the latest matured outcomes with their predictions; None if there are too few of them.

    The interval of the gap is clustered by household (normal approximation). A significant shift is corrected as one of
    the base rate, by the same offset on all log-odds (Saerens, Latinne, and Decaestecker 2002).
    """
    last = rows.day.max()
    recent = rows.day > last - np.timedelta64(RECENT_DAYS, "D")
    label, household = rows.label[recent], rows.household[recent]
    events, people = int(label.sum()), len(np.unique(household))
    if min(events, len(label) - events) < MIN_RECENT_OUTCOMES or people < MIN_RECENT_OUTCOMES:
        return None
    residuals = label - probability[recent]
    gap, error = float(residuals.mean()), _standard_error(residuals, household)
    significant = abs(gap) > max(SMALL_SHIFT, 1.96 * error)
    offset = 0.0
    if significant and settings.correct_shift:
        offset = fit_offset(probability[recent], label, SHIFT_PRECISION)
    residual = None
    if served_probability is not None and offset:
        # The served fit has seen these outcomes and may have learned part of the shift. Correcting all of it would
        # count that part twice. So the correction is what the fit still misses, between nothing and the whole shift.
        residual = fit_offset(served_probability[recent], label, SHIFT_PRECISION)
        offset = float(np.clip(residual, min(offset, 0.0), max(offset, 0.0)))
    first: date = rows.day[recent].min().astype(date)
    return BaseRateShift(
        first=first,
        last=last.astype(date),
        rows=len(label),
        households=people,
        events=events,
        predicted=round(float(probability[recent].mean()), DIGITS),
        actual=round(float(label.mean()), DIGITS),
        gap=make_estimate(gap, (gap - 1.96 * error, gap + 1.96 * error)),
        is_significant=significant,
        residual=None if residual is None else round(residual, DIGITS),
        offset=round(offset, DIGITS),
    )


def _standard_error(values: Floats, household: NDArray[np.intp]) -> float:
    """Return the standard error of the mean of row values, clustered by household."""
    by_household = np.bincount(household, weights=values - values.mean())
    return float(np.sqrt((by_household**2).sum()) / len(values))


def _log_losses(probability: Floats, label: Floats) -> Floats:
    odds = log_odds(probability)
    return np.asarray(np.logaddexp(0.0, np.where(label == 1, -odds, odds)))

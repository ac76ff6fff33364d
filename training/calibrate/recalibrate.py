"""Calibration on later time: the method by cross-fitting, an offset by segment, and a shift of the base rate."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from payrank.extracts.contract.privacy import MIN_PEOPLE
from payrank.extracts.errors import WrongUsageError
from payrank.features.arrays import Floats
from payrank.features.feature import Feature
from payrank.models.calibration.adjusted import AdjustedCalibration, CalibrationMap, log_odds
from payrank.models.calibration.methods import Calibration, Uncalibrated, fit_beta, fit_isotonic, fit_platt, sigmoid
from payrank.models.records.estimate import make_estimate
from payrank.models.records.recalibration import BaseRateShift, Recalibration, SegmentOffset
from payrank.training.settings import TrainingSettings

Rows = NDArray[np.bool_] | NDArray[np.intp]

BLOCKS = 5
"""Spans of time that cross-fitting leaves out in turn."""
FITS: Mapping[str, tuple[int, Callable[[Floats, Floats], Calibration]]] = {
    "none": (0, lambda *_: Uncalibrated()),
    "platt": (0, fit_platt),
    "beta": (200, fit_beta),
    "isotonic": (1000, fit_isotonic),
}
"""Each method, the plainest first, with the outcomes of each kind from which it is tried; fewer bend it to noise."""
FEWEST_IN_SEGMENT = 100
"""Outcomes of each kind that a segment needs for an offset of its own."""
SEGMENT_PRECISION = 1 / 0.25**2
"""Of the normal prior of a segment's offset: most lie within half a log-odd of the others."""
SURELY = 2.0
"""Standard errors, over households, by which segments must lower the log loss."""
RECENT_DAYS = 90
"""Snapshots so near the latest are recent."""
FEWEST_RECENT = 50
"""Recent outcomes of each kind without which no shift is looked for."""
SHIFT_PRECISION = 1 / 0.1**2
"""Of the normal prior of a shift's offset: a few hundred outcomes move all others by little, thousands decide."""
SMALL_SHIFT = 0.01
"""A gap between promised and happened of less is let be."""
DIGITS = 6


@dataclass(frozen=True, slots=True)
class LaterRows:
    """Rows that were predicted by fits of earlier time, in order of time.

    `household` is a number each; `segment` the word of the segments' feature, None where the frame has no such feature.
    """

    raw: Floats
    label: Floats
    day: NDArray[np.datetime64]
    household: NDArray[np.intp]
    segment: pd.Series | None

    def take(self, rows: Rows) -> LaterRows:
        """Return some of the rows."""
        segment = None if self.segment is None else self.segment.iloc[np.arange(len(self.raw))[rows]]
        return LaterRows(self.raw[rows], self.label[rows], self.day[rows], self.household[rows], segment)


@dataclass(frozen=True, slots=True)
class Recalibrated:
    """A map and the record of how it was found."""

    served: CalibrationMap
    record: Recalibration


def check_segments(features: Sequence[Feature], settings: TrainingSettings) -> None:
    """Refuse segments by what is no category of the frame; the default is let be where a frame lacks it.

    Raises
    ------
    WrongUsageError
        With the categories that there are.
    """
    categories = [feature.name for feature in features if feature.is_category and feature.modeled]
    by = settings.calibrate_by
    if by not in {*categories, "none", TrainingSettings.model_fields["calibrate_by"].default}:
        raise WrongUsageError(
            f"training setting 'calibrate_by': {by!r:.60} is no category of the model; allowed are none"
            f"{''.join(f', {name}' for name in categories)}; choose one of them"
        )


def later_rows(data: pd.DataFrame, raw: Floats, settings: TrainingSettings) -> LaterRows:
    """Return rows of a training frame with their out-of-time raw scores."""
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
        What was predicted by fits of earlier time.
    chosen
        The record whose method, and segments or none, are to be kept: what was chosen without the final test. None
        chooses by these rows.
    served_raw
        Raw scores of the same rows by the served fit, where that has learned from their outcomes too, out of season
        (`payrank.training.calibrate.season_adjustment`): of a shift only what it has not learned for good is corrected.
    """
    blocks = np.arange(len(rows.raw)) * BLOCKS // max(len(rows.raw), 1)
    tried: Mapping[str, float] = {}
    if chosen is None:
        method, tried, crossed = _choose_method(rows, blocks, settings)
        gained, surely = _try_segments(rows, blocks, crossed)
    else:
        method, tried, gained, surely = (
            chosen.method,
            chosen.log_loss_by_method,
            chosen.log_loss_reduction,
            bool(chosen.segments),
        )
    base = FITS[method][1](rows.raw, rows.label)
    chance = base.apply(rows.raw)
    segments = _segments(rows, chance) if surely else ()
    offsets = {one.name: one.offset for one in segments}
    adjusted = AdjustedCalibration(base=base, by=settings.calibrate_by if segments else None, offsets=offsets)
    served_chance = None if served_raw is None else adjusted.apply(served_raw, rows.segment)
    shift = find_shift(rows, adjusted.apply(rows.raw, rows.segment) if segments else chance, settings, served_chance)
    offset = 0.0 if shift is None else shift.offset
    served: CalibrationMap = adjusted.model_copy(update={"shift": offset}) if segments or offset else base
    record = Recalibration(
        method=method,
        log_loss_by_method=tried,
        rows=len(rows.raw),
        events=int(rows.label.sum()),
        segment_feature=adjusted.by,
        log_loss_reduction=gained,
        segments=segments,
        shift=shift,
    )
    return Recalibrated(served, record)


def _choose_method(
    rows: LaterRows, blocks: NDArray[np.intp], settings: TrainingSettings
) -> tuple[str, dict[str, float], Floats]:
    """Return the method of least cross-fitted log loss, the loss of each, and the chances of the best."""
    kinds = min(float(rows.label.sum()), float(len(rows.label) - rows.label.sum()))
    names = [name for name, (fewest, _) in FITS.items() if kinds >= fewest]
    if settings.calibration != "auto":
        names = [settings.calibration]
    crossed = {}
    for name in names:
        fit = FITS[name][1]
        found = np.empty_like(rows.raw)
        for block in np.unique(blocks):
            out = blocks == block
            within = out if out.all() else ~out
            found[out] = fit(rows.raw[within], rows.label[within]).apply(rows.raw[out])
        crossed[name] = found
    losses = {name: round(float(_losses(found, rows.label).mean()), DIGITS) for name, found in crossed.items()}
    best = min(losses, key=lambda name: losses[name])  # the plainer of two equals comes first
    return best, losses, crossed[best]


def _try_segments(rows: LaterRows, blocks: NDArray[np.intp], chance: Floats) -> tuple[float | None, bool]:
    """Return by how much offsets by segment lower the cross-fitted log loss, and whether surely."""
    if rows.segment is None or not _segments(rows, chance):
        return None, False
    with_offsets = chance.copy()
    for block in np.unique(blocks):
        out = blocks == block
        learned = _segments(rows.take(~out), chance[~out]) if not out.all() else ()
        added = rows.segment[out].map({one.name: one.offset for one in learned}).to_numpy(np.float64, na_value=0.0)
        with_offsets[out] = sigmoid(log_odds(chance[out]) + added)
    fell = _losses(chance, rows.label) - _losses(with_offsets, rows.label)
    gain = float(fell.mean())
    return round(gain, DIGITS), gain > SURELY * _error(fell, rows.household)


def _segments(rows: LaterRows, chance: Floats) -> tuple[SegmentOffset, ...]:
    """Return the offsets of the segments that have outcomes enough."""
    if rows.segment is None:
        return ()
    codes, words = pd.factorize(rows.segment, sort=True)
    found = []
    for code, word in enumerate(words):
        here = codes == code
        events = int(rows.label[here].sum())
        people = len(np.unique(rows.household[here]))
        if min(events, int(here.sum()) - events) >= FEWEST_IN_SEGMENT and people >= MIN_PEOPLE:
            offset = learn_offset(chance[here], rows.label[here], SEGMENT_PRECISION)
            found.append(
                SegmentOffset(name=str(word), rows=int(here.sum()), events=events, offset=round(offset, DIGITS))
            )
    return tuple(found)


def learn_offset(chance: Floats, label: Floats, precision: float) -> float:
    """Return what to add to the log-odds of chances, drawn towards 0 by a normal prior of that precision.

    >>> round(learn_offset(np.full(1000, 0.5), np.repeat([1.0, 0.0], [750, 250]), 0.0), 3)
    1.099
    """
    odds, offset = log_odds(chance), 0.0
    for _ in range(100):
        moved = sigmoid(odds + offset)
        step = float((label - moved).sum() - precision * offset) / float((moved * (1 - moved)).sum() + precision + 1e-9)
        offset += float(np.clip(step, -1.0, 1.0))
        if abs(step) < 1e-10:
            break
    return offset


def find_shift(
    rows: LaterRows, chance: Floats, settings: TrainingSettings, served_chance: Floats | None = None
) -> BaseRateShift | None:
    """Compare the latest ripe outcomes with what was promised of them; None where they are too few to tell.

    The interval counts each household once, as it varies between households (normal approximation). A shift that is
    seen is corrected as one of the base rate: the same for all in log-odds (Saerens, Latinne and Decaestecker 2002);
    where the served fit knows these outcomes, `served_chance` tells how much of it is left.
    """
    last = rows.day.max()
    recent = rows.day > last - np.timedelta64(RECENT_DAYS, "D")
    label, household = rows.label[recent], rows.household[recent]
    events, people = int(label.sum()), len(np.unique(household))
    if min(events, len(label) - events) < FEWEST_RECENT or people < FEWEST_RECENT:
        return None
    over = label - chance[recent]
    gap, error = float(over.mean()), _error(over, household)
    seen = abs(gap) > max(SMALL_SHIFT, 1.96 * error)
    offset = learn_offset(chance[recent], label, SHIFT_PRECISION) if seen and settings.correct_shift else 0.0
    missed = None
    if served_chance is not None and offset:
        missed = learn_offset(served_chance[recent], label, SHIFT_PRECISION)
        offset = float(np.clip(missed, min(offset, 0.0), max(offset, 0.0)))
    first: date = rows.day[recent].min().astype(date)
    return BaseRateShift(
        first=first,
        last=last.astype(date),
        rows=len(label),
        households=people,
        events=events,
        predicted=round(float(chance[recent].mean()), DIGITS),
        actual=round(float(label.mean()), DIGITS),
        gap=make_estimate(gap, (gap - 1.96 * error, gap + 1.96 * error)),
        is_significant=seen,
        residual=None if missed is None else round(missed, DIGITS),
        offset=round(offset, DIGITS),
    )


def _error(values: Floats, household: NDArray[np.intp]) -> float:
    """Return the standard error of a mean over rows whose households vary together."""
    by_household = np.bincount(household, weights=values - values.mean())
    return float(np.sqrt((by_household**2).sum()) / len(values))


def _losses(chance: Floats, label: Floats) -> Floats:
    odds = log_odds(chance)
    return np.asarray(np.logaddexp(0.0, np.where(label == 1, -odds, odds)))

"""Temporal design: fit on what was known, predict what came later.

Validation by rolling origin. For each period only rows whose label was known by the period's first day are fitted, so
the gap between a fitted snapshot and a predicted one is at least the horizon.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from extracts.errors import NoUsableModel
from models.manifest import Period, Window, Windows
from training.settings import TrainingSettings

Positions = NDArray[np.intp]
Days = NDArray[np.datetime64]

_DAY = np.timedelta64(1, "D")


@dataclass(frozen=True, slots=True)
class Split:
    """One period: positions of the rows to fit and of the later rows to predict."""

    role: Literal["tuning", "judged"]
    fitted: Positions
    predicted: Positions


@dataclass(frozen=True, slots=True)
class Design:
    """All periods in order of time, `tuning` first. `known_on` is, for each row, the first day to use its label."""

    as_of: Days
    known_on: Days
    splits: tuple[Split, ...]
    final: Positions


def known_days(data: pd.DataFrame, gap_days: int) -> Days:
    """Return for each row the first day on which its label may be used.

    That is `gap_days` after the snapshot; or the column `known_on`, where the frame has it and it is later.
    """
    ripe: Days = np.asarray(data["as_of"].to_numpy().astype("datetime64[D]") + gap_days * _DAY, dtype="datetime64[D]")
    if "known_on" not in data.columns:
        return ripe
    later: Days = np.fmax(ripe, data["known_on"].to_numpy().astype("datetime64[D]"))
    return later


def plan_periods(data: pd.DataFrame, gap_days: int, as_of: date, settings: TrainingSettings) -> Design:
    """Return the temporal design of a training.

    Parameters
    ----------
    data
        Rows of a training frame with `as_of` and `label`.
    gap_days
        Days from a snapshot to the day on which its label may be used: the horizon.
    as_of
        The day of the training; no label known later is used.

    Raises
    ------
    NoUsableModel
        When a label is not ripe, or when the snapshots do not reach over two periods after a first fit.
    """
    days: Days = data["as_of"].to_numpy().astype("datetime64[D]")
    known = known_days(data, gap_days)
    unripe = int((known > np.datetime64(as_of, "D")).sum())
    if unripe:
        raise NoUsableModel(
            f"{unripe} of {len(data)} training rows have labels that are not ripe on {as_of}: a label is known "
            f"{gap_days} days after its snapshot; leave those snapshots out, or train as of a later day"
        )
    label = data["label"].to_numpy(dtype=np.float64)
    first = _first_start(days, known, label, settings)
    if first is not None:
        starts = _starts(days, first, settings)
        if len(starts) > 1:
            return _design(days, known, starts, gap_days, settings)
    snapshots = np.unique(days)
    raise NoUsableModel(
        f"too little history to validate on later time: {len(snapshots)} snapshots from {snapshots[0]} to "
        f"{snapshots[-1]}, and a label is known {gap_days} days after its snapshot; needed: snapshots over more than "
        f"{gap_days} days, with {settings.fewest_outcomes} outcomes of each kind known before the last two; send more "
        "history, shorten the horizon or lower fewest_outcomes"
    )


def _first_start(
    days: Days, known: Days, label: NDArray[np.float64], settings: TrainingSettings
) -> np.datetime64 | None:
    """Return the first snapshot day by which enough outcomes of each kind were known to fit."""
    needed = settings.fewest_outcomes
    enough = []
    for outcome in (0.0, 1.0):
        when = np.sort(known[label == outcome])
        if len(when) < needed:
            return None
        enough.append(when[needed - 1])
    later = np.unique(days[days >= max(enough)])
    return later[0] if len(later) else None


def _starts(days: Days, first: np.datetime64, settings: TrainingSettings) -> list[np.datetime64]:
    """Return the first day of each period: about equal rows, each period beginning on a snapshot day."""
    share_from = np.sort(days)[int(len(days) * (1 - settings.validation.share))]
    later = np.sort(days[days >= max(first, share_from)])
    cuts = [later[len(later) * number // settings.validation.periods] for number in range(settings.validation.periods)]
    return sorted(set(cuts))


def _design(days: Days, known: Days, starts: list[np.datetime64], gap_days: int, settings: TrainingSettings) -> Design:
    window = settings.validation.window_days

    def fitted(start: np.datetime64) -> Positions:
        chosen = known <= start
        if window is not None:
            chosen &= days >= start - (gap_days + window) * _DAY
        return np.flatnonzero(chosen)

    splits = []
    for number, start in enumerate(starts):
        inside = days >= start
        if number + 1 < len(starts):
            inside &= days < starts[number + 1]
        splits.append(Split("judged" if number else "tuning", fitted(start), np.flatnonzero(inside)))
    final = np.arange(len(days)) if window is None else np.flatnonzero(days >= days.max() - window * _DAY)
    return Design(days, known, tuple(splits), final.astype(np.intp))


def window(days: Days, label: NDArray[np.float64], rows: Positions) -> Window:
    """Describe a set of rows by its first and last snapshot, rows and events."""
    span = days[rows]
    return Window(
        first=span.min().astype(date), last=span.max().astype(date), rows=len(rows), events=int(label[rows].sum())
    )


def describe_design(
    data: pd.DataFrame, design: Design, rows: Positions, gap_days: int, settings: TrainingSettings
) -> Windows:
    """Return the windows of a training as the manifest keeps them."""
    label = data["label"].to_numpy(dtype=np.float64)
    return Windows(
        gap_days=gap_days,
        fitted=window(design.as_of, label, rows),
        refit=settings.refit,
        calibrated_on=window(design.as_of, label, np.concatenate([split.predicted for split in design.splits])),
        periods=tuple(
            Period(
                role=split.role,
                fitted=window(design.as_of, label, split.fitted),
                fitted_labels_known_by=design.known_on[split.fitted].max().astype(date),
                predicted=window(design.as_of, label, split.predicted),
            )
            for split in design.splits
        ),
    )


def row_weights(data: pd.DataFrame, rows: Positions, settings: TrainingSettings) -> NDArray[np.float64]:
    """Return the weight of each row to fit, with mean 1 (see `TrainingSettings.weight`, `.half_life_days`)."""
    weights = np.ones(len(rows))
    chosen = data.iloc[rows]
    if settings.weight == "unit":
        weights /= chosen.groupby("unit_id")["unit_id"].transform("size").to_numpy(dtype=np.float64)
    if settings.half_life_days is not None:
        days = chosen["as_of"].to_numpy().astype("datetime64[D]")
        weights *= 0.5 ** ((days.max() - days) / _DAY / settings.half_life_days)
    scaled: NDArray[np.float64] = weights / weights.mean()
    return scaled

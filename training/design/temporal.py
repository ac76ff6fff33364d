"""The temporal design: fit on what was known, then predict what came later.

This is rolling-origin validation. For each period, only rows whose label was known by the period's first day are
fitted, so a fitted snapshot is at least one horizon older than a predicted one. The last period is the final test:
nothing is chosen on it, and no household appears both in its fit and among the rows that it evaluates.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from payrank.extracts.contract.privacy import MIN_PEOPLE
from payrank.extracts.errors import NoUsableModelError
from payrank.features.arrays import Floats
from payrank.models.manifest import Period, Reserved, Window, Windows
from payrank.training.settings import TrainingSettings

Positions = NDArray[np.intp]
Days = NDArray[np.datetime64]

_DAY = np.timedelta64(1, "D")
MIN_PERIODS_WITH_FINAL_TEST = 3
"""With at least this many periods the last is the final test; a tuning and a holdout period come before it."""
GAP_STEPS, GAP_DAYS = 3, 60
"""A stretch without rows is reported when it is at least this many usual steps and this many days long."""


@dataclass(frozen=True, slots=True)
class Split:
    """One period: positions of the rows to fit, of the later rows to predict, and of the predicted rows to evaluate.

    All predicted rows are evaluated, except in a final test that reserves households: it evaluates only those.
    """

    role: Literal["tuning", "holdout", "final"]
    fitted: Positions
    predicted: Positions
    evaluated: Positions


@dataclass(frozen=True, slots=True)
class Design:
    """All periods in time order: `tuning` first, and `final` last if there are enough periods and households.

    `as_of` and `known_on` have one day per row: its snapshot, and the first day on which its label may be used.
    `served` are the rows of the served fit. `reserved` marks the rows of the households that only the final test
    evaluates; None if the final test and its fit have no household in common anyway.
    """

    as_of: Days
    known_on: Days
    splits: tuple[Split, ...]
    served: Positions
    reserved: NDArray[np.bool_] | None = None


def label_known_days(data: pd.DataFrame, gap_days: int) -> Days:
    """Return, for each row, the first day on which its label may be used.

    That is `gap_days` after the snapshot, or the day in column `known_on` if the frame has one that is later.
    """
    matured: Days = np.asarray(
        data["as_of"].to_numpy().astype("datetime64[D]") + gap_days * _DAY, dtype="datetime64[D]"
    )
    if "known_on" not in data.columns:
        return matured
    later: Days = np.fmax(matured, data["known_on"].to_numpy().astype("datetime64[D]"))
    return later


def plan_periods(data: pd.DataFrame, gap_days: int, as_of: date, settings: TrainingSettings) -> Design:
    """Return the temporal design of a training run.

    Parameters
    ----------
    data
        Rows of a training frame with `as_of`, `label`, and `household`.
    gap_days
        Days from a snapshot until its label may be used: the horizon.
    as_of
        The training day; no label that became known later is used.

    Raises
    ------
    NoUsableModelError
        If a label has not matured, or if the snapshots do not cover a first fit and two later periods.
    """
    days: Days = data["as_of"].to_numpy().astype("datetime64[D]")
    known = label_known_days(data, gap_days)
    immature = int((known > np.datetime64(as_of, "D")).sum())
    if immature:
        raise NoUsableModelError(
            f"{immature} of {len(data)} training rows have labels that have not matured by {as_of}: a label is known "
            f"{gap_days} days after its snapshot; leave those snapshots out, or train as of a later day"
        )
    label = data["label"].to_numpy(dtype=np.float64)
    first = _first_start(days, known, label, settings)
    if first is not None:
        starts = _starts(days, first, settings)
        if len(starts) > 1:
            design = _design(data, known, starts, gap_days, settings)
            check_design(design, label, settings)
            return design
    snapshots = np.unique(days)
    raise NoUsableModelError(
        f"too little history to validate on later time: {len(snapshots)} snapshots from {snapshots[0]} to "
        f"{snapshots[-1]}, and a label is known {gap_days} days after its snapshot; needed: snapshots that span more "
        f"than {gap_days} days, with {settings.min_outcomes} outcomes of each kind known before the last two; send "
        "more history, shorten the horizon, or lower min_outcomes"
    )


def _first_start(
    days: Days, known: Days, label: NDArray[np.float64], settings: TrainingSettings
) -> np.datetime64 | None:
    """Return the first snapshot day by which enough outcomes of each kind were known for a fit."""
    needed = settings.min_outcomes
    enough = []
    for outcome in (0.0, 1.0):
        when = np.sort(known[label == outcome])
        if len(when) < needed:
            return None
        enough.append(when[needed - 1])
    later = np.unique(days[days >= max(enough)])
    return later[0] if len(later) else None


def _starts(days: Days, first: np.datetime64, settings: TrainingSettings) -> list[np.datetime64]:
    """Return the first day of each period. Periods start on a snapshot day and have about the same number of rows."""
    share_from = np.sort(days)[int(len(days) * (1 - settings.validation.share))]
    later = np.sort(days[days >= max(first, share_from)])
    cuts = [later[len(later) * number // settings.validation.periods] for number in range(settings.validation.periods)]
    return sorted(set(cuts))


def _design(
    data: pd.DataFrame, known: Days, starts: list[np.datetime64], gap_days: int, settings: TrainingSettings
) -> Design:
    days: Days = data["as_of"].to_numpy().astype("datetime64[D]")
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
        rows = np.flatnonzero(inside)
        splits.append(Split("holdout" if number else "tuning", fitted(start), rows, rows))
    reserved = None
    if len(starts) >= MIN_PERIODS_WITH_FINAL_TEST:
        final, drawn = _final_test(data["household"], splits[-1], settings)
        if data["household"].iloc[final.evaluated].nunique() >= MIN_PEOPLE:
            splits[-1], reserved = final, drawn
    served = np.arange(len(days)) if window is None else np.flatnonzero(days >= days.max() - window * _DAY)
    return Design(days, known, tuple(splits), served.astype(np.intp), reserved)


def _final_test(
    household: pd.Series, last: Split, settings: TrainingSettings
) -> tuple[Split, NDArray[np.bool_] | None]:
    """Return the last period as the final test, and a mask of the rows of its reserved households."""
    # Dropping every household that is still open in the test from the fit would keep exactly those that left because
    # they paid, which biases the fit. So households are reserved at random, and the fit uses the others.
    codes, names = pd.factorize(household, use_na_sentinel=False)
    if not np.intersect1d(codes[last.fitted], codes[last.predicted]).size:
        return replace(last, role="final"), None
    drawn = draw_households([str(name) for name in names], settings.validation.reserve, settings.validation.salt)
    reserved: NDArray[np.bool_] = drawn[codes]
    evaluated = last.predicted[reserved[last.predicted]]
    return Split("final", last.fitted[~reserved[last.fitted]], last.predicted, evaluated), reserved


def draw_households(names: Sequence[str], share: float, salt: str) -> NDArray[np.bool_]:
    """Return a mask of the drawn households.

    Each is drawn by a salted hash of its own name, so adding or removing other households does not change the draw.

    >>> [bool(draw_households([f"H{n}" for n in range(size)], 0.5, "salt")[0]) for size in (1, 5)]
    [True, True]
    """
    bound = share * 2.0**64
    digests = (hashlib.sha256(f"{salt}\0{name}".encode()).digest() for name in names)
    return np.fromiter((int.from_bytes(digest[:8], "big") < bound for digest in digests), dtype=bool, count=len(names))


def describe_window(days: Days, label: NDArray[np.float64], rows: Positions) -> Window:
    """Return the first and last snapshot day of a set of rows, its number of rows, and its number of events."""
    span = days[rows]
    return Window(
        first=span.min().astype(date), last=span.max().astype(date), rows=len(rows), events=int(label[rows].sum())
    )


def check_design(design: Design, label: NDArray[np.float64], settings: TrainingSettings) -> None:
    """Refuse a design in which a period would be fitted on too few outcomes of one kind.

    That happens with a short rolling window, or when the reserved households leave too few outcomes to the fit.
    """
    for split in design.splits:
        first = design.as_of[split.predicted].min()
        counts = [int((label[split.fitted] == outcome).sum()) for outcome in (1.0, 0.0)]
        if min(counts) < settings.min_outcomes // (2 if split.role == "final" else 1):
            raise NoUsableModelError(
                f"too few outcomes to fit before the {split.role} period from {first}: {counts[0]} that happened and "
                f"{counts[1]} that did not, of {len(split.fitted)} rows; needed: {settings.min_outcomes} of each; "
                "send a longer history, lengthen validation.window_days, or lower min_outcomes"
            )


def list_design_notices(data: pd.DataFrame, design: Design) -> tuple[str, ...]:
    """Return warnings about the design: stretches without rows, periods with one outcome, no final test."""
    notices = []
    label = data["label"].to_numpy(dtype=np.float64)
    for split in design.splits:
        events = int((label[split.evaluated] == 1).sum())
        if not 0 < events < len(split.evaluated):
            people = data["household"].iloc[split.evaluated].nunique()
            few = f"fewer than {MIN_PEOPLE} households"
            count = few if people < MIN_PEOPLE else f"{events} of {len(split.evaluated)} rows had the outcome"
            notices.append(
                f"the {split.role} period from {design.as_of[split.predicted].min()} has only one kind of outcome "
                f"({count}): it cannot measure the ranking"
            )
    if len(design.splits) >= MIN_PERIODS_WITH_FINAL_TEST and design.splits[-1].role != "final":
        notices.append(
            f"no final test: fewer than {MIN_PEOPLE} households of the last period could be reserved, so it counts as "
            "holdout; provide more accounts, or raise validation.reserve"
        )
    elif design.splits[-1].role != "final":
        notices.append(
            f"the history is long enough for only {len(design.splits)} periods, so there is no final test and the last "
            "period is a holdout period; send more history to get one"
        )
    snapshots = np.unique(design.as_of)
    steps = np.diff(snapshots) / _DAY
    usual = float(np.median(steps)) if len(steps) else 0.0
    notices.extend(
        f"no snapshot has a row between {snapshots[place]} and {snapshots[place + 1]} ({int(steps[place])} days); "
        "check whether the extract is missing that time"
        for place in np.flatnonzero(steps >= max(GAP_STEPS * usual, GAP_DAYS))
    )
    return tuple(notices)


def describe_design(
    data: pd.DataFrame, design: Design, rows: Positions, gap_days: int, settings: TrainingSettings
) -> Windows:
    """Return the windows of a training run as the manifest records them."""
    label = data["label"].to_numpy(dtype=np.float64)
    return Windows(
        label_lag_days=gap_days,
        fitted=describe_window(design.as_of, label, rows),
        refit=settings.refit,
        calibrated_on=describe_window(
            design.as_of, label, np.concatenate([split.predicted for split in design.splits])
        ),
        periods=tuple(
            Period(
                role=split.role,
                fitted=describe_window(design.as_of, label, split.fitted),
                fitted_labels_known_by=design.known_on[split.fitted].max().astype(date),
                predicted=describe_window(design.as_of, label, split.evaluated),
            )
            for split in design.splits
        ),
        reserved=_describe_reserved(data, design, settings),
    )


def _describe_reserved(data: pd.DataFrame, design: Design, settings: TrainingSettings) -> Reserved | None:
    if design.reserved is None:
        return None
    return Reserved(
        share=settings.validation.reserve,
        households=int(data["household"].iloc[design.splits[-1].evaluated].nunique()),
        of_households=int(data["household"].iloc[design.splits[-1].predicted].nunique()),
    )


def row_weights(data: pd.DataFrame, rows: Positions, settings: TrainingSettings) -> NDArray[np.float64]:
    """Return the weight of each row to fit; the mean is 1.

    See `weight`, `half_life_days`, and `selection` in `TrainingSettings`.
    """
    weights = np.ones(len(rows))
    if settings.weight == "unit":
        unit, _ = pd.factorize(data["unit_id"].iloc[rows])
        weights /= np.bincount(unit)[unit]
    if isinstance(settings.half_life_days, float):
        days = data["as_of"].to_numpy()[rows].astype("datetime64[D]")
        weights *= 0.5 ** ((days.max() - days) / _DAY / settings.half_life_days)
    if "selection_weight" in data.columns:
        weights *= data["selection_weight"].to_numpy(dtype=np.float64)[rows]
    scaled: Floats = weights / weights.mean()
    return scaled

"""Temporal design: fit on what was known, predict what came later.

Validation by rolling origin. For each period only rows whose label was known by the period's first day are fitted, so
the gap between a fitted snapshot and a predicted one is at least the horizon. The last period is the final test:
nothing is chosen on it, and no household is on both of its sides.
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
FEWEST_WITH_FINAL = 3
"""Periods from which the last is kept as the final test: one to choose on and one to judge by come before it."""
GAP_OF_STEPS, GAP_DAYS = 3, 60
"""A stretch without rows is told when it is this many times the usual step, and this many days."""


@dataclass(frozen=True, slots=True)
class Split:
    """One period: positions of the rows to fit, of the later rows to predict, and of those among them that count.

    All predicted rows count, but in a final test whose households are also fitted: there only the reserved ones do.
    """

    role: Literal["tuning", "holdout", "final"]
    fitted: Positions
    predicted: Positions
    counted: Positions


@dataclass(frozen=True, slots=True)
class Design:
    """All periods in order of time: `tuning` first, `final` last where history and households reach for it.

    `known_on` is, for each row, the first day to use its label. `reserved` tells the rows of households that the final
    test alone judges; None where its two sides share no household. `served` are the rows of the served fit.
    """

    as_of: Days
    known_on: Days
    splits: tuple[Split, ...]
    served: Positions
    reserved: NDArray[np.bool_] | None = None


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
    NoUsableModelError
        When a label is not ripe, or when the snapshots do not reach over two periods after a first fit.
    """
    days: Days = data["as_of"].to_numpy().astype("datetime64[D]")
    known = known_days(data, gap_days)
    unripe = int((known > np.datetime64(as_of, "D")).sum())
    if unripe:
        raise NoUsableModelError(
            f"{unripe} of {len(data)} training rows have labels that are not ripe on {as_of}: a label is known "
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
        f"{snapshots[-1]}, and a label is known {gap_days} days after its snapshot; needed: snapshots over more than "
        f"{gap_days} days, with {settings.min_outcomes} outcomes of each kind known before the last two; send more "
        "history, shorten the horizon or lower min_outcomes"
    )


def _first_start(days: Days, known: Days, label: Floats, settings: TrainingSettings) -> np.datetime64 | None:
    """Return the first snapshot day by which enough outcomes of each kind were known to fit."""
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
    """Return the first day of each period: about equal rows, each period beginning on a snapshot day."""
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
    if len(starts) >= FEWEST_WITH_FINAL:
        final, drawn = _final_test(data["household"], splits[-1], settings)
        if data["household"].iloc[final.counted].nunique() >= MIN_PEOPLE:
            splits[-1], reserved = final, drawn
    served = np.arange(len(days)) if window is None else np.flatnonzero(days >= days.max() - window * _DAY)
    return Design(days, known, tuple(splits), served.astype(np.intp), reserved)


def _final_test(
    household: pd.Series, last: Split, settings: TrainingSettings
) -> tuple[Split, NDArray[np.bool_] | None]:
    """Return the last period as the final test, and the rows of its reserved households.

    To leave out of the fit whoever is still there in the test would leave in those who went because they paid. So
    where the two sides share households, some are reserved by chance: the test judges them alone, by a fit on the
    others.
    """
    codes, names = pd.factorize(household, use_na_sentinel=False)
    if not np.intersect1d(codes[last.fitted], codes[last.predicted]).size:
        return replace(last, role="final"), None
    drawn = draw_households([str(name) for name in names], settings.validation.reserve, settings.validation.salt)
    reserved: NDArray[np.bool_] = drawn[codes]
    mine = last.predicted[reserved[last.predicted]]
    return Split("final", last.fitted[~reserved[last.fitted]], last.predicted, mine), reserved


def draw_households(names: Sequence[str], share: float, salt: str) -> NDArray[np.bool_]:
    """Tell which households are drawn: by a salted hash of each alone, so that no other household changes it.

    >>> [bool(draw_households([f"H{n}" for n in range(size)], 0.5, "salt")[0]) for size in (1, 5)]
    [True, True]
    """
    bound = share * 2.0**64
    found = (hashlib.sha256(f"{salt}\0{name}".encode()).digest() for name in names)
    return np.fromiter((int.from_bytes(one[:8], "big") < bound for one in found), dtype=bool, count=len(names))


def window(days: Days, label: Floats, rows: Positions) -> Window:
    """Describe a set of rows by its first and last snapshot, rows and events."""
    span = days[rows]
    return Window(
        first=span.min().astype(date), last=span.max().astype(date), rows=len(rows), events=int(label[rows].sum())
    )


def check_design(design: Design, label: Floats, settings: TrainingSettings) -> None:
    """Refuse a design that fits a period on too few outcomes of a kind.

    A rolling window may hold too few, and reserved households may leave too few.
    """
    for split in design.splits:
        first = design.as_of[split.predicted].min()
        found = [int((label[split.fitted] == outcome).sum()) for outcome in (1.0, 0.0)]
        if min(found) < settings.min_outcomes // (2 if split.role == "final" else 1):
            raise NoUsableModelError(
                f"too few outcomes to fit before the {split.role} period from {first}: {found[0]} that happened and "
                f"{found[1]} that did not, of {len(split.fitted)} rows; needed: {settings.min_outcomes} of each; "
                "send a longer history, lengthen validation.window_days or lower min_outcomes"
            )


def tell_design(data: pd.DataFrame, design: Design) -> tuple[str, ...]:
    """Return what a reader of the figures should know: stretches without rows, one-sided or missing tests."""
    said = []
    label = data["label"].to_numpy(dtype=np.float64)
    for split in design.splits:
        events = int((label[split.counted] == 1).sum())
        if not 0 < events < len(split.counted):
            people = data["household"].iloc[split.counted].nunique()
            few = f"fewer than {MIN_PEOPLE} households"
            found = few if people < MIN_PEOPLE else f"{events} of {len(split.counted)} rows happened"
            said.append(
                f"the {split.role} period from {design.as_of[split.predicted].min()} has one kind of outcome only "
                f"({found}): it tells nothing of the ranking"
            )
    if len(design.splits) >= FEWEST_WITH_FINAL and design.splits[-1].role != "final":
        said.append(
            f"fewer than {MIN_PEOPLE} households of the last period could be reserved for a final test: it is "
            "judged like the others and nothing is kept for the end; send more accounts, or raise validation.reserve"
        )
    elif design.splits[-1].role != "final":
        said.append(
            f"the history has room for {len(design.splits)} periods, too few to keep the last as a final test: its "
            "figures are those of the judged period; send more history for one"
        )
    snapshots = np.unique(design.as_of)
    steps = np.diff(snapshots) / _DAY
    usual = float(np.median(steps)) if len(steps) else 0.0
    said.extend(
        f"no snapshot has a row between {snapshots[place]} and {snapshots[place + 1]}, {int(steps[place])} days: look "
        "whether the extract lacks that time"
        for place in np.flatnonzero(steps >= max(GAP_OF_STEPS * usual, GAP_DAYS))
    )
    return tuple(said)


def describe_design(
    data: pd.DataFrame, design: Design, rows: Positions, gap_days: int, settings: TrainingSettings
) -> Windows:
    """Return the windows of a training as the manifest keeps them."""
    label = data["label"].to_numpy(dtype=np.float64)
    return Windows(
        label_lag_days=gap_days,
        fitted=window(design.as_of, label, rows),
        refit=settings.refit,
        calibrated_on=window(design.as_of, label, np.concatenate([split.predicted for split in design.splits])),
        periods=tuple(
            Period(
                role=split.role,
                fitted=window(design.as_of, label, split.fitted),
                fitted_labels_known_by=design.known_on[split.fitted].max().astype(date),
                predicted=window(design.as_of, label, split.counted),
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
        households=int(data["household"].iloc[design.splits[-1].counted].nunique()),
        of_households=int(data["household"].iloc[design.splits[-1].predicted].nunique()),
    )


def row_weights(data: pd.DataFrame, rows: Positions, settings: TrainingSettings) -> Floats:
    """Return the weight of each row to fit, with mean 1.

    See `TrainingSettings.weight`, `.half_life_days` and `.selection`.
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

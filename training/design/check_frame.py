"""Whether a frame can be trained on: refused with numbers and the next step, or told of."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from payrank.extracts.errors import NoUsableModelError, WrongUsageError
from payrank.features.frame import Frame
from payrank.models.manifest import UNIT_BY_KIND, ModelKind
from payrank.training.settings import TrainingSettings


def check_frame(frame: Frame, kind: ModelKind) -> None:
    """Refuse a frame of the wrong unit, or without labels."""
    if frame.unit != UNIT_BY_KIND[kind]:
        raise WrongUsageError(
            f"models of kind {kind} are trained on frames of {UNIT_BY_KIND[kind]}s; this frame is of {frame.unit}s"
        )
    absent = [name for name in ("label", "share", "recovered") if name not in frame.data.columns]
    if absent:
        raise WrongUsageError(f"the frame has no {', '.join(absent)}: train on `payrank.features.frame.training_frame`")


def check_outcomes(label: pd.Series, kind: ModelKind, settings: TrainingSettings) -> None:
    """Refuse labels of one kind only, or too few of a kind.

    >>> check_outcomes(pd.Series([0.0] * 90 + [1.0] * 10), "payment", TrainingSettings())
    Traceback (most recent call last):
        ...
    payrank.extracts.errors.NoUsableModelError: too few outcomes to train on: 10 that happened and 90 that did not, ...
    """
    events = int((label == 1).sum())
    others = int((label == 0).sum())
    if min(events, others) >= settings.min_outcomes and events + others == len(label):
        return
    found = (
        "one kind of outcome only, nothing to tell apart"
        if not events or not others
        else "too few outcomes to train on"
    )
    raise NoUsableModelError(
        f"{found}: {events} that happened and {others} that did not, of {len(label)} rows; needed: "
        f"{settings.min_outcomes} of each, and a label (0 or 1) on every row; {_NEXT_STEP[kind]}, or lower "
        "min_outcomes in the training settings"
    )


_NEXT_STEP: Mapping[ModelKind, str] = {
    "payment": "see with `payrank check` whether the extract holds patient_payment transactions, send a longer "
    "history, change horizon_days or min_share",
    "overturn": "see with `payrank check` whether the appeals hold decisions (decided_on, outcome), send a longer "
    "history",
}


def tell_constant(fitted: pd.DataFrame, frame: Frame) -> tuple[str, ...]:
    """Return a notice of the features that have one value in all fitted rows: no model can use them."""
    told = set(frame.unavailable)
    same = [
        feature.name
        for feature in frame.features
        if feature.modeled and feature.name not in told and _is_constant(fitted[feature.name])
    ]
    if not same:
        return ()
    return (
        f"{len(same)} of {len(frame.features)} features have one value in all {len(fitted):,} fitted rows and tell "
        f"nothing: {', '.join(same)}; look whether the extract fills the columns behind them",
    )


def _is_constant(values: pd.Series) -> bool:
    known = values.notna()
    if not known.any():
        return True
    return bool(known.all()) and bool((values == values.iloc[0]).all())

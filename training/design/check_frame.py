"""Checks whether a frame can be trained on. A refusal states the counts and the next step."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from payrank.extracts.errors import NoUsableModelError, WrongUsageError
from payrank.features.frame import Frame
from payrank.models.manifest import UNIT_BY_KIND, ModelKind
from payrank.training.settings import TrainingSettings


def check_frame(frame: Frame, kind: ModelKind) -> None:
    """Refuse a frame of the wrong unit or without labels."""
    if frame.unit != UNIT_BY_KIND[kind]:
        raise WrongUsageError(
            f"{kind} models are trained on frames of {UNIT_BY_KIND[kind]}s; this frame contains {frame.unit}s"
        )
    absent = [name for name in ("label", "share", "recovered") if name not in frame.data.columns]
    if absent:
        raise WrongUsageError(f"the frame has no {', '.join(absent)}; make it with `payrank.training_frame`")


def check_outcomes(label: pd.Series, kind: ModelKind, settings: TrainingSettings) -> None:
    """Refuse labels of only one kind, or too few of one kind.

    >>> check_outcomes(pd.Series([0.0] * 90 + [1.0] * 10), "payment", TrainingSettings())
    Traceback (most recent call last):
        ...
    payrank.extracts.errors.NoUsableModelError: too few outcomes to train on: 10 that happened and 90 that did not, ...
    """
    events = int((label == 1).sum())
    others = int((label == 0).sum())
    if min(events, others) >= settings.min_outcomes and events + others == len(label):
        return
    problem = "only one kind of outcome" if not events or not others else "too few outcomes to train on"
    raise NoUsableModelError(
        f"{problem}: {events} that happened and {others} that did not, of {len(label)} rows; needed: "
        f"{settings.min_outcomes} of each, and a label (0 or 1) on every row; {_NEXT_STEP[kind]}, or lower "
        "min_outcomes in the training settings"
    )


_NEXT_STEP: Mapping[ModelKind, str] = {
    "payment": "run `payrank check` to see whether the extract has patient_payment transactions, send a longer "
    "history, change horizon_days or min_share",
    "overturn": "run `payrank check` to see whether the appeals have decisions (decided_on, outcome), send a longer "
    "history",
}


def list_constant_features(fitted: pd.DataFrame, frame: Frame) -> tuple[str, ...]:
    """Return a notice about the features with the same value in all fitted rows, which no model can use.

    Features that are already reported as unavailable are left out.
    """
    unavailable = set(frame.unavailable)
    constant = [
        feature.name
        for feature in frame.features
        if feature.modeled and feature.name not in unavailable and _is_constant(fitted[feature.name])
    ]
    if not constant:
        return ()
    return (
        f"{len(constant)} of {len(frame.features)} features have the same value in all {len(fitted):,} fitted rows and "
        f"cannot help the model: {', '.join(constant)}; check whether the extract fills the columns they are made from",
    )


def _is_constant(values: pd.Series) -> bool:
    known = values.notna()
    if not known.any():
        return True
    return bool(known.all()) and bool((values == values.iloc[0]).all())

"""Turns rows of a training frame into what LightGBM fits: a matrix, outcomes, and weights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from payrank.features.arrays import Floats
from payrank.models.matrix import ModelColumn, encode
from payrank.training.design.temporal import Positions, row_weights
from payrank.training.fit.boosters import FitRows
from payrank.training.settings import TrainingSettings


def rows_to_fit(
    data: pd.DataFrame, columns: Sequence[ModelColumn], rows: Positions, settings: TrainingSettings
) -> FitRows:
    """Return the matrix, outcomes (`label`), and weights of the given rows of a training frame."""
    selected = data.iloc[rows]
    return FitRows(
        matrix=encode(selected, columns, order="F"),
        outcome=numbers(selected["label"]),
        weight=fit_weights(data, rows, settings),
        names=tuple(column.name for column in columns),
        directions=tuple(0 if column.name in settings.unconstrained else column.direction for column in columns),
        categories=tuple(place for place, column in enumerate(columns) if column.native),
    )


def rows_with_outcome(
    data: pd.DataFrame,
    rows: Positions,
    fitted: FitRows,
    known: NDArray[np.bool_],
    outcome: Floats,
    settings: TrainingSettings,
) -> FitRows:
    """Return the rows to fit a quantity that only rows with the outcome have: its share, or its span of days.

    Parameters
    ----------
    rows, fitted
        Positions in `data`, and the same rows from `rows_to_fit`, whose matrix is reused.
    known, outcome
        A mask of the rows to take, and the quantity to fit for those rows.
    """
    return replace(
        fitted,
        matrix=fitted.matrix[known],
        outcome=outcome,
        weight=row_weights(data, rows[known], settings),
        directions=tuple(
            0 for _ in fitted.directions
        ),  # the catalog's directions hold for the outcome, not for its share or day
    )


def fit_weights(data: pd.DataFrame, rows: Positions, settings: TrainingSettings) -> Floats:
    """Return the weight of each row in the likelihood fit: its row weight times its class weight, with mean 1."""
    weights = row_weights(data, rows, settings)
    label = numbers(data["label"])[rows]
    other, event = class_weights(label, settings)
    if other != event:
        weights = weights * np.where(label == 1, event, other)
        weights /= weights.mean()
    return weights


def class_weights(label: Floats, settings: TrainingSettings) -> tuple[float, float]:
    """Return the weights of rows without and with the outcome; `balanced` gives both the same total weight.

    >>> class_weights(np.array([0.0, 0.0, 0.0, 1.0]), TrainingSettings(class_weight="balanced"))
    (0.6666666666666666, 2.0)
    """
    if settings.class_weight != "balanced":
        return 1.0, 1.0
    share = float((label == 1).mean())
    return 0.5 / (1 - share), 0.5 / share


def numbers(values: pd.Series) -> Floats:
    """Return a column as float64, NaN where unknown."""
    return values.to_numpy(dtype=np.float64, na_value=np.nan)

"""From a training frame's rows to what LightGBM fits: matrix, outcomes and weights."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.matrix import Column, encode
from training.fit import Rows
from training.settings import TrainingSettings
from training.temporal import Positions, row_weights

Floats = NDArray[np.float64]


def rows_to_fit(
    data: pd.DataFrame,
    columns: Sequence[Column],
    rows: Positions,
    settings: TrainingSettings,
    outcome: Floats | None = None,
) -> Rows:
    """Return the matrix, outcomes and weights of some rows of a training frame; the outcome is `label` where None."""
    chosen = data.iloc[rows]
    return Rows(
        matrix=encode(chosen, columns),
        outcome=numbers(chosen["label"]) if outcome is None else outcome,
        weight=row_weights(data, rows, settings),
        names=tuple(column.name for column in columns),
        directions=tuple(column.direction for column in columns),
        categories=tuple(place for place, column in enumerate(columns) if column.native),
    )


def numbers(values: pd.Series) -> Floats:
    """Return a column as float64, NaN where unknown."""
    return values.to_numpy(dtype=np.float64, na_value=np.nan)

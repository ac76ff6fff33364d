"""Simulated example rows of a model's input, drawn by the unit of each feature from a fixed seed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from payrank.models.matrix import ModelColumn

ROWS = 5
SEED = 20

_DRAWS: Mapping[str, Callable[[np.random.Generator], Any]] = {
    "dollars": lambda draw: np.exp(draw.normal(6, 1, ROWS)).round(2),
    "days": lambda draw: draw.integers(0, 365, ROWS),
    "count": lambda draw: draw.poisson(2, ROWS),
    "share": lambda draw: draw.beta(2, 3, ROWS).round(2),
    "rate": lambda draw: draw.beta(2, 3, ROWS).round(2),
    "month": lambda draw: draw.integers(1, 13, ROWS),
    "weekday": lambda draw: draw.integers(1, 8, ROWS),
    "day": lambda draw: draw.integers(1, 29, ROWS),
    "yes/no": lambda draw: draw.integers(0, 2, ROWS),
}


def simulate_rows(columns: Sequence[ModelColumn]) -> pd.DataFrame:
    """Return five rows of a feature frame for a model with these columns.

    Numbers are drawn without looking at any data. Categories use the model's levels, which the bundle contains anyway
    and which 11 or more people share. A category without levels is missing.

    >>> column = ModelColumn(name="balance", unit="dollars", meaning="", family="balance", direction=0, definition="")
    >>> simulate_rows([column])["balance"].between(1, 100_000).all()
    np.True_
    """
    draw = np.random.default_rng(SEED)
    return pd.DataFrame({column.name: _values(column, draw) for column in columns})


def _values(column: ModelColumn, draw: np.random.Generator) -> Any:
    if column.unit == "category":
        levels = column.levels or (None,)
        return pd.Series([levels[row % len(levels)] for row in range(ROWS)], dtype="object")
    known = _DRAWS.get(column.unit)
    return np.asarray(known(draw) if known else draw.normal(0, 1, ROWS).round(2), dtype=np.float64)

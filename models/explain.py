"""Why a row scored as it did: exact SHAP values, checked to add up."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from extracts.errors import NoUsableModel
from models.bundle import Bundle
from models.matrix import encode
from models.predict import average_raw

TOLERANCE = 1e-6
"""Relative to the raw score, or absolute where that is below 1."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """What each feature added to a row's raw score, in log-odds.

    `contributions` has a row for each row of the frame and a column for each of `features`; `base_value` is the raw
    score before anything is known of the row.
    """

    features: tuple[str, ...]
    base_value: float
    contributions: NDArray[np.float64]


def explain(bundle: Bundle, data: pd.DataFrame, *, threads: int = 0) -> Explanation:
    """Explain rows by LightGBM's own TreeSHAP (Lundberg et al. 2020), averaged as the raw scores are.

    Raises
    ------
    NoUsableModel
        When base + contributions miss the raw score of any row by more than `TOLERANCE`.
    """
    columns = bundle.manifest.features
    matrix = encode(data, columns)
    weights = bundle.manifest.weights
    total = np.zeros((len(matrix), len(columns) + 1))
    # One row more, all unknown: the base value is then known even where no row is asked for.
    asked = np.vstack([matrix, np.full((1, len(columns)), np.nan)])
    base = 0.0
    for booster, weight in zip(bundle.likelihood, weights, strict=True):
        added = np.asarray(booster.predict(asked, pred_contrib=True, num_threads=threads), dtype=np.float64)
        total += weight * added[:-1]
        base += weight * float(added[-1, -1])
    contributions = total[:, :-1]
    check_sum(base, contributions, average_raw(bundle.likelihood, weights, matrix, threads=threads))
    return Explanation(tuple(column.name for column in columns), base, contributions)


def check_sum(base: float, contributions: NDArray[np.float64], raw: NDArray[np.float64]) -> None:
    """Raise NoUsableModel unless base + contributions = raw score on every row.

    >>> check_sum(0.5, np.array([[0.25, 0.25]]), np.array([1.0]))
    >>> check_sum(0.5, np.array([[0.25, 0.25]]), np.array([1.1]))
    Traceback (most recent call last):
        ...
    extracts.errors.NoUsableModel: 1 of 1 explanations do not add up: base + contributions miss the raw score ...
    """
    gap = np.abs(base + contributions.sum(axis=1) - raw) / np.maximum(1.0, np.abs(raw))
    wrong = int((~(gap <= TOLERANCE)).sum())
    if wrong:
        raise NoUsableModel(
            f"{wrong} of {len(raw)} explanations do not add up: base + contributions miss the raw score by more than "
            f"{TOLERANCE:g} (worst {float(np.nanmax(gap)):.2g}); no reason is shown that is not exact: retrain, or "
            "report this model to the people who trained it"
        )

"""Why a row scored as it did: exact SHAP values, checked to add up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from payrank.extracts.errors import NoUsableModelError
from payrank.features.arrays import Floats
from payrank.models.bundle import Bundle
from payrank.models.matrix import encode
from payrank.models.predict import average_raw_scores
from payrank.models.shap.tree_shap import add_contributions

if TYPE_CHECKING:
    import lightgbm

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
    contributions: Floats


def explain(bundle: Bundle, data: pd.DataFrame, *, threads: int = 0) -> Explanation:
    """Explain rows exactly: path-dependent TreeSHAP (Lundberg et al. 2020), averaged as the raw scores are.

    Tables give the values of many rows at once (`tree_shap`); LightGBM's `pred_contrib` takes the boosters
    that these cannot hold, and any row whose base + contributions miss its raw score by more than `TOLERANCE`.

    Raises
    ------
    NoUsableModelError
        When LightGBM's own contributions miss the raw score of a row by more than `TOLERANCE`, too.
    """
    columns = bundle.manifest.features
    weights = bundle.manifest.weights
    matrix = encode(data, columns)
    total = np.zeros((len(columns), len(matrix)))
    base = 0.0
    for booster, weight in zip(bundle.likelihood, weights, strict=True):
        of_booster = add_contributions(booster, weight, matrix, total)
        if of_booster is None:
            added, of_booster = _walked(booster, matrix, threads)
            total += weight * added.T
            of_booster *= weight
        base += of_booster
    contributions = np.ascontiguousarray(total.T)
    raw = average_raw_scores(bundle.likelihood, weights, matrix, threads=threads)
    missed = np.flatnonzero(~(_gap(base, contributions, raw) <= TOLERANCE))
    if len(missed):
        contributions[missed] = sum(
            weight * _walked(booster, matrix[missed], threads)[0]
            for booster, weight in zip(bundle.likelihood, weights, strict=True)
        )
        check_sum(base, contributions, raw)
    return Explanation(tuple(column.name for column in columns), base, contributions)


def _walked(booster: lightgbm.Booster, matrix: Floats, threads: int) -> tuple[Floats, float]:
    """Return LightGBM's own contributions (rows x features) and base value."""
    # One row more, all unknown: the base value is then known even where no row is asked for.
    padded = np.vstack([matrix, np.full((1, matrix.shape[1]), np.nan)])
    added = np.asarray(booster.predict(padded, pred_contrib=True, num_threads=threads), dtype=np.float64)
    return added[:-1, :-1], float(added[-1, -1])


def _gap(base: float, contributions: Floats, raw: Floats) -> Floats:
    """Return by how much each row misses its raw score, relative where that is above 1."""
    gap: Floats = np.abs(base + contributions.sum(axis=1) - raw) / np.maximum(1.0, np.abs(raw))
    return gap


def check_sum(base: float, contributions: Floats, raw: Floats) -> None:
    """Raise NoUsableModelError unless base + contributions = raw score on every row.

    >>> check_sum(0.5, np.array([[0.25, 0.25]]), np.array([1.0]))
    >>> check_sum(0.5, np.array([[0.25, 0.25]]), np.array([1.1]))
    Traceback (most recent call last):
        ...
    payrank.extracts.errors.NoUsableModelError: 1 of 1 explanations do not add up: base + contributions miss ...
    """
    gap = _gap(base, contributions, raw)
    wrong = int((~(gap <= TOLERANCE)).sum())
    if wrong:
        raise NoUsableModelError(
            f"{wrong} of {len(raw)} explanations do not add up: base + contributions miss the raw score by more than "
            f"{TOLERANCE:g} (worst {float(np.nanmax(gap)):.2g}); no reason is shown that is not exact: retrain, or "
            "report this model to the people who trained it"
        )

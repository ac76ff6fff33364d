"""Exact SHAP values of each row's score, verified to add up."""

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
"""Allowed difference, relative to the raw score, or absolute when that is below 1."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """The contribution of each feature to each row's raw score, in log-odds.

    `contributions` has one row per row of the frame and one column per feature of `features`. `base_value` is the
    expected raw score when no feature is known.
    """

    features: tuple[str, ...]
    base_value: float
    contributions: Floats


def explain(bundle: Bundle, data: pd.DataFrame, *, threads: int = 0) -> Explanation:
    """Explain rows exactly by path-dependent TreeSHAP (Lundberg et al. 2020), averaged over boosters as raw scores are.

    Precomputed tables give the values of many rows at once (`tree_shap`). LightGBM's slower `pred_contrib` explains
    boosters that tables cannot represent, and any row whose base + contributions differ from its raw score by more than
    `TOLERANCE`.

    Parameters
    ----------
    bundle
        A model from `read_bundle`.
    data
        `Frame.data`: one row per account or denial.
    threads
        Threads of LightGBM; 0 uses its default.

    Returns
    -------
    Explanation
        `contributions` in log-odds, shape (rows, features), and the `base_value` that they add to.

    Raises
    ------
    NoUsableModelError
        When `data` lacks a feature of the model, or when LightGBM's own contributions also differ from a row's raw
        score by more than `TOLERANCE`.
    """
    columns = bundle.manifest.features
    weights = bundle.manifest.weights
    matrix = encode(data, columns)
    total = np.zeros((len(columns), len(matrix)))
    base = 0.0
    for booster, weight in zip(bundle.likelihood, weights, strict=True):
        booster_base = add_contributions(booster, weight, matrix, total)
        if booster_base is None:
            added, booster_base = _lightgbm_contributions(booster, matrix, threads)
            total += weight * added.T
            booster_base *= weight
        base += booster_base
    contributions = np.ascontiguousarray(total.T)
    raw = average_raw_scores(bundle.likelihood, weights, matrix, threads=threads)
    missed = np.flatnonzero(~(_gap(base, contributions, raw) <= TOLERANCE))
    if len(missed):
        contributions[missed] = sum(
            weight * _lightgbm_contributions(booster, matrix[missed], threads)[0]
            for booster, weight in zip(bundle.likelihood, weights, strict=True)
        )
        check_sum(base, contributions, raw)
    return Explanation(tuple(column.name for column in columns), base, contributions)


def _lightgbm_contributions(booster: lightgbm.Booster, matrix: Floats, threads: int) -> tuple[Floats, float]:
    """Return LightGBM's own contributions (rows x features) and base value."""
    # An extra row without any value gives the base value even when `matrix` has no rows.
    padded = np.vstack([matrix, np.full((1, matrix.shape[1]), np.nan)])
    added = np.asarray(booster.predict(padded, pred_contrib=True, num_threads=threads), dtype=np.float64)
    return added[:-1, :-1], float(added[-1, -1])


def _gap(base: float, contributions: Floats, raw: Floats) -> Floats:
    """Return how far each row's sum is from its raw score, relative when the score is above 1."""
    gap: Floats = np.abs(base + contributions.sum(axis=1) - raw) / np.maximum(1.0, np.abs(raw))
    return gap


def check_sum(base: float, contributions: Floats, raw: Floats) -> None:
    """Raise NoUsableModelError unless base + contributions = raw score on every row.

    >>> check_sum(0.5, np.array([[0.25, 0.25]]), np.array([1.0]))
    >>> check_sum(0.5, np.array([[0.25, 0.25]]), np.array([1.1]))
    Traceback (most recent call last):
        ...
    payrank.extracts.errors.NoUsableModelError: 1 of 1 explanations do not add up: base + contributions ...
    """
    gap = _gap(base, contributions, raw)
    wrong = int((~(gap <= TOLERANCE)).sum())
    if wrong:
        raise NoUsableModelError(
            f"{wrong} of {len(raw)} explanations do not add up: base + contributions differ from the raw score by more "
            f"than {TOLERANCE:g} (at most {float(np.nanmax(gap)):.2g}). Reasons must be exact: retrain the model, or "
            "contact the people who trained it"
        )

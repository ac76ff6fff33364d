"""Feature importance on later rows that the boosters were not fitted on: SHAP values, and permutation."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from payrank.features.arrays import Floats
from payrank.features.probes.auc import RankedRows, measure_auc
from payrank.models.predict import average_raw_scores
from payrank.models.records.estimate import make_estimate
from payrank.models.records.evaluation import Importance
from payrank.training.fit.boosters import FittedBooster, open_text

MAX_EXPLAINED = 500
"""Rows with SHAP values, evenly spaced in time. They take about a second."""
MAX_PERMUTED = 2_000
PERMUTED_FEATURES = 12
"""Number of features that are permuted: those with the largest SHAP values."""
SEED = 5


def measure_importance(
    fitted: Sequence[FittedBooster],
    weights: Sequence[float],
    names: Sequence[str],
    matrix: Floats,
    label: Floats,
    threads: int,
) -> tuple[Importance, ...]:
    """Return the importance of every feature, largest contribution first.

    Parameters
    ----------
    fitted, weights
        Boosters of one period and their weights.
    names
        Feature names, one per column of the matrix.
    matrix, label
        Rows that those boosters predicted, in time order, and their outcomes.
    """
    boosters = [open_text(booster.text) for booster in fitted]
    sample = matrix[spread_rows(len(matrix), MAX_EXPLAINED)]
    contributions = np.zeros((len(sample), len(names)))
    for booster, weight in zip(boosters, weights, strict=True):
        explained = np.asarray(booster.predict(sample, pred_contrib=True, num_threads=threads), dtype=np.float64)
        contributions += weight * explained[:, :-1]
    size = np.abs(contributions).mean(axis=0)
    order = sorted(range(len(names)), key=lambda place: (-round(float(size[place]), 9), names[place]))
    rows = spread_rows(len(matrix), MAX_PERMUTED)
    original, outcome = matrix[rows], label[rows]
    auc_drop: dict[int, float] = {}
    auc = measure_auc(outcome, average_raw_scores(boosters, weights, original, threads=threads))
    if auc is not None:
        draw = np.random.default_rng(SEED)
        for place in order[:PERMUTED_FEATURES]:
            permuted = original.copy()
            permuted[:, place] = draw.permutation(original[:, place])
            score = average_raw_scores(boosters, weights, permuted, threads=threads)
            auc_drop[place] = make_estimate(auc - RankedRows(outcome, score).measure()[0]).value
    return tuple(
        Importance(
            feature=names[place], contribution=make_estimate(float(size[place])).value, auc_drop=auc_drop.get(place)
        )
        for place in order
    )


def spread_rows(rows: int, max_rows: int) -> NDArray[np.intp]:
    """Return at most `max_rows` positions, evenly spaced.

    >>> spread_rows(10, 4)
    array([0, 3, 6, 9])
    """
    return np.unique(np.linspace(0, rows - 1, min(max_rows, rows)).astype(np.intp))

"""What each feature does for a model, on later rows that its boosters had not seen: SHAP, and shuffling."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from payrank.features.arrays import Floats
from payrank.models.predict import average_raw_scores
from payrank.models.records.estimate import make_estimate
from payrank.models.records.evaluation import Importance
from payrank.training.evaluate.metrics import discrimination
from payrank.training.fit.boosters import Fitted, open_text

MOST_EXPLAINED = 500
"""Rows that SHAP values are found on, evenly spaced over time: about a second."""
MOST_SHUFFLED = 2_000
SHUFFLED_FEATURES = 12
"""How many features are shuffled: those with the largest SHAP values. The others matter less than these."""
SEED = 5


def measure_importance(
    fitted: Sequence[Fitted],
    weights: Sequence[float],
    names: Sequence[str],
    matrix: Floats,
    label: Floats,
    threads: int,
) -> tuple[Importance, ...]:
    """Return every feature, the largest contribution first.

    Parameters
    ----------
    fitted, weights
        Boosters of one period and their weights.
    names
        Of the features, one a column of the matrix.
    matrix, label
        Rows that those boosters predicted, in order of time, and what came of them.
    """
    boosters = [open_text(one.text) for one in fitted]
    sample = matrix[spread_rows(len(matrix), MOST_EXPLAINED)]
    size = np.zeros(len(names))
    contributions = np.zeros((len(sample), len(names)))
    for booster, weight in zip(boosters, weights, strict=True):
        explained = np.asarray(booster.predict(sample, pred_contrib=True, num_threads=threads), dtype=np.float64)
        contributions += weight * explained[:, :-1]
    size = np.abs(contributions).mean(axis=0)
    order = sorted(range(len(names)), key=lambda place: (-round(float(size[place]), 9), names[place]))
    rows = spread_rows(len(matrix), MOST_SHUFFLED)
    tried, outcome = matrix[rows], label[rows]
    lost: dict[int, float] = {}
    whole = discrimination(outcome, average_raw_scores(boosters, weights, tried, threads=threads)).get("auc")
    if whole is not None:
        draw = np.random.default_rng(SEED)
        for place in order[:SHUFFLED_FEATURES]:
            shuffled = tried.copy()
            shuffled[:, place] = draw.permutation(tried[:, place])
            score = average_raw_scores(boosters, weights, shuffled, threads=threads)
            lost[place] = make_estimate(whole - discrimination(outcome, score)["auc"]).value
    return tuple(
        Importance(feature=names[place], contribution=make_estimate(float(size[place])).value, auc_drop=lost.get(place))
        for place in order
    )


def spread_rows(rows: int, most: int) -> NDArray[np.intp]:
    """Return at most so many positions, evenly spaced.

    >>> spread_rows(10, 4)
    array([0, 3, 6, 9])
    """
    return np.unique(np.linspace(0, rows - 1, min(most, rows)).astype(np.intp))

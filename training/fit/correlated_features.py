"""Finds groups of features that rank the rows alike, so that a list of reasons shows each group once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import squareform
from scipy.stats import rankdata

from payrank.models.matrix import ModelColumn, encode

MIN_CORRELATION = 0.9
"""Absolute rank correlation from which two features count as alike."""
MIN_SHARED = 0.9
"""Both features must be known in at least this share of the rows in which either one is known."""
MIN_ROWS = 100
MAX_ROWS = 20_000
"""Rows that are compared, evenly spaced over the training rows."""


def find_correlated_features(data: pd.DataFrame, columns: Sequence[ModelColumn]) -> tuple[tuple[str, ...], ...]:
    """Return groups of numeric features in which every pair ranks the training rows alike.

    Two features are alike when they are known in the same rows and their absolute Spearman correlation, over the rows
    where both are known, is at least `MIN_CORRELATION`. Categories are in no group.

    Parameters
    ----------
    data
        Training rows.
    columns
        The model's columns; a group lists its members in this order.
    """
    numeric = [column for column in columns if column.levels is None]
    matrix = encode(data.iloc[:: max(1, -(-len(data) // MAX_ROWS))], numeric)
    if len(numeric) < 2 or len(matrix) < MIN_ROWS:
        return ()
    distance = 1.0 - _absolute_correlations(matrix)
    np.fill_diagonal(distance, 0.0)
    # Complete linkage bounds the distance of every pair in a group. Single linkage would chain all features whose
    # ends have little in common, and one reason would then stand for both.
    labels = fcluster(linkage(squareform(distance, checks=False), "complete"), 1.0 - MIN_CORRELATION, "distance")
    groups = [
        tuple(numeric[place].name for place in np.flatnonzero(labels == label)) for label in dict.fromkeys(labels)
    ]
    return tuple(group for group in groups if len(group) > 1)


def _absolute_correlations(matrix: np.ndarray) -> np.ndarray:
    """Return features x features: the absolute rank correlation, 0 if too few rows have both values."""
    known = ~np.isnan(matrix)
    ranks = np.zeros_like(matrix)
    for place in range(matrix.shape[1]):
        ranks[known[:, place], place] = rankdata(matrix[known[:, place], place]) / len(matrix) - 0.5
    mask = known.astype(np.float64)
    both = mask.T @ mask
    either = mask.sum(axis=0)[:, None] + mask.sum(axis=0)[None, :] - both
    # All pairs at once: each pair's sums run over the rows where both are known, by products with the mask.
    total, squares, products = ranks.T @ mask, (ranks**2).T @ mask, ranks.T @ ranks
    with np.errstate(divide="ignore", invalid="ignore"):
        variance = squares / both - (total / both) ** 2
        covariance = products / both - total * total.T / both**2
        correlation = covariance / np.sqrt(variance * variance.T)
    enough = (both >= MIN_ROWS) & (both >= MIN_SHARED * either) & (np.minimum(variance, variance.T) > 1e-12)
    return np.round(np.where(enough, np.abs(correlation), 0.0), 9)

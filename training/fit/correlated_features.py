"""Which features say the same: a reader of reasons is told once what several columns show."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import squareform
from scipy.stats import rankdata

from payrank.models.matrix import ModelColumn, encode

ALIKE = 0.9
"""Rank correlation, of either sign, from which two features say the same."""
SHARED = 0.9
"""Share of the rows where either feature is known in which both must be."""
FEWEST_ROWS = 100
MOST_ROWS = 20_000
"""Rows that are compared, evenly over the training rows."""


def find_correlated_features(data: pd.DataFrame, columns: Sequence[ModelColumn]) -> tuple[tuple[str, ...], ...]:
    """Return groups of numeric features of which every two rank the training rows alike.

    Two features are alike when they are known of the same people and the absolute Spearman correlation over the rows
    where both are known is at least `ALIKE`. Groups come from complete linkage, so that all members of a group are
    alike, not only neighbors in a chain; categories are in none.

    Parameters
    ----------
    data
        Training rows.
    columns
        The model's columns; a group lists its members in their order.
    """
    numeric = [column for column in columns if column.levels is None]
    matrix = encode(data.iloc[:: max(1, -(-len(data) // MOST_ROWS))], numeric)
    if len(numeric) < 2 or len(matrix) < FEWEST_ROWS:
        return ()
    distance = 1.0 - _likeness(matrix)
    np.fill_diagonal(distance, 0.0)
    found = fcluster(linkage(squareform(distance, checks=False), "complete"), 1.0 - ALIKE, "distance")
    groups = [tuple(numeric[at].name for at in np.flatnonzero(found == group)) for group in dict.fromkeys(found)]
    return tuple(group for group in groups if len(group) > 1)


def _likeness(matrix: np.ndarray) -> np.ndarray:
    """Return features x features: the absolute rank correlation, 0 where too few rows know both or only one."""
    known = ~np.isnan(matrix)
    ranks = np.zeros_like(matrix)
    for at in range(matrix.shape[1]):
        ranks[known[:, at], at] = rankdata(matrix[known[:, at], at]) / len(matrix) - 0.5
    mask = known.astype(np.float64)
    both = mask.T @ mask
    either = mask.sum(axis=0)[:, None] + mask.sum(axis=0)[None, :] - both
    total, squares, products = ranks.T @ mask, (ranks**2).T @ mask, ranks.T @ ranks
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = squares / both - (total / both) ** 2
        together = products / both - total * total.T / both**2
        correlation = together / np.sqrt(spread * spread.T)
    enough = (both >= FEWEST_ROWS) & (both >= SHARED * either) & (np.minimum(spread, spread.T) > 1e-12)
    return np.round(np.where(enough, np.abs(correlation), 0.0), 9)

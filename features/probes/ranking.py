"""How well a score separates outcomes (AUC), with an interval that accounts for correlated households."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from payrank.features.arrays import Floats

MIN_OUTCOMES = 30
"""Fewest outcomes of each kind, and fewest households, for a meaningful interval."""
BINS = 20
SMOOTHING = 10.0
"""Rows at the overall rate that smoothing adds to each bin or level."""


@dataclass(frozen=True, slots=True)
class Ranking:
    """Area under the ROC curve and its standard error; `influence` is each household's contribution to the area."""

    auc: float
    error: float
    influence: Floats

    def lower(self, tests: int, chance: float) -> float:
        """Return a lower bound. So many true areas all exceed theirs, except with probability `chance` (Bonferroni)."""
        return self.auc - NormalDist().inv_cdf(1 - chance / max(tests, 1)) * self.error


def rank(label: Floats, score: Floats, household: NDArray[np.intp]) -> Ranking | None:
    """Return the AUC of a score, with a standard error that is valid when rows of a household are correlated.

    The area is the mean of each row's placement among the rows of the other outcome. Summing placements by household
    makes the terms independent (Obuchowski, Biometrics 53:567, 1997).

    Parameters
    ----------
    label
        0 or 1, one per row.
    score
        Higher means more likely; no missing values.
    household
        Number of each row's household, from 0.

    Returns
    -------
    Ranking or None
        None with fewer than 30 of either outcome, or fewer than 30 households.

    Examples
    --------
    >>> label = np.tile([0.0, 1.0], 50)
    >>> ranking = rank(label, label, np.arange(100))
    >>> ranking.auc, ranking.error
    (1.0, 0.0)
    """
    happened, not_happened = score[label == 1], score[label == 0]
    if min(len(happened), len(not_happened), len(np.unique(household))) < MIN_OUTCOMES:
        return None
    over = _place(happened, not_happened)
    under = 1 - _place(not_happened, happened)
    auc = float(over.mean())  # the mean placement is the AUC, as `measure_auc` counts it
    part = np.empty(len(label))
    part[label == 1] = (over - auc) / len(happened)
    part[label == 0] = (under - auc) / len(not_happened)
    influence: Floats = np.bincount(household, weights=part).astype(np.float64)
    return Ranking(auc, standard_error(influence), influence)


def standard_error(influence: Floats) -> float:
    """Return the standard error from the contributions of households."""
    count = int((influence != 0).sum())
    return float(np.sqrt((influence**2).sum() * count / max(count - 1, 1)))


def _place(scores: Floats, others: Floats) -> Floats:
    """Return, for each score, the share of the others below it; ties count half."""
    ordered = np.sort(others)
    below = np.searchsorted(ordered, scores, side="left")
    up_to = np.searchsorted(ordered, scores, side="right")
    placed: Floats = (below + up_to) / (2 * len(others))
    return placed


def score_alone(values: pd.Series, label: Floats, fit: NDArray[np.bool_]) -> Floats:
    """Return a score for every row from one column: the outcome rate of its bin or level among the rows to fit on.

    Numbers fall into 20 bins with about equal rows, plus one bin for unknown. Text keeps its levels. A level that the
    rows to fit on do not have gets the overall rate.
    """
    places = _place_in_bins(values, fit) if pd.api.types.is_numeric_dtype(values) else _number(values) + 1
    size = int(places.max()) + 1
    overall = float(label[fit].mean())
    hits = np.bincount(places[fit], weights=label[fit], minlength=size)
    rows = np.bincount(places[fit], minlength=size)
    rates: Floats = (hits + SMOOTHING * overall) / (rows + SMOOTHING)
    return np.asarray(rates[places], dtype=np.float64)


def _place_in_bins(values: pd.Series, fit: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Return each number's bin, from 1; 0 means unknown."""
    numbers = values.to_numpy(dtype=np.float64, na_value=np.nan)
    known = numbers[fit & ~np.isnan(numbers)]
    edges = np.unique(np.quantile(known, np.arange(1, BINS) / BINS)) if len(known) else known
    return np.where(np.isnan(numbers), 0, np.searchsorted(edges, numbers, side="left") + 1).astype(np.intp)


def _number(values: pd.Series) -> NDArray[np.intp]:
    """Return a number from 0 for each different value; -1 means unknown."""
    return np.asarray(pd.factorize(values, use_na_sentinel=True)[0], dtype=np.intp)


def number_households(household: pd.Series) -> NDArray[np.intp]:
    """Return a number from 0 for each row's household; a row with an unknown household is its own household."""
    codes = _number(household)
    alone = codes < 0
    codes[alone] = int(codes.max(initial=-1)) + 1 + np.arange(int(alone.sum()))
    return codes

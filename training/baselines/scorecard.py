"""A scorecard as credit offices build them: each feature in a few bins, points for each bin, summed.

Bins get their weight of evidence, features are chosen by information value, and a logistic regression on the weights
gives the points (Siddiqi, Credit Risk Scorecards, 2006, chapter 6).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from payrank.features.arrays import Floats
from payrank.features.feature import Feature

Cells = NDArray[np.intp]

MOST_ROWS = 20_000
"""The latest rows that are fitted."""
BINS = 6
FEWEST_IN_A_BIN = 50
MOST_FEATURES = 15
WEAKEST = 0.02
"""Information value below which a feature tells nothing (Siddiqi 2006, page 81)."""
ODDS_AT_600, POINTS_TO_DOUBLE = 1.0, 20.0
"""Even odds are 600 points; each 20 more double the odds."""


@dataclass(frozen=True, slots=True)
class BinnedFeature:
    """One feature of a scorecard: where its bins begin (numbers) or its levels (words), and each bin's evidence.

    `evidence` is log(share of the events in the bin / share of the non-events); the last bin is that of the unknown.
    `value` is the information value of the whole feature.
    """

    name: str
    edges: Floats | None
    levels: tuple[str, ...]
    evidence: Floats
    value: float

    def read(self, data: pd.DataFrame) -> Floats:
        """Return the evidence of each row's bin."""
        found: Floats = self.evidence[_cells(data[self.name], self.edges, self.levels)]
        return found


@dataclass(frozen=True, slots=True)
class Scorecard:
    """Binned features with the weight of each, and the constant, in log-odds."""

    features: tuple[BinnedFeature, ...]
    weights: Floats
    constant: float

    def log_odds(self, data: pd.DataFrame) -> Floats:
        """Return the log-odds of the outcome for each row."""
        found = np.full(len(data), self.constant)
        for weight, feature in zip(self.weights, self.features, strict=True):
            found += weight * feature.read(data)
        return found

    def points(self, data: pd.DataFrame) -> Floats:
        """Return whole points, as a clerk would add them up."""
        scale = POINTS_TO_DOUBLE / np.log(2)
        total = np.full(len(data), 600.0 + np.round(scale * (self.constant - np.log(ODDS_AT_600))))
        for weight, feature in zip(self.weights, self.features, strict=True):
            total += np.round(scale * weight * feature.read(data))
        return total


def fit_scorecard(data: pd.DataFrame, features: Sequence[Feature]) -> Scorecard:
    """Fit a scorecard on the latest rows of a training frame.

    Parameters
    ----------
    data
        Rows with the features and `label`, in order of time.
    features
        The catalog. At most 15 of it are kept, those with the most information; one whose weight turns against its
        own evidence is left out, as no clerk could explain it.
    """
    data = data.iloc[-MOST_ROWS:]
    label = data["label"].to_numpy(dtype=np.float64)
    events = float(label.sum())
    constant = float(np.log((events + 0.5) / (len(label) - events + 0.5)))
    binned = [one for one in (_bin(data[f.name], label, f.is_category) for f in features) if one is not None]
    chosen = sorted(binned, key=lambda one: (-one.value, one.name))[:MOST_FEATURES]
    while chosen:
        weights, start = _fit_weights(np.column_stack([one.read(data) for one in chosen]), label)
        if (weights > 0).all():
            return Scorecard(tuple(chosen), weights, start)
        chosen = [one for one, weight in zip(chosen, weights, strict=True) if weight > 0]
    return Scorecard((), np.empty(0), constant)


def _bin(values: pd.Series, label: Floats, words: bool) -> BinnedFeature | None:
    edges: Floats | None = None
    levels: tuple[str, ...] = ()
    if words:
        rows = values.value_counts()
        levels = tuple(sorted(str(level) for level in rows.index[rows >= FEWEST_IN_A_BIN]))
    else:
        numbers = values.to_numpy(dtype=np.float64, na_value=np.nan)
        known = numbers[~np.isnan(numbers)]
        if not len(known):
            return None
        edges = np.unique(np.quantile(known, np.arange(1, BINS) / BINS))
    cells = _cells(values, edges, levels)
    count = (len(edges) + 1 if edges is not None else len(levels) + 1) + 1
    events = np.bincount(cells, weights=label, minlength=count)
    others = np.bincount(cells, weights=1 - label, minlength=count)
    if (events + others > 0).sum() < 2 or not events.sum() or not others.sum():
        return None
    # Half a row of each kind to every bin, so that a bin without events has a finite weight.
    share, other_share = (events + 0.5) / (events.sum() + 0.5 * count), (others + 0.5) / (others.sum() + 0.5 * count)
    evidence = np.log(share / other_share)
    value = float(((share - other_share) * evidence)[events + others > 0].sum())
    evidence = np.where(events + others >= FEWEST_IN_A_BIN, evidence, 0.0)
    return BinnedFeature(str(values.name), edges, levels, evidence, value) if value >= WEAKEST else None


def _cells(values: pd.Series, edges: Floats | None, levels: tuple[str, ...]) -> Cells:
    """Return each row's bin; the last is that of unknown values, the one before it that of words never seen."""
    if edges is not None:
        numbers = values.to_numpy(dtype=np.float64, na_value=np.nan)
        return np.where(np.isnan(numbers), len(edges) + 1, np.searchsorted(edges, numbers, side="right"))
    place = {level: float(number) for number, level in enumerate(levels)}
    found = values.map(place).to_numpy(dtype=np.float64, na_value=np.nan)
    missing = values.isna().to_numpy()
    return np.where(missing, len(levels) + 1, np.where(np.isnan(found), len(levels), found)).astype(np.intp)


def _fit_weights(evidence: Floats, label: Floats) -> tuple[Floats, float]:
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415 - late: a second of imports

    model = LogisticRegression(solver="newton-cholesky", C=10.0, max_iter=50).fit(evidence, label)
    return np.asarray(model.coef_[0], dtype=np.float64), float(model.intercept_[0])

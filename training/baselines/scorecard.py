"""A points scorecard as lenders build them: each feature has a few bins, and each bin adds points.

Each bin has a weight of evidence, features are chosen by information value, and a logistic regression on the weights of
evidence gives the points (Siddiqi, Credit Risk Scorecards, 2006, chapter 6).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from payrank.features.arrays import Floats
from payrank.features.feature import Feature

MAX_ROWS = 20_000
"""At most this many of the latest rows are fitted."""
BINS = 6
MIN_ROWS_PER_BIN = 50
MAX_FEATURES = 15
MIN_INFORMATION_VALUE = 0.02
"""A feature with a lower information value is not predictive (Siddiqi 2006, page 81)."""
ODDS_AT_600, POINTS_TO_DOUBLE = 1.0, 20.0
"""Even odds are 600 points; each 20 more double the odds."""


@dataclass(frozen=True, slots=True)
class BinnedFeature:
    """One feature of a scorecard: its bin edges (numbers) or levels (categories), and the evidence of each bin.

    `evidence` is log(share of the events in the bin / share of the non-events). The last bin holds unknown values.
    `information_value` is that of the whole feature.
    """

    name: str
    edges: Floats | None
    levels: tuple[str, ...]
    evidence: Floats
    information_value: float

    def look_up(self, data: pd.DataFrame) -> Floats:
        """Return the evidence of each row's bin."""
        evidence: Floats = self.evidence[_bin_numbers(data[self.name], self.edges, self.levels)]
        return evidence


@dataclass(frozen=True, slots=True)
class Scorecard:
    """Binned features with their weights, and the constant, in log-odds."""

    features: tuple[BinnedFeature, ...]
    weights: Floats
    constant: float

    def log_odds(self, data: pd.DataFrame) -> Floats:
        """Return the log-odds of the outcome for each row."""
        odds = np.full(len(data), self.constant)
        for weight, feature in zip(self.weights, self.features, strict=True):
            odds += weight * feature.look_up(data)
        return odds

    def points(self, data: pd.DataFrame) -> Floats:
        """Return whole points, as they would be added up by hand."""
        scale = POINTS_TO_DOUBLE / np.log(2)
        total = np.full(len(data), 600.0 + np.round(scale * (self.constant - np.log(ODDS_AT_600))))
        for weight, feature in zip(self.weights, self.features, strict=True):
            total += np.round(scale * weight * feature.look_up(data))
        return total


def fit_scorecard(data: pd.DataFrame, features: Sequence[Feature]) -> Scorecard:
    """Fit a scorecard on the latest rows of a training frame.

    Parameters
    ----------
    data
        Rows with the features and `label`, in time order.
    features
        The catalog. At most 15 features are used, those with the highest information value. A feature whose weight has
        the opposite sign of its evidence is dropped, because nobody could explain its points.
    """
    data = data.iloc[-MAX_ROWS:]
    label = data["label"].to_numpy(dtype=np.float64)
    events = float(label.sum())
    constant = float(np.log((events + 0.5) / (len(label) - events + 0.5)))
    tried = [_bin_feature(data[feature.name], label, feature.is_category) for feature in features]
    binned = [feature for feature in tried if feature is not None]
    chosen = sorted(binned, key=lambda feature: (-feature.information_value, feature.name))[:MAX_FEATURES]
    while chosen:
        weights, start = _fit_weights(np.column_stack([feature.look_up(data) for feature in chosen]), label)
        if (weights > 0).all():
            return Scorecard(tuple(chosen), weights, start)
        chosen = [feature for feature, weight in zip(chosen, weights, strict=True) if weight > 0]
    return Scorecard((), np.empty(0), constant)


def _bin_feature(values: pd.Series, label: Floats, is_category: bool) -> BinnedFeature | None:
    edges: Floats | None = None
    levels: tuple[str, ...] = ()
    if is_category:
        rows = values.value_counts()
        levels = tuple(sorted(str(level) for level in rows.index[rows >= MIN_ROWS_PER_BIN]))
    else:
        numbers = values.to_numpy(dtype=np.float64, na_value=np.nan)
        known = numbers[~np.isnan(numbers)]
        if not len(known):
            return None
        edges = np.unique(np.quantile(known, np.arange(1, BINS) / BINS))
    bins = _bin_numbers(values, edges, levels)
    count = (len(edges) + 1 if edges is not None else len(levels) + 1) + 1
    events = np.bincount(bins, weights=label, minlength=count)
    others = np.bincount(bins, weights=1 - label, minlength=count)
    if (events + others > 0).sum() < 2 or not events.sum() or not others.sum():
        return None
    # Half a row of each kind is added to every bin, so that a bin without events has finite evidence.
    share, other_share = (events + 0.5) / (events.sum() + 0.5 * count), (others + 0.5) / (others.sum() + 0.5 * count)
    evidence = np.log(share / other_share)
    value = float(((share - other_share) * evidence)[events + others > 0].sum())
    evidence = np.where(events + others >= MIN_ROWS_PER_BIN, evidence, 0.0)
    return BinnedFeature(str(values.name), edges, levels, evidence, value) if value >= MIN_INFORMATION_VALUE else None


def _bin_numbers(values: pd.Series, edges: Floats | None, levels: tuple[str, ...]) -> NDArray[np.intp]:
    """Return each row's bin. The last bin is for unknown values, and the one before it for unseen categories."""
    if edges is not None:
        numbers = values.to_numpy(dtype=np.float64, na_value=np.nan)
        return np.where(np.isnan(numbers), len(edges) + 1, np.searchsorted(edges, numbers, side="right"))
    place = {level: float(number) for number, level in enumerate(levels)}
    numbered = values.map(place).to_numpy(dtype=np.float64, na_value=np.nan)
    missing = values.isna().to_numpy()
    return np.where(missing, len(levels) + 1, np.where(np.isnan(numbered), len(levels), numbered)).astype(np.intp)


def _fit_weights(evidence: Floats, label: Floats) -> tuple[Floats, float]:
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415 - slow to import

    model = LogisticRegression(solver="newton-cholesky", C=10.0, max_iter=50).fit(evidence, label)
    return np.asarray(model.coef_[0], dtype=np.float64), float(model.intercept_[0])

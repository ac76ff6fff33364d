"""Metrics of a model's scores against true chances, as expectations over the outcomes that the chances produce."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from payrank.features.arrays import Floats
from payrank.simulator.truth.best_possible import best_auc, best_dollars
from payrank.training.evaluate.metrics import reliability_bins

CAPACITY = 0.2


@dataclass(frozen=True, slots=True)
class TruthComparison:
    """One model compared with the true chances, on the rows of one day.

    `auc` and `best_auc` are the expected AUC of the model and of the true chances. `captured` is the model's dollars at
    capacity as a share of those of the best ranking. `calibration_error` is the mean gap between predicted and true
    chances over ten bins; `mean_predicted` and `mean_true` are the mean chances.
    """

    rows: int
    auc: float
    best_auc: float
    captured: float
    calibration_error: float
    mean_predicted: float
    mean_true: float

    @property
    def share_of_best(self) -> float:
        """The model's AUC above 0.5 as a share of that of the true chances."""
        return (self.auc - 0.5) / (self.best_auc - 0.5)


def expected_auc(score: Floats, chance: Floats) -> float:
    """Return the expected AUC of a score over the outcomes that the true chances produce; ties count half.

    >>> expected_auc(np.array([1.0, 2.0]), np.array([0.0, 1.0])), expected_auc(np.array([7.0, 7.0]), np.ones(2) / 2)
    (1.0, 0.5)
    """
    _, where = np.unique(score, return_inverse=True)
    events, others = np.bincount(where, weights=chance), np.bincount(where, weights=1 - chance)
    same_row = np.bincount(where, weights=chance * (1 - chance))  # a row is not compared with itself
    others_below = np.concatenate([[0.0], np.cumsum(others)[:-1]])
    pairs = events.sum() * others.sum() - same_row.sum()
    return float(((events * others_below).sum() + (events * others - same_row).sum() / 2) / pairs)


def compare(probability: Floats, worth: Floats, chance: Floats, dollars: Floats) -> TruthComparison:
    """Compare a model with the true chances.

    Parameters
    ----------
    probability, worth
        The model's probabilities (0 to 1) and expected dollars.
    chance, dollars
        The true chances and expected dollars of the same rows.
    """
    listed = max(1, round(CAPACITY * len(chance)))
    top = np.argsort(-worth, kind="stable")[:listed]
    cells = reliability_bins(probability)
    gaps = np.bincount(cells, weights=probability - chance)
    return TruthComparison(
        rows=len(chance),
        auc=expected_auc(probability, chance),
        best_auc=best_auc(chance),
        captured=float(dollars[top].sum()) / best_dollars(dollars, listed),
        calibration_error=float(np.abs(gaps).sum() / len(chance)),
        mean_predicted=float(probability.mean()),
        mean_true=float(chance.mean()),
    )

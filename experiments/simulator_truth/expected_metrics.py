"""A model's scores against true chances: each figure as expected over the outcomes that the chances bring."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from payrank.features.arrays import Floats
from payrank.simulator.truth.best_possible import best_auc, best_dollars
from payrank.training.evaluate.metrics import reliability_bins

CAPACITY = 0.2


@dataclass(frozen=True, slots=True)
class Beside:
    """One model beside the truth on the rows of one day.

    `way` is the model's AUC as a share of the way from 0.5 to the truth's; `captured` its dollars at capacity as a
    share of those of a ranking by the truth; `gap` the mean distance of promised and true chances over ten bins;
    `promised` and `true` are the mean chances.
    """

    rows: int
    auc: float
    best: float
    captured: float
    gap: float
    promised: float
    true: float

    @property
    def way(self) -> float:
        """Share of the way from 0.5 to the truth's AUC."""
        return (self.auc - 0.5) / (self.best - 0.5)


def expected_auc(score: Floats, chance: Floats) -> float:
    """Return the expected AUC of a score over the outcomes that true chances bring; ties count half.

    >>> expected_auc(np.array([1.0, 2.0]), np.array([0.0, 1.0])), expected_auc(np.array([7.0, 7.0]), np.ones(2) / 2)
    (1.0, 0.5)
    """
    _, where = np.unique(score, return_inverse=True)
    yes, no = np.bincount(where, weights=chance), np.bincount(where, weights=1 - chance)
    own = np.bincount(where, weights=chance * (1 - chance))  # a row is no pair with itself
    below = np.concatenate([[0.0], np.cumsum(no)[:-1]])
    pairs = yes.sum() * no.sum() - own.sum()
    return float(((yes * below).sum() + (yes * no - own).sum() / 2) / pairs)


def compare(probability: Floats, worth: Floats, chance: Floats, dollars: Floats) -> Beside:
    """Set a model beside the truth.

    Parameters
    ----------
    probability, worth
        What the model says: a chance (0 to 1) and expected dollars.
    chance, dollars
        The truth of the same rows.
    """
    listed = max(1, round(CAPACITY * len(chance)))
    top = np.argsort(-worth, kind="stable")[:listed]
    cells = reliability_bins(probability)
    gaps = np.bincount(cells, weights=probability - chance)
    return Beside(
        rows=len(chance),
        auc=expected_auc(probability, chance),
        best=best_auc(chance),
        captured=float(dollars[top].sum()) / best_dollars(dollars, listed),
        gap=float(np.abs(gaps).sum() / len(chance)),
        promised=float(probability.mean()),
        true=float(chance.mean()),
    )

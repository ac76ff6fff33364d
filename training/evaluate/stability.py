"""Whether a model says the same from one period to the next."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from payrank.features.arrays import Floats
from payrank.features.probes.auc import measure_auc
from payrank.models.records.estimate import make_estimate
from payrank.models.records.evaluation import Stability
from payrank.training.evaluate.holdout import HoldoutRows
from payrank.training.evaluate.metrics import Forecast

BINS = 10
SMALLEST_SHARE = 1e-4
"""Share that an empty bin is taken to have, so that its logarithm is finite."""


def compare_periods(holdout: HoldoutRows, model: Forecast, gains: Sequence[Floats]) -> tuple[Stability, ...]:
    """Set each judged period beside the one before it.

    Parameters
    ----------
    gains
        For each judged period, what each feature gained its boosters, in the catalog's order.
    """
    periods, label, score = holdout.periods, holdout.label, model.score
    probability = np.asarray(model.probability)
    numbers = np.unique(periods)
    found = []
    for place in range(1, len(numbers)):
        one, two = periods == numbers[place - 1], periods == numbers[place]
        correlation = rank_correlation(gains[place - 1], gains[place])
        found.append(
            Stability(
                earlier=f"period {numbers[place - 1]}",
                later=f"period {numbers[place]}",
                auc_earlier=_auc(label[one], score[one]),
                auc_later=_auc(label[two], score[two]),
                score_psi=make_estimate(score_psi(probability[one], probability[two])).value,
                importance_rank_correlation=None if correlation is None else make_estimate(correlation).value,
            )
        )
    return tuple(found)


def _auc(label: Floats, score: Floats) -> float | None:
    auc = measure_auc(label, score)
    return None if auc is None else make_estimate(auc).value


def score_psi(before: Floats, after: Floats) -> float:
    """Return the population stability index: sum of (share after - share before) log(share after / share before).

    Over ten bins of about equal rows before (Siddiqi 2006, page 136).

    >>> round(score_psi(np.linspace(0, 1, 1000), np.linspace(0, 1, 500)), 3)
    0.0
    """
    edges = np.unique(np.quantile(before, np.arange(1, BINS) / BINS))
    shares = [
        np.maximum(
            np.bincount(np.searchsorted(edges, values, side="right"), minlength=len(edges) + 1) / len(values),
            SMALLEST_SHARE,
        )
        for values in (before, after)
    ]
    return float(((shares[1] - shares[0]) * np.log(shares[1] / shares[0])).sum())


def rank_correlation(one: Floats, other: Floats) -> float | None:
    """Return Spearman's rank correlation, None where either is all alike.

    >>> rank_correlation(np.array([3.0, 2.0, 1.0]), np.array([30.0, 20.0, 10.0]))
    1.0
    """
    ranks = [pd.Series(values).rank().to_numpy(dtype=np.float64) for values in (one, other)]
    if any(float(rank.std()) == 0 for rank in ranks):
        return None
    return float(np.clip(np.corrcoef(ranks[0], ranks[1])[0, 1], -1, 1))

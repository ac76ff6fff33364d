"""How stable a model is from one period to the next."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from payrank.features.arrays import Floats
from payrank.models.records.estimate import make_estimate
from payrank.models.records.evaluation import Stability
from payrank.training.evaluate.holdout import Forecast, HoldoutRows
from payrank.training.evaluate.metrics import measure_discrimination

BINS = 10
SMALLEST_SHARE = 1e-4
"""Share assumed for an empty bin, so that its logarithm is finite."""


def compare_periods(holdout: HoldoutRows, model: Forecast, feature_gains: Sequence[Floats]) -> tuple[Stability, ...]:
    """Compare each holdout period with the one before it.

    Parameters
    ----------
    feature_gains
        For each holdout period, each feature's gain in its boosters, in the catalog's order.
    """
    periods, label, score = holdout.periods, holdout.label, model.score
    probability = np.asarray(model.probability)
    numbers = np.unique(periods)
    comparisons = []
    for place in range(1, len(numbers)):
        earlier, later = periods == numbers[place - 1], periods == numbers[place]
        correlation = rank_correlation(feature_gains[place - 1], feature_gains[place])
        comparisons.append(
            Stability(
                earlier=f"period {numbers[place - 1]}",
                later=f"period {numbers[place]}",
                auc_earlier=_auc(label[earlier], score[earlier]),
                auc_later=_auc(label[later], score[later]),
                score_psi=make_estimate(population_stability_index(probability[earlier], probability[later])).value,
                importance_rank_correlation=None if correlation is None else make_estimate(correlation).value,
            )
        )
    return tuple(comparisons)


def _auc(label: Floats, score: Floats) -> float | None:
    auc = measure_discrimination(label, score).get("auc")
    return None if auc is None else make_estimate(auc).value


def population_stability_index(before: Floats, after: Floats) -> float:
    """Return the population stability index: the sum of (share after - share before) log(share after / share before).

    The bins are the deciles of `before` (Siddiqi 2006, page 136).

    >>> round(population_stability_index(np.linspace(0, 1, 1000), np.linspace(0, 1, 500)), 3)
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


def rank_correlation(first: Floats, second: Floats) -> float | None:
    """Return Spearman's rank correlation, or None if either array is constant.

    >>> rank_correlation(np.array([3.0, 2.0, 1.0]), np.array([30.0, 20.0, 10.0]))
    1.0
    """
    ranks = [pd.Series(values).rank().to_numpy(dtype=np.float64) for values in (first, second)]
    if any(float(rank.std()) == 0 for rank in ranks):
        return None
    return float(np.clip(np.corrcoef(ranks[0], ranks[1])[0, 1], -1, 1))

"""The area under the ROC curve over periods, with an interval that knows households act alike."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from payrank.features.arrays import Floats
from payrank.features.probes.ranking import rank, standard_error
from payrank.models.records.estimate import Estimate, make_estimate
from payrank.training.evaluate.bootstrap import ENDS
from payrank.training.evaluate.holdout import HoldoutRows
from payrank.training.evaluate.metrics import discrimination


def ranking_figures(holdout: HoldoutRows, score: Floats) -> dict[str, Estimate]:
    """Return `auc` and `average_precision`, means over the periods that have both outcomes.

    Scores of two periods come from two fits and are never in one list, so they are not ranked together. The AUC has an
    interval where each of those periods has 30 outcomes of each kind.
    """
    found = [(here, discrimination(holdout.label[here], score[here])) for here in _periods(holdout)]
    defined = [(here, one) for here, one in found if one]
    if not defined:
        return {}
    auc = float(np.mean([one["auc"] for _, one in defined]))
    error = auc_error(holdout, score, [here for here, _ in defined])
    return {
        "auc": make_estimate(auc, None if error is None else _ends(auc, error)),
        "average_precision": make_estimate(float(np.mean([one["average_precision"] for _, one in defined]))),
    }


def auc_figure(holdout: HoldoutRows, score: Floats) -> Estimate | None:
    """Return the AUC of all rows with its interval, None with fewer than 30 outcomes of a kind, or households.

    For a slice: its periods may each be too small, so the rows are ranked together.
    """
    ranking = rank(holdout.label, score, holdout.households.of_row)
    return None if ranking is None else make_estimate(ranking.auc, _ends(ranking.auc, ranking.error))


def auc_error(holdout: HoldoutRows, score: Floats, periods: list[NDArray[np.bool_]]) -> float | None:
    """Return the standard error of the mean AUC over periods, households taken together (Obuchowski 1997)."""
    house = holdout.households
    influence = np.zeros(house.count)
    for here in periods:
        ranking = rank(holdout.label[here], score[here], house.of_row[here])
        if ranking is None:
            return None
        influence[: len(ranking.influence)] += ranking.influence / len(periods)
    return standard_error(influence)


def _periods(holdout: HoldoutRows) -> list[NDArray[np.bool_]]:
    return [holdout.periods == period for period in np.unique(holdout.periods)]


def _ends(auc: float, error: float) -> tuple[float, float]:
    reach = NormalDist().inv_cdf(ENDS[1]) * error
    return max(0.0, auc - reach), min(1.0, auc + reach)

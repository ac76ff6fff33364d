"""Alarms: signs that a metric is too good to be true, usually because of leakage."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import NormalDist

import numpy as np
import pandas as pd

from payrank.features.feature import Feature
from payrank.features.frame import Frame
from payrank.features.probes.ranking import number_households, rank, standard_error
from payrank.features.probes.result import FALSE_ALARM
from payrank.features.probes.single_features import rank_features
from payrank.models.records.estimate import Estimate
from payrank.models.records.evaluation import Alarm
from payrank.training.design.temporal import Positions
from payrank.training.fit.quick_fit import forecast_later
from payrank.training.probes.importance import spread_rows

TOO_GOOD = 0.95
"""An AUC above this counts as a leak until shown otherwise."""
SUSPECTS = 5
"""Number of features that are checked alone: those with the largest contributions."""
MAX_ROWS = 5_000
"""Rows to fit, and rows to evaluate, when a model is fitted without the most important feature."""
MIN_RISE = 0.005
"""The lower bound of the AUC's rise must exceed this."""


def raise_alarms(
    auc: float | None, frame: Frame, fitted: Positions, later: Positions, suspects: Sequence[str]
) -> tuple[Alarm, ...]:
    """Return every alarm.

    Parameters
    ----------
    auc
        The model's AUC on the holdout rows.
    frame
        The training frame.
    fitted, later
        Positions of the rows whose labels were known before the last holdout period, and of that period's rows.
    suspects
        Feature names, most important first.
    """
    alarms = []
    if auc is not None and auc > TOO_GOOD:
        alarms.append(
            Alarm(
                name="auc_too_good",
                text=f"AUC {auc:.3f} is too good to be true; look for a feature that leaks the outcome",
            )
        )
    by_name = {feature.name: feature for feature in frame.features}
    suspected = [by_name[name] for name in suspects[:SUSPECTS]]
    alone = _rank_alone(frame, suspected, fitted, later)
    for name, (feature_auc, lower) in alone.items():
        if lower > TOO_GOOD:
            alarms.append(
                Alarm(
                    name="feature_too_good_alone",
                    text=f"{name} alone has an AUC of {feature_auc:.3f} on later rows (at least {lower:.3f}); a single "
                    f"fact known before the outcome should not exceed {TOO_GOOD:.2f}",
                )
            )
    for first in suspected[:1]:
        rise = rise_without(frame, first.name, fitted, later)
        if rise is not None and rise.low is not None and rise.low > MIN_RISE:
            alarms.append(
                Alarm(
                    name="better_without",
                    text=f"without {first.name} the AUC on later rows is {rise.value:.3f} higher (at least "
                    f"{rise.low:.3f}); it predicts the past but not later rows, so check when its source records it",
                )
            )
    return tuple(alarms)


def _rank_alone(
    frame: Frame, features: Sequence[Feature], fitted: Positions, later: Positions
) -> dict[str, tuple[float, float]]:
    """Return the AUC, and its lower bound, of each feature that can be ranked alone."""
    rows = np.concatenate([fitted, later])
    columns = ["label", "household", *(feature.name for feature in features)]
    data = frame.data.iloc[rows][columns]
    first = np.arange(len(rows)) < len(fitted)
    rankings = rank_features(Frame(frame.unit, data, tuple(features), frame.target), first, ~first)
    return {name: (ranking.auc, ranking.lower(len(rankings), FALSE_ALARM)) for name, ranking in rankings.items()}


def rise_without(frame: Frame, name: str, fitted: Positions, later: Positions) -> Estimate | None:
    """Return by how much the AUC of a small model on later rows rises when a feature is removed.

    An honest feature helps or does no harm. One that was filled in after the outcome dominates the fit, and then fails
    on later rows where it is not filled in yet. Return None with too few outcomes or households to measure.
    """
    fitted, later = fitted[spread_rows(len(fitted), MAX_ROWS)], later[spread_rows(len(later), MAX_ROWS)]
    data: pd.DataFrame = frame.data.iloc[np.concatenate([fitted, later])]
    first = np.arange(len(data)) < len(fitted)
    label = data["label"].to_numpy(dtype=np.float64)[~first]
    household = number_households(data["household"])[~first]
    with_feature = rank(label, forecast_later(data, frame.features, first, ~first), household)
    others = [feature for feature in frame.features if feature.name != name]
    if with_feature is None or not others or len(np.unique(data["label"][first])) < 2:
        return None
    without = rank(label, forecast_later(data, others, first, ~first), household)
    if without is None:
        return None
    error = standard_error(without.influence - with_feature.influence)
    rise, reach = without.auc - with_feature.auc, NormalDist().inv_cdf(0.975) * error
    return Estimate(value=rise, low=rise - reach, high=rise + reach)

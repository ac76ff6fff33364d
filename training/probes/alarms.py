"""Signs that a figure is too good to be believed."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import NormalDist

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from payrank.features.feature import Feature
from payrank.features.frame import Frame
from payrank.features.probes.ranking import number_households, rank, standard_error
from payrank.features.probes.result import FALSE_ALARM
from payrank.features.probes.single_features import rank_features
from payrank.models.records.estimate import Estimate
from payrank.models.records.evaluation import Alarm
from payrank.training.fit.quick_fit import forecast_later
from payrank.training.probes.importance import spread_rows

TOO_GOOD = 0.95
"""An AUC above this is a leak until shown otherwise."""
SUSPECTS = 5
"""Features that are looked at alone: those with the largest contributions."""
MOST_ROWS = 5_000
"""Rows to learn from, and rows to judge on, when the model is fitted without the most important feature."""
RISE = 0.005
"""By how much at least the AUC must surely rise."""


def raise_alarms(
    auc: float | None, frame: Frame, learn: NDArray[np.intp], judge: NDArray[np.intp], suspects: Sequence[str]
) -> tuple[Alarm, ...]:
    """Return every alarm.

    Parameters
    ----------
    auc
        Of the model on the judged rows.
    frame
        The training frame.
    learn, judge
        Positions of rows whose labels were known before the last judged period, and of the rows of that period.
    suspects
        Names of features, the most important first.
    """
    alarms = []
    if auc is not None and auc > TOO_GOOD:
        alarms.append(
            Alarm(
                name="auc_too_good",
                text=f"AUC {auc:.3f} is too good for this question: look for a feature that knows the outcome",
            )
        )
    by_name = {feature.name: feature for feature in frame.features}
    few = [by_name[name] for name in suspects[:SUSPECTS]]
    alone = _rank_alone(frame, few, learn, judge)
    for name, (found, lower) in alone.items():
        if lower > TOO_GOOD:
            alarms.append(
                Alarm(
                    name="feature_too_good_alone",
                    text=f"{name} alone has an AUC of {found:.3f} on later rows (at least {lower:.3f}): no single fact "
                    f"known before the outcome should be over {TOO_GOOD:.2f}",
                )
            )
    for first in few[:1]:
        rise = rise_without(frame, first.name, learn, judge)
        if rise is not None and rise.low is not None and rise.low > RISE:
            alarms.append(
                Alarm(
                    name="better_without",
                    text=f"without {first.name} the AUC on later rows is {rise.value:.3f} higher (at least "
                    f"{rise.low:.3f}): it tells of the past what it cannot tell later; see when its source knows it",
                )
            )
    return tuple(alarms)


def _rank_alone(
    frame: Frame, features: Sequence[Feature], learn: NDArray[np.intp], judge: NDArray[np.intp]
) -> dict[str, tuple[float, float]]:
    """Return AUC and its lower bound for each feature that can be judged alone."""
    kept = np.concatenate([learn, judge])
    narrow = ["label", "household", *(feature.name for feature in features)]
    data = frame.data.iloc[kept][narrow]
    first = np.arange(len(kept)) < len(learn)
    found = rank_features(Frame(frame.unit, data, tuple(features), frame.target), first, ~first)
    return {name: (one.auc, one.lower(len(found), FALSE_ALARM)) for name, one in found.items()}


def rise_without(frame: Frame, name: str, learn: NDArray[np.intp], judge: NDArray[np.intp]) -> Estimate | None:
    """Return by how much the AUC of a small model on later rows rises when it does without a feature.

    A feature that is honest helps, or does no harm; one that was filled in afterwards rules the fit and fails when it
    is asked. None where there are too few outcomes or households to say.
    """
    learn, judge = learn[spread_rows(len(learn), MOST_ROWS)], judge[spread_rows(len(judge), MOST_ROWS)]
    data: pd.DataFrame = frame.data.iloc[np.concatenate([learn, judge])]
    first = np.arange(len(data)) < len(learn)
    label = data["label"].to_numpy(dtype=np.float64)[~first]
    household = number_households(data["household"])[~first]
    with_it = rank(label, forecast_later(data, frame.features, first, ~first), household)
    rest = [feature for feature in frame.features if feature.name != name]
    if with_it is None or not rest or len(np.unique(data["label"][first])) < 2:
        return None
    without = rank(label, forecast_later(data, rest, first, ~first), household)
    if without is None:
        return None
    error = standard_error(without.influence - with_it.influence)
    rise, reach = without.auc - with_it.auc, NormalDist().inv_cdf(0.975) * error
    return Estimate(value=rise, low=rise - reach, high=rise + reach)

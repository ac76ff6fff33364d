"""The present value of a recovery, discounted by when it is expected, and the cost of an action."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd

from payrank.features.arrays import Floats
from payrank.scoring.action_table import NextAction
from payrank.scoring.list_spec import ListName
from payrank.scoring.settings import ScoringSettings

DAYS_PER_YEAR = 365.0
_PROBABILITY_BY_DAY = re.compile(r"probability_(\d+)")


def discount(days: float | Floats, annual_rate: float) -> Floats:
    """Return the present value of a dollar that is paid after `days`.

    >>> discount(365.0, 0.25).item()
    0.8
    """
    return np.asarray((1.0 + annual_rate) ** (-np.asarray(days, dtype=np.float64) / DAYS_PER_YEAR))


def outcome_timing(
    scores: pd.DataFrame, horizon_days: int, annual_rate: float, default_days: float | Floats | None = None
) -> pd.DataFrame:
    """Return when each row's money is expected, if it is paid, and the present value of a dollar of it.

    Money is assumed to arrive in the middle of its bin. The bins lie between the days of the columns `probability_30`
    and so on (the cumulative probability of the outcome within so many days). The probability beyond the last column
    falls between that day and the horizon.

    Parameters
    ----------
    scores
        Scores of a model, one row per account or denial; see `payrank.models.predict`.
    horizon_days
        Days within which `probability` expects the outcome.
    annual_rate
        Annual discount rate: a dollar a year from now is worth 1 / (1 + rate).
    default_days
        Days until the money is expected where no bin has a probability; half the horizon when left out.

    Returns
    -------
    DataFrame
        `expected_days` (days) and `discount_factor` (0 to 1), indexed like `scores`.
    """
    days = (
        np.full(len(scores), horizon_days / 2) if default_days is None else np.broadcast_to(default_days, len(scores))
    )
    factor = discount(days, annual_rate)
    ends = sorted(int(match[1]) for name in scores.columns if (match := _PROBABILITY_BY_DAY.fullmatch(str(name))))
    if ends:
        columns = [f"probability_{end}" for end in ends]
        if horizon_days > ends[-1] and "probability" in scores:
            ends, columns = [*ends, horizon_days], [*columns, "probability"]
        by_bin = np.clip(np.diff(scores[columns].to_numpy(np.float64), axis=1, prepend=0.0), 0.0, None)
        middles = (np.asarray([0, *ends[:-1]]) + np.asarray(ends)) / 2
        total = by_bin.sum(axis=1)
        share = by_bin / np.where(total > 0, total, 1.0)[:, None]
        days = np.where(total > 0, share @ middles, days)
        factor = np.where(total > 0, share @ discount(middles, annual_rate), factor)
    return pd.DataFrame({"expected_days": days, "discount_factor": factor}, index=scores.index)


def cost_of(action: NextAction, name: ListName, settings: ScoringSettings) -> float:
    """Return the cost of an action in dollars: the site's cost for it, its queue, or its list, else the table's.

    >>> from payrank.scoring.action_table import read_actions
    >>> call = read_actions().patient_pay[-1]
    >>> cost_of(call, "patient_pay", ScoringSettings())
    6.0
    >>> cost_of(call, "patient_pay", ScoringSettings(costs={"call": 4}))
    4.0
    """
    keys = (key for key in (action.name, action.queue, name) if key in settings.costs)
    return float(next((settings.costs[key] for key in keys), action.cost))

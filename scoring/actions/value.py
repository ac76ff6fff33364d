"""What a recovery is worth today: discounted by when it is expected, and what the action costs."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd

from payrank.features.arrays import Floats
from payrank.scoring.action_table import ListName, NextAction
from payrank.scoring.settings import ScoringSettings

DAYS_A_YEAR = 365.0
_BY_DAY = re.compile(r"probability_(\d+)")


def discount(days: float | Floats, annual_rate: float) -> Floats:
    """Return what a dollar is worth that comes after `days`.

    >>> discount(365.0, 0.25).item()
    0.8
    """
    return np.asarray((1.0 + annual_rate) ** (-np.asarray(days, dtype=np.float64) / DAYS_A_YEAR))


def outcome_timing(
    scores: pd.DataFrame, horizon_days: int, annual_rate: float, otherwise: float | Floats | None = None
) -> pd.DataFrame:
    """Return when each row's money is expected, if it comes, and what a dollar of it is worth today.

    Money is taken to come in the middle of its bin. The bins lie between the days of the columns `probability_30` and
    so on (the chance of the outcome within so many days, never decreasing); what `probability` has beyond the last of
    them comes between that day and the horizon.

    Parameters
    ----------
    scores
        Scores of a model, one row an account or denial; see `payrank.models.predict`.
    horizon_days
        Days within which `probability` expects the outcome.
    annual_rate
        Share of a dollar that a year's wait takes from it, as 1 - 1 / (1 + rate).
    otherwise
        Days at which the money is expected where no bin has a chance; the middle of the horizon without it.

    Returns
    -------
    DataFrame
        `expected_days` (days) and `worth` (0 to 1), indexed as `scores`.
    """
    days = np.full(len(scores), horizon_days / 2) if otherwise is None else np.broadcast_to(otherwise, len(scores))
    worth = discount(days, annual_rate)
    ends = sorted(int(found[1]) for name in scores.columns if (found := _BY_DAY.fullmatch(str(name))))
    if ends:
        columns = [f"probability_{end}" for end in ends]
        if horizon_days > ends[-1] and "probability" in scores:
            ends, columns = [*ends, horizon_days], [*columns, "probability"]
        chance = np.clip(np.diff(scores[columns].to_numpy(np.float64), axis=1, prepend=0.0), 0.0, None)
        middles = (np.asarray([0, *ends[:-1]]) + np.asarray(ends)) / 2
        in_all = chance.sum(axis=1)
        share = chance / np.where(in_all > 0, in_all, 1.0)[:, None]
        days = np.where(in_all > 0, share @ middles, days)
        worth = np.where(in_all > 0, share @ discount(middles, annual_rate), worth)
    return pd.DataFrame({"expected_days": days, "worth": worth}, index=scores.index)


def cost_of(action: NextAction, name: ListName, settings: ScoringSettings) -> float:
    """Return what an action costs, dollars: the site's figure for it, its queue or its list, else the table's.

    >>> from payrank.scoring.action_table import read_actions
    >>> call = read_actions().patient_pay[-1]
    >>> cost_of(call, "patient_pay", ScoringSettings())
    6.0
    >>> cost_of(call, "patient_pay", ScoringSettings(costs={"call": 4}))
    4.0
    """
    named = (one for one in (action.name, action.queue, name) if one in settings.costs)
    return float(next((settings.costs[one] for one in named), action.cost))

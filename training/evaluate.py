"""How good a ranking and its probabilities are, in figures that a manager and a data scientist both read."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Floats = NDArray[np.float64]

BINS = 10
FEWEST_ON_A_NIGHT = 100
"""Rows an as-of date needs on average to be a list of its own; smaller ones are ranked together, by period."""


@dataclass(frozen=True, slots=True)
class Forecast:
    """What a model or baseline said of rows.

    `score` ranks them; `probability` is None for a ranking without one; `worth` is what the office would sort by:
    expected dollars, or the score where amounts are unknown.
    """

    score: Floats
    probability: Floats | None
    worth: Floats


def evaluate(data: pd.DataFrame, periods: NDArray[np.intp], forecast: Forecast, capacity: float) -> dict[str, float]:
    """Return the figures of a forecast; one that is not defined (one class only, say) is left out.

    Parameters
    ----------
    data
        Judged rows with `as_of`, `label`, `amount` and `recovered`.
    periods
        The validation period of each row.
    capacity
        Share of each list that the office can work (0.2: the top 20 %).

    Returns
    -------
    dict
        `auc` and `average_precision`, means over the periods, as scores of different fits are never in one list;
        `lift` (rate in the top of the list over the rate of all), `brier`, `log_loss`, `ece`, and `dollars_captured`
        (share of the recovered dollars that lie in the top by `worth`), or `outcomes_captured` where amounts are
        unknown.
    """
    label = data["label"].to_numpy(dtype=np.float64)
    nights = lists_of(data, periods)
    by_period = [discrimination(label[here], forecast.score[here]) for here in _groups(periods)]
    defined = [found for found in by_period if found]
    figures = {name: float(np.mean([found[name] for found in defined])) for name in (defined[0] if defined else ())}
    if forecast.probability is not None:
        figures |= probability_figures(label, forecast.probability)
    gain = gains(data)
    top = top_of_lists(nights, forecast.score, capacity)
    if label.mean() > 0:
        figures["lift"] = float(label[top].mean() / label.mean())
    if gain.sum() > 0:
        best = top_of_lists(nights, forecast.worth, capacity)
        figures[captured_name(data)] = float(gain[best].sum() / gain.sum())
    return figures


def _groups(periods: NDArray[np.intp]) -> list[NDArray[np.bool_]]:
    return [periods == period for period in np.unique(periods)]


def amounts_known(data: pd.DataFrame) -> bool:
    """Whether dollars can be counted: some row has both an amount and what was recovered of it."""
    return bool((data["amount"].notna() & data["recovered"].notna()).any())


def captured_name(data: pd.DataFrame) -> str:
    """Return the figure's name: dollars where they are known, else outcomes."""
    return "dollars_captured" if amounts_known(data) else "outcomes_captured"


def gains(data: pd.DataFrame) -> Floats:
    """Return what working each row brought: recovered dollars, 0 where unknown; or its outcome without amounts."""
    column = "recovered" if amounts_known(data) else "label"
    brought: Floats = np.nan_to_num(data[column].to_numpy(dtype=np.float64, na_value=np.nan), nan=0.0)
    return brought


def discrimination(label: Floats, score: Floats) -> dict[str, float]:
    """Return `auc` and `average_precision`, or nothing when all rows have one outcome."""
    from sklearn.metrics import average_precision_score, roc_auc_score  # noqa: PLC0415 - late: a second of imports

    if not 0 < label.sum() < len(label):
        return {}
    return {
        "auc": float(roc_auc_score(label, score)),
        "average_precision": float(average_precision_score(label, score)),
    }


def probability_figures(label: Floats, probability: Floats) -> dict[str, float]:
    """Return `brier`, `log_loss` and `ece`.

    >>> figures = probability_figures(np.array([0.0, 1.0]), np.array([0.5, 0.5]))
    >>> {name: round(value, 3) for name, value in figures.items()}
    {'brier': 0.25, 'log_loss': 0.693, 'ece': 0.0}
    """
    safe = np.clip(probability, 1e-9, 1 - 1e-9)
    return {
        "brier": float(((probability - label) ** 2).mean()),
        "log_loss": float(-(label * np.log(safe) + (1 - label) * np.log(1 - safe)).mean()),
        "ece": expected_calibration_error(label, probability),
    }


def reliability(label: Floats, probability: Floats) -> list[tuple[int, float, float]]:
    """Return rows, mean probability and share of events in ten bins of about equal rows; ties stay together."""
    cells = reliability_cells(probability)
    return [
        (int(here.sum()), float(probability[here].mean()), float(label[here].mean()))
        for here in (cells == cell for cell in range(int(cells.max()) + 1))
    ]


def reliability_cells(probability: Floats) -> NDArray[np.intp]:
    """Return the bin of each row, from 0, in ten bins of about equal rows; ties stay together and no bin is empty."""
    edges = np.unique(np.quantile(probability, np.arange(1, BINS) / BINS))
    _, cells = np.unique(np.searchsorted(edges, probability, side="right"), return_inverse=True)
    return np.asarray(cells, dtype=np.intp)


def expected_calibration_error(label: Floats, probability: Floats) -> float:
    """Return the mean gap between promised and seen rates over equal-count bins (Naeini et al. 2015)."""
    return sum(rows * abs(promised - seen) for rows, promised, seen in reliability(label, probability)) / len(label)


def lists_of(data: pd.DataFrame, periods: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return the list that each row was ranked in: its as-of date, or its period where dates hold few rows."""
    codes, dates = pd.factorize(data["as_of"], sort=True)
    return codes.astype(np.intp) if len(data) >= FEWEST_ON_A_NIGHT * len(dates) else periods


def top_of_lists(nights: NDArray[np.intp], score: Floats, capacity: float) -> NDArray[np.bool_]:
    """Tell which rows are in the top `capacity` of their list by `score`; unknown scores come last.

    >>> top_of_lists(np.array([0, 0, 1, 1]), np.array([1.0, 2.0, 9.0, 8.0]), 0.5)
    array([False,  True,  True, False])
    """
    top = np.zeros(len(score), dtype=bool)
    for night in np.unique(nights):
        here = np.flatnonzero(nights == night)
        order = here[np.argsort(-np.nan_to_num(score[here], nan=-np.inf), kind="stable")]
        top[order[: round(len(here) * capacity)]] = True
    return top

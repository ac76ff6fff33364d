"""How good a ranking and its probabilities are, in figures that a manager and a data scientist both read."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from payrank.features.arrays import Floats
from payrank.features.probes.auc import RankedRows

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


def amounts_known(data: pd.DataFrame) -> bool:
    """Whether dollars can be counted: some row has both an amount and what was recovered of it."""
    return bool((data["amount"].notna() & data["recovered"].notna()).any())


def gains(data: pd.DataFrame) -> Floats:
    """Return what working each row brought: recovered dollars, 0 where unknown; or its outcome without amounts."""
    column = "recovered" if amounts_known(data) else "label"
    brought: Floats = np.nan_to_num(data[column].to_numpy(dtype=np.float64, na_value=np.nan), nan=0.0)
    return brought


def discrimination(label: Floats, score: Floats) -> dict[str, float]:
    """Return `auc` and `average_precision`, or nothing when all rows have one outcome.

    The AUC is the chance that an event outranks a non-event, ties counting half; the average precision is the mean over
    the events of the precision down to each, rows of one score taken together.

    >>> found = discrimination(np.array([1.0, 0, 1, 0]), np.array([4.0, 3, 2, 1]))
    >>> {name: round(value, 3) for name, value in found.items()}
    {'auc': 0.75, 'average_precision': 0.833}
    """
    auc, average_precision = RankedRows(label, score).measure()
    return {} if np.isnan(auc) else {"auc": auc, "average_precision": average_precision}


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

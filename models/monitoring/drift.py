"""How far the distribution of each feature has drifted from the training data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from payrank.features.arrays import Floats
from payrank.models.bundle import Bundle
from payrank.models.matrix import ModelColumn, encode

PROBABILITY = "probability"
"""Name of the entry for the model's own scores."""
LARGE_PSI = 0.25
"""Population stability index from which a distribution counts as shifted (Siddiqi 2006)."""
TIMES_CHANCE = 4.0
"""The index must also exceed this multiple of its expected value under no change."""
CALENDAR = "season"
"""Family of features that follow the calendar, and therefore always drift."""


@dataclass(frozen=True, slots=True)
class Drift:
    """One feature's population stability index against training, and its expected value under no change."""

    name: str
    index: float
    by_chance: float

    @property
    def moved(self) -> bool:
        """Whether the shift is large, and larger than chance explains for this number of rows."""
        return self.index >= LARGE_PSI and self.index >= TIMES_CHANCE * self.by_chance


def measure_drift(bundle: Bundle, data: pd.DataFrame, probability: Floats) -> tuple[Drift, ...]:
    """Compare a frame and its scores with the model's reference distributions, largest drift first.

    Parameters
    ----------
    bundle
        Its `reference.json` has counts by bin of the training rows and of the backtest probabilities.
    data
        Rows of a nightly frame.
    probability
        Their calibrated probabilities.

    Returns
    -------
    tuple of Drift
        One per feature except those of the calendar, and one for the probability; empty for an empty frame.
    """
    if data.empty:
        return ()
    columns = [column for column in bundle.manifest.features if column.family != CALENDAR]
    matrix = encode(data, columns)
    references: Mapping[str, Mapping[str, Any]] = bundle.reference["features"]
    drifts = [
        _compare(column.name, references[column.name], _count(matrix[:, place], references[column.name], column))
        for place, column in enumerate(columns)
    ]
    scores = bundle.reference[PROBABILITY]
    drifts.append(_compare(PROBABILITY, scores, _count(probability, scores, None)))
    return tuple(sorted(drifts, key=lambda drift: (-drift.index, drift.name)))


def population_stability(expected: Floats, actual: Floats) -> float:
    """Return the sum of (q - p) ln(q / p) over cells, with half a row added to each so that none is empty.

    >>> population_stability(np.array([50.0, 50.0]), np.array([500.0, 500.0])) < 1e-4
    True
    >>> round(population_stability(np.array([900.0, 100.0]), np.array([500.0, 500.0])), 2)
    0.88
    """
    p = (expected + 0.5) / (expected + 0.5).sum()
    q = (actual + 0.5) / (actual + 0.5).sum()
    return float(((q - p) * np.log(q / p)).sum())


def _compare(name: str, reference: Mapping[str, Any], counts: Floats) -> Drift:
    expected = np.array([*(reference["counts"] or [0]), reference.get("unknown", 0)], dtype=np.float64)
    seen = (expected + counts) > 0
    # Under no change its expected value is about (cells - 1)(1/n + 1/N) (Yurdakul and Naranjo 2020).
    by_chance = float((seen.sum() - 1) * (1 / max(counts.sum(), 1.0) + 1 / max(expected.sum(), 1.0)))
    return Drift(name, round(population_stability(expected[seen], counts[seen]), 4), round(by_chance, 4))


def _count(values: Floats, reference: Mapping[str, Any], column: ModelColumn | None) -> Floats:
    """Count values in the reference's cells; missing values come last."""
    cells = max(len(reference["counts"]), 1)  # a feature that was always missing in training has no cells
    known = values[~np.isnan(values)]
    if column is not None and column.levels is not None:
        places = np.minimum(known.astype(np.intp), cells - 1)
    else:
        places = np.searchsorted(np.asarray(reference["edges"], dtype=np.float64), known, side="right")
    counts = np.bincount(places, minlength=cells).astype(np.float64)
    return np.append(counts, float(len(values) - len(known)))

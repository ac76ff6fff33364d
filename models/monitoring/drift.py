"""How far tonight's rows have moved from those that a model was trained on, feature by feature."""

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
"""The name under which the model's own scores are compared."""
MOVED = 0.25
"""A population stability index from which a distribution is called moved (Siddiqi 2006)."""
TIMES_CHANCE = 4.0
"""And beyond this many times what chance alone gives so many rows."""
CALENDAR = "season"
"""Family of features that move with the calendar, as they should."""


@dataclass(frozen=True, slots=True)
class Drift:
    """One feature's population stability index against training, and what chance alone would give."""

    name: str
    index: float
    by_chance: float

    @property
    def moved(self) -> bool:
        """Whether the distribution moved by enough to matter, and by more than so few rows may."""
        return self.index >= MOVED and self.index >= TIMES_CHANCE * self.by_chance


def measure_drift(bundle: Bundle, data: pd.DataFrame, probability: Floats) -> tuple[Drift, ...]:
    """Compare a frame and its scores with the model's reference, the farthest first.

    Parameters
    ----------
    bundle
        Its `reference.json` holds counts by bin of the training rows, and of the probabilities out of time.
    data
        Rows of a nightly frame.
    probability
        Their calibrated probabilities.

    Returns
    -------
    tuple of Drift
        One a feature but those of the calendar, and one for the probability; none of an empty frame.
    """
    if data.empty:
        return ()
    columns = [column for column in bundle.manifest.features if column.family != CALENDAR]
    matrix = encode(data, columns)
    of_features: Mapping[str, Mapping[str, Any]] = bundle.reference["features"]
    drifts = [
        _compare(column.name, of_features[column.name], _count(matrix[:, place], of_features[column.name], column))
        for place, column in enumerate(columns)
    ]
    scores = bundle.reference[PROBABILITY]
    drifts.append(_compare(PROBABILITY, scores, _count(probability, scores, None)))
    return tuple(sorted(drifts, key=lambda drift: (-drift.index, drift.name)))


def population_stability(expected: Floats, actual: Floats) -> float:
    """Return the sum of (q - p) ln(q / p) over cells, half a row added to each so that none is empty.

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
    # Under no change the index is about (cells - 1)(1/n + 1/N) (Yurdakul and Naranjo 2020).
    by_chance = float((seen.sum() - 1) * (1 / max(counts.sum(), 1.0) + 1 / max(expected.sum(), 1.0)))
    return Drift(name, round(population_stability(expected[seen], counts[seen]), 4), round(by_chance, 4))


def _count(values: Floats, reference: Mapping[str, Any], column: ModelColumn | None) -> Floats:
    """Count values in the reference's cells, the unknown last."""
    cells = max(len(reference["counts"]), 1)  # a feature that training never saw known has no cell of its own
    known = values[~np.isnan(values)]
    if column is not None and column.levels is not None:
        places = np.minimum(known.astype(np.intp), cells - 1)
    else:
        places = np.searchsorted(np.asarray(reference["edges"], dtype=np.float64), known, side="right")
    counts = np.bincount(places, minlength=cells).astype(np.float64)
    return np.append(counts, float(len(values) - len(known)))

"""AUC and average precision of several scores in the same resamples of households."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from payrank.features.arrays import Floats
from payrank.features.probes.auc import RankedRows
from payrank.training.evaluate.bootstrap import Households


def resample_rankings(
    households: Households, label: Floats, scores: Mapping[str, Floats]
) -> dict[str, dict[str, Floats]]:
    """Return `auc` and `average_precision` of each score, of the rows as they are and then of each resample.

    Parameters
    ----------
    households
        The households of the rows, and how often to draw them.
    label
        0 or 1, one a row.
    scores
        By name, higher for more likely, one a row; every score is measured in the same draws.

    Returns
    -------
    dict
        By name and figure, an array of resamples + 1 values; NaN where a resample has one outcome only.

    Examples
    --------
    >>> four = Households(np.arange(4), 4, 3, 0)
    >>> found = resample_rankings(four, np.array([0.0, 1.0, 0.0, 1.0]), {"score": np.array([1.0, 2.0, 3.0, 4.0])})
    >>> float(found["score"]["auc"][0]), round(float(found["score"]["average_precision"][0]), 3)
    (0.75, 0.833)
    """
    ranked = {name: RankedRows(label, score) for name, score in scores.items()}
    found = {name: np.empty((households.resamples + 1, 2)) for name in scores}
    draw = np.random.default_rng(households.seed)
    times = np.ones(len(label))
    for resample in range(households.resamples + 1):
        if resample:
            drawn = draw.integers(households.count, size=households.count)
            times = np.bincount(drawn, minlength=households.count)[households.of_row].astype(np.float64)
        for name, rows in ranked.items():
            found[name][resample] = rows.measure(times)
    return {name: {"auc": both[:, 0], "average_precision": both[:, 1]} for name, both in found.items()}

"""AUC and average precision of several scores in the same resamples of households."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from payrank.training.evaluate.bootstrap import Households

Floats = NDArray[np.float64]


class _Ranked:
    """Rows in the order of a score; rows with equal scores end at one place."""

    def __init__(self, label: Floats, score: Floats) -> None:
        self.order = np.argsort(-score, kind="stable")
        in_order = score[self.order]
        self.ends = np.flatnonzero(np.append(np.diff(in_order) != 0, True))
        self.label = label[self.order]

    def figures(self, times: Floats) -> tuple[float, float]:
        """Return AUC and average precision where each row counts `times` over; NaN with one outcome only."""
        weight = times[self.order]
        happened = np.cumsum(weight * self.label)[self.ends]
        counted = np.cumsum(weight)[self.ends]
        events, others = happened[-1], counted[-1] - happened[-1]
        if events == 0 or others == 0:
            return np.nan, np.nan
        more = np.diff(happened, prepend=0.0)
        more_others = np.diff(counted - happened, prepend=0.0)
        auc = float((more_others * (happened - more / 2)).sum() / (events * others))
        with_rows = counted > 0
        return auc, float((more[with_rows] * happened[with_rows] / counted[with_rows]).sum() / events)


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
    ranked = {name: _Ranked(label, score) for name, score in scores.items()}
    found = {name: np.empty((households.resamples + 1, 2)) for name in scores}
    draw = np.random.default_rng(households.seed)
    times = np.ones(len(label))
    for resample in range(households.resamples + 1):
        if resample:
            drawn = draw.integers(households.count, size=households.count)
            times = np.bincount(drawn, minlength=households.count)[households.of_row].astype(np.float64)
        for name, rows in ranked.items():
            found[name][resample] = rows.figures(times)
    return {name: {"auc": both[:, 0], "average_precision": both[:, 1]} for name, both in found.items()}

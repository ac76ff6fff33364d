"""AUC and average precision of several scores, from the same household resamples."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from payrank.features.arrays import Floats
from payrank.training.evaluate.bootstrap import Households


class _RankedRows:
    """Rows in the order of a score. Rows with the same score share one end position."""

    def __init__(self, label: Floats, score: Floats) -> None:
        self.order = np.argsort(-score, kind="stable")
        in_order = score[self.order]
        self.ends = np.flatnonzero(np.append(np.diff(in_order) != 0, True))
        self.label = label[self.order]

    def measure(self, times_drawn: Floats) -> tuple[float, float]:
        """Return AUC and average precision when each row counts `times_drawn` times; NaN with only one outcome."""
        weight = times_drawn[self.order]
        events_so_far = np.cumsum(weight * self.label)[self.ends]
        rows_so_far = np.cumsum(weight)[self.ends]
        events, others = events_so_far[-1], rows_so_far[-1] - events_so_far[-1]
        if events == 0 or others == 0:
            return np.nan, np.nan
        new_events = np.diff(events_so_far, prepend=0.0)
        new_others = np.diff(rows_so_far - events_so_far, prepend=0.0)
        auc = float((new_others * (events_so_far - new_events / 2)).sum() / (events * others))
        drawn = rows_so_far > 0
        precision = (new_events[drawn] * events_so_far[drawn] / rows_so_far[drawn]).sum() / events
        return auc, float(precision)


def resample_rankings(
    households: Households, label: Floats, scores: Mapping[str, Floats]
) -> dict[str, dict[str, Floats]]:
    """Return `auc` and `average_precision` of each score, without resampling and then for each resample.

    Parameters
    ----------
    households
        The households of the rows, and how to resample them.
    label
        0 or 1, one per row.
    scores
        By name, one value per row, higher for more likely. All scores are measured on the same draws.

    Returns
    -------
    dict
        By name and metric, an array of resamples + 1 values; NaN if a resample has only one outcome.

    Examples
    --------
    >>> four = Households(np.arange(4), 4, 3, 0)
    >>> metrics = resample_rankings(four, np.array([0.0, 1.0, 0.0, 1.0]), {"score": np.array([1.0, 2.0, 3.0, 4.0])})
    >>> float(metrics["score"]["auc"][0]), round(float(metrics["score"]["average_precision"][0]), 3)
    (0.75, 0.833)
    """
    ranked = {name: _RankedRows(label, score) for name, score in scores.items()}
    values = {name: np.empty((households.resamples + 1, 2)) for name in scores}
    draw = np.random.default_rng(households.seed)
    times_drawn = np.ones(len(label))
    for resample in range(households.resamples + 1):
        if resample:
            drawn = draw.integers(households.count, size=households.count)
            times_drawn = np.bincount(drawn, minlength=households.count)[households.of_row].astype(np.float64)
        for name, rows in ranked.items():
            values[name][resample] = rows.measure(times_drawn)
    return {name: {"auc": both[:, 0], "average_precision": both[:, 1]} for name, both in values.items()}

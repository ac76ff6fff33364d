"""The area under the ROC curve and the average precision: the one implementation that payrank uses."""

from __future__ import annotations

import numpy as np

from payrank.features.arrays import Floats


class RankedRows:
    """Rows sorted by a score, highest first. Rows with equal scores form one group, so ties count half.

    Sorting takes longer than measuring, so that one object serves all resamples of the same rows.

    Parameters
    ----------
    label
        0 or 1 per row, n.
    score
        Higher for more likely, without missing values, n.
    """

    def __init__(self, label: Floats, score: Floats) -> None:
        self.order = np.argsort(-score, kind="stable")
        sorted_score = score[self.order]
        self.last_of_group = np.flatnonzero(np.append(np.diff(sorted_score) != 0, True))
        self.label = label[self.order]

    def measure(self, weight: Floats | None = None) -> tuple[float, float]:
        """Return the AUC and the average precision, NaN when all rows have the same outcome.

        The AUC is the probability that an event outranks a non-event, ties counting half (Mann and Whitney 1947). The
        average precision is the mean, over the events, of the precision at each event's score.

        Parameters
        ----------
        weight
            How many times each row counts, n; None counts each row once.

        Examples
        --------
        >>> auc, average_precision = RankedRows(np.array([1.0, 0, 1, 0]), np.array([4.0, 3, 2, 1])).measure()
        >>> auc, round(average_precision, 3)
        (0.75, 0.833)
        """
        weight = np.ones(len(self.label)) if weight is None else weight[self.order]
        events_to_here = np.cumsum(weight * self.label)[self.last_of_group]
        rows_to_here = np.cumsum(weight)[self.last_of_group]
        if not len(rows_to_here):
            return np.nan, np.nan
        events, others = events_to_here[-1], rows_to_here[-1] - events_to_here[-1]
        if events == 0 or others == 0:
            return np.nan, np.nan
        group_events = np.diff(events_to_here, prepend=0.0)
        group_others = np.diff(rows_to_here - events_to_here, prepend=0.0)
        auc = float((group_others * (events_to_here - group_events / 2)).sum() / (events * others))
        some = rows_to_here > 0  # a resample may leave out the first groups
        precision = group_events[some] * events_to_here[some] / rows_to_here[some]
        return auc, float(precision.sum() / events)


def measure_auc(label: Floats, score: Floats) -> float | None:
    """Return the area under the ROC curve, or None when all rows have the same outcome.

    >>> measure_auc(np.array([0.0, 1.0, 1.0, 0.0]), np.array([0.1, 0.4, 0.4, 0.4]))
    0.75
    """
    auc, _ = RankedRows(label, score).measure()
    return None if np.isnan(auc) else auc

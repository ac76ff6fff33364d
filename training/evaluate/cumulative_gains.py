"""The share of the gain in the top of the lists, also in resamples, where each list is cut again."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from payrank.features.arrays import Floats

NEAR_CUTOFF = 0.05
"""Rows within this share of a list from its cutoff count as being near the cutoff."""


@dataclass(frozen=True, slots=True)
class RankedLists:
    """Rows ranked within their lists: `rank` from 0, best first, and `rows`, the length of the row's list."""

    rank: NDArray[np.intp]
    rows: NDArray[np.intp]

    @property
    def place(self) -> Floats:
        """Each row's place as a share of its list: near 0 the best, 1 the last."""
        place: Floats = (self.rank + 1) / self.rows
        return place

    def top(self, capacity: float) -> NDArray[np.bool_]:
        """Return a mask of the rows in the top `capacity` of their list."""
        return np.asarray(self.rank < np.rint(self.rows * capacity), dtype=bool)

    def captured(self, gain: Floats, capacity: float) -> Floats:
        """Return what each row contributes to the gain in the top of its list, after the list is cut again.

        A resample can have more rows above the cutoff than the office can work. The surplus rows drop out, and each
        takes the mean gain near the cutoff with it. So the gain in the top is a sum over rows with fixed terms, and all
        resamples follow from one matrix product: the `gain` of rows in the top, plus (share worked - in the top) times
        the mean gain near the cutoff. Exact without resampling; in a resample it differs from ranking again by the
        square of a small shift.
        """
        worked = np.rint(self.rows * capacity) / self.rows
        near = np.abs(self.place - worked) <= NEAR_CUTOFF
        gain_at_cutoff = float(gain[near].mean()) if near.any() else 0.0
        contribution: Floats = gain * self.top(capacity) + (worked - self.top(capacity)) * gain_at_cutoff
        return contribution


def rank_lists(lists: NDArray[np.intp], worth: Floats) -> RankedLists:
    """Rank rows within their lists by worth. Unknown worth comes last, and ties keep the order of the rows.

    >>> rank_lists(np.array([0, 0, 1, 1]), np.array([1.0, 2.0, 9.0, 8.0])).top(0.5)
    array([False,  True,  True, False])
    """
    order = np.lexsort((-np.nan_to_num(worth, nan=-np.inf), lists))
    _, starts, counts = np.unique(lists[order], return_index=True, return_counts=True)
    rank = np.empty(len(worth), dtype=np.intp)
    rank[order] = np.arange(len(worth)) - np.repeat(starts, counts)
    rows = np.empty(len(worth), dtype=np.intp)
    rows[order] = np.repeat(counts, counts)
    return RankedLists(rank, rows)


def gains_curve(ranked: RankedLists, gain: Floats, worked_shares: Floats) -> Floats:
    """Return the share of the whole gain in the top of the lists, for each share worked.

    >>> ranked = rank_lists(np.zeros(4, dtype=np.intp), np.array([4.0, 3, 2, 1]))
    >>> gains_curve(ranked, np.array([6.0, 2, 2, 0]), np.array([0.25, 1]))
    array([0.6, 1. ])
    """
    captured: Floats = np.array([float(gain[ranked.top(float(share))].sum()) for share in worked_shares])
    return captured / max(float(gain.sum()), 1e-12)

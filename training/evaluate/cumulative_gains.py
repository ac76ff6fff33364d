"""What share of the gain lies in the top of the lists, in resamples too, where the lists are made anew."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from payrank.features.arrays import Floats

NEAR = 0.05
"""How far from the cut, as a share of a list, rows count as being at it."""


@dataclass(frozen=True, slots=True)
class Ranked:
    """Rows ranked in their lists: `rank` from 0, the best first, and `rows`, how many the row's list has."""

    rank: NDArray[np.intp]
    rows: NDArray[np.intp]

    @property
    def place(self) -> Floats:
        """Each row's place as a share of its list: near 0 the best, 1 the last."""
        place: Floats = (self.rank + 1) / self.rows
        return place

    def top(self, capacity: float) -> NDArray[np.bool_]:
        """Tell which rows are in the top `capacity` of their list."""
        return np.asarray(self.rank < np.rint(self.rows * capacity), dtype=bool)

    def captured(self, gain: Floats, capacity: float) -> Floats:
        """Return for each row what it adds to the gain in the top of its list, once the list is cut anew.

        Where a resample has more rows above the cut than the office can work, some fall out, and each takes with it
        the mean gain of the rows near the cut. So the gain in the top is a sum over rows, however often each was
        drawn: `gain` of those in the top, plus (share worked - in the top) x the mean gain near the cut. Exact for the
        rows as they are; in a resample it differs from ranking them again by the square of a small shift.
        """
        worked = np.rint(self.rows * capacity) / self.rows
        near = np.abs(self.place - worked) <= NEAR
        at_cut = float(gain[near].mean()) if near.any() else 0.0
        added: Floats = gain * self.top(capacity) + (worked - self.top(capacity)) * at_cut
        return added


def rank_lists(lists: NDArray[np.intp], worth: Floats) -> Ranked:
    """Rank rows in their lists; unknown worth comes last, ties keep the order of the rows.

    >>> rank_lists(np.array([0, 0, 1, 1]), np.array([1.0, 2.0, 9.0, 8.0])).top(0.5)
    array([False,  True,  True, False])
    """
    order = np.lexsort((-np.nan_to_num(worth, nan=-np.inf), lists))
    _, starts, counts = np.unique(lists[order], return_index=True, return_counts=True)
    rank = np.empty(len(worth), dtype=np.intp)
    rank[order] = np.arange(len(worth)) - np.repeat(starts, counts)
    rows = np.empty(len(worth), dtype=np.intp)
    rows[order] = np.repeat(counts, counts)
    return Ranked(rank, rows)


def gains_curve(ranked: Ranked, gain: Floats, worked: Floats) -> Floats:
    """Return the share of all gain that the top of the lists holds, for each share worked; cut as `Ranked.top` cuts.

    >>> ranked = rank_lists(np.zeros(4, dtype=np.intp), np.array([4.0, 3, 2, 1]))
    >>> gains_curve(ranked, np.array([6.0, 2, 2, 0]), np.array([0.25, 1]))
    array([0.6, 1. ])
    """
    found: Floats = np.array([float(gain[ranked.top(float(share))].sum()) for share in worked])
    return found / max(float(gain.sum()), 1e-12)

"""What share of the gain lies in the top of the lists, in resamples too, where the lists are made anew."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from training.evaluate import top_of_lists

Floats = NDArray[np.float64]

NEAR = 0.05
"""How far from the cut, as a share of a list, rows count as being at it."""


def at_capacity(lists: NDArray[np.intp], worth: Floats, gain: Floats, capacity: float) -> Floats:
    """Return for each row what it adds to the gain in the top of its list, once the list is cut anew.

    Where a resample has more rows above the cut than the office can work, some fall out, and each takes with it the
    mean gain of the rows near the cut. So the gain in the top is a sum over rows, however often each was drawn: `gain`
    of those in the top, plus (share worked - in the top) x the mean gain near the cut. Exact for the rows as they are;
    for resamples it differs from ranking them again only by the square of a small shift.
    """
    top = top_of_lists(lists, worth, capacity)
    _, list_of = np.unique(lists, return_inverse=True)
    rows = np.bincount(list_of)
    worked = np.bincount(list_of, weights=top) / rows
    near = np.abs(places(lists, worth) - worked[list_of]) <= NEAR
    at_cut = float(gain[near].mean()) if near.any() else 0.0
    added: Floats = gain * top + (worked[list_of] - top) * at_cut
    return added


def places(lists: NDArray[np.intp], worth: Floats) -> Floats:
    """Return each row's place in its list as a share of it: near 0 the best, 1 the last; unknown worth comes last.

    >>> places(np.array([0, 0, 1]), np.array([1.0, 2.0, 5.0]))
    array([1. , 0.5, 1. ])
    """
    order = np.lexsort((-np.nan_to_num(worth, nan=-np.inf), lists))
    _, starts, rows = np.unique(lists[order], return_index=True, return_counts=True)
    place = np.empty(len(worth))
    place[order] = (np.arange(len(worth)) - np.repeat(starts, rows) + 1) / np.repeat(rows, rows)
    return place


def gains_curve(lists: NDArray[np.intp], worth: Floats, gain: Floats, worked: Floats) -> Floats:
    """Return the share of all gain that the top of the lists holds, for each share worked.

    >>> gains_curve(np.zeros(4, dtype=np.intp), np.array([4.0, 3, 2, 1]), np.array([6.0, 2, 2, 0]), np.array([0.25, 1]))
    array([0.6, 1. ])
    """
    place = places(lists, worth)
    order = np.argsort(place, kind="stable")
    running = np.concatenate([[0.0], np.cumsum(gain[order])])
    found: Floats = running[np.searchsorted(place[order], worked + 1e-12, side="right")] / max(gain.sum(), 1e-12)
    return found

"""Merges cells of too few people before anything is counted by cell."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from payrank.extracts.contract.privacy import MIN_PEOPLE


def join_neighbors(cells: NDArray[np.intp], household: NDArray[np.intp]) -> list[list[int]]:
    """Return groups of neighboring cells with at least 11 people each, unless all cells together have fewer.

    Parameters
    ----------
    cells, household
        The cell (from 0, none empty) and the household number of each row.

    Examples
    --------
    >>> join_neighbors(np.repeat([0, 1, 2, 3, 4], [12, 5, 8, 30, 4]), np.arange(59))
    [[0], [1, 2], [3, 4]]
    """
    groups: list[list[int]] = []
    pending: list[int] = []
    people: set[int] = set()
    for cell in range(int(cells.max(initial=-1)) + 1):
        pending.append(cell)
        people.update(np.unique(household[cells == cell]).tolist())
        if len(people) >= MIN_PEOPLE:
            groups.append(pending)
            pending, people = [], set()
    if pending and groups:
        groups[-1] += pending
    elif pending:
        groups.append(pending)
    return groups


def join_small(names: pd.Series, household: NDArray[np.intp], merged: str) -> pd.Series:
    """Return the cell name of each row, with cells of fewer than 11 people merged into one named `merged`.

    If the merged cell is still too small, the smallest other cell joins it. Merely dropping a small cell would not
    protect it: subtracting the others from the total would reveal it.

    Parameters
    ----------
    names
        The cell name of each row.
    household
        The household number of each row.

    Examples
    --------
    >>> names = pd.Series(["a"] * 20 + ["b"] * 12 + ["c"] * 3)
    >>> join_small(names, np.arange(35), "others").value_counts().to_dict()
    {'a': 20, 'others': 15}
    """
    people = pd.Series(household, index=names.index).groupby(names).nunique().sort_index()
    small = people.index[people < MIN_PEOPLE]
    if not len(small):
        return names
    joined = list(small)
    merged_people = len(np.unique(household[names.isin(joined).to_numpy()]))
    if merged_people < MIN_PEOPLE and len(small) < len(people):
        joined.append(people.drop(small).idxmin())
    return names.where(~names.isin(joined), merged)

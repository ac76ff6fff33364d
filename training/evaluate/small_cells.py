"""Cells that too few people share are joined before anything is counted by them."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from payrank.extracts.contract.privacy import MIN_PEOPLE


def join_neighbors(cells: NDArray[np.intp], house: NDArray[np.intp]) -> list[list[int]]:
    """Return groups of neighboring cells, each of 11 people or more unless all together are fewer.

    Parameters
    ----------
    cells, house
        The cell (from 0, none empty) and the household of each row.

    Examples
    --------
    >>> join_neighbors(np.repeat([0, 1, 2, 3, 4], [12, 5, 8, 30, 4]), np.arange(59))
    [[0], [1, 2], [3, 4]]
    """
    groups: list[list[int]] = []
    waiting: list[int] = []
    people: set[int] = set()
    for cell in range(int(cells.max(initial=-1)) + 1):
        waiting.append(cell)
        people.update(np.unique(house[cells == cell]).tolist())
        if len(people) >= MIN_PEOPLE:
            groups.append(waiting)
            waiting, people = [], set()
    if waiting and groups:
        groups[-1] += waiting
    elif waiting:
        groups.append(waiting)
    return groups


def join_small(names: pd.Series, house: NDArray[np.intp], merged: str) -> pd.Series:
    """Return the cell of each row, those of fewer than 11 people together as `merged`.

    Where even those together are too few, the smallest other cell joins them: a cell that was merely left out could be
    had by taking the others from the whole.

    Parameters
    ----------
    names
        The name of each row's cell.
    house
        The number of each row's household.

    Examples
    --------
    >>> names = pd.Series(["a"] * 20 + ["b"] * 12 + ["c"] * 3)
    >>> join_small(names, np.arange(35), "others").value_counts().to_dict()
    {'a': 20, 'others': 15}
    """
    people = pd.Series(house, index=names.index).groupby(names).nunique().sort_index()
    few = people.index[people < MIN_PEOPLE]
    if not len(few):
        return names
    joined = list(few)
    together = len(np.unique(house[names.isin(joined).to_numpy()]))
    if together < MIN_PEOPLE and len(few) < len(people):
        joined.append(people.drop(few).idxmin())
    return names.where(~names.isin(joined), merged)

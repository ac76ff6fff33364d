"""Reference distributions of features and scores for drift monitoring: counts by bin, each of 11 people or more."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from payrank.extracts.contract.privacy import MIN_PEOPLE
from payrank.features.arrays import Floats
from payrank.models.matrix import ModelColumn, encode

BINS = 10
FIRST_ROWS = 1000
"""Rows that show for nearly every number that it has more values than bins; only other columns are sorted in full."""
DIGITS = 3
"""Significant digits of an edge, so that no edge is anyone's exact amount."""


def describe_distributions(
    data: pd.DataFrame, columns: Sequence[ModelColumn], probability: Floats, holdout: pd.Series
) -> dict[str, Any]:
    """Return the content of reference.json.

    Parameters
    ----------
    data
        Training rows: the features' columns, and `household`.
    probability
        Backtest probabilities of the holdout rows (any number of them).
    holdout
        The household of each holdout row.

    Returns
    -------
    dict
        `features`: by name, `edges` (k inner edges; a bin includes its lower edge), `counts` of rows (k + 1), and
        `unknown`. For a category the bins are its `levels`, then all other values. `probability`: the same over ten
        equal bins.
    """
    matrix = encode(data, columns)
    people = _number_people(data["household"])
    features = {}
    for position, column in enumerate(columns):
        values = matrix[:, position]
        if column.levels is None:
            features[column.name] = describe_numbers(values, people)
        else:
            features[column.name] = _describe_levels(values, people, column)
    edges = np.linspace(0, 1, BINS + 1)[1:-1]
    cells = np.searchsorted(edges, probability, side="right")
    merged_edges, merged = _merge(edges, cells, _number_people(holdout))
    return {"features": features, "probability": {"edges": _rounded(merged_edges), "counts": merged}}


def _number_people(household: pd.Series) -> NDArray[np.int64]:
    """Return a number from 0 per household; unknown households count as one, so that no count is too high."""
    return pd.factorize(household, use_na_sentinel=False)[0].astype(np.int64)


def describe_numbers(values: Floats, people: NDArray[np.int64]) -> dict[str, Any]:
    """Return inner edges and counts of numbers; cells of fewer than 11 people are merged into the next.

    >>> describe_numbers(np.repeat([0.0, 1.0, 9.0], [30, 20, 3]), np.arange(53))
    {'edges': [1.0], 'counts': [30, 23], 'unknown': 0}
    """
    known = ~np.isnan(values)
    numbers, holders = values[known], people[known]
    distinct = np.unique(numbers[:FIRST_ROWS])
    if len(distinct) <= BINS:
        distinct = np.unique(numbers)
    if len(distinct) <= BINS:
        edges = distinct[1:]
    else:
        edges = np.unique([_round(edge) for edge in np.quantile(numbers, np.arange(1, BINS) / BINS)])
    cells = np.searchsorted(edges, numbers, side="right")
    merged_edges, merged = _merge(edges, cells, holders)
    unknown = int((~known).sum())
    (unknown_people,) = _count_people(np.zeros(unknown, dtype=np.intp), people[~known], np.array([unknown]))
    if 0 < unknown_people < MIN_PEOPLE and merged:
        merged[int(np.argmax(merged))] += unknown
        unknown = 0
    return {"edges": _rounded(merged_edges), "counts": merged, "unknown": unknown}


def _describe_levels(codes: Floats, people: NDArray[np.int64], column: ModelColumn) -> dict[str, Any]:
    levels = column.levels or ()
    cells = np.where(np.isnan(codes), len(levels) + 1, np.nan_to_num(codes)).astype(np.int64)
    counts = np.bincount(cells, minlength=len(levels) + 2)
    people_in_cell = _count_people(cells, people, counts)
    few = (people_in_cell > 0) & (people_in_cell < MIN_PEOPLE)
    if few.any():  # too few to show: merged into the largest cell
        joined = int(counts[few].sum())
        counts[few] = 0
        counts[int(np.argmax(counts))] += joined
    shown = [int(count) for count in counts]
    return {"levels": list(levels), "counts": shown[:-1], "unknown": shown[-1]}


def _count_people(cells: NDArray[np.intp], people: NDArray[np.int64], counts: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return the number of people in each cell; just the limit when the number of rows already proves enough."""
    max_rows = int(np.bincount(people).max(initial=1))
    people_in_cell = np.where(counts >= MIN_PEOPLE * max_rows, MIN_PEOPLE, 0).astype(np.intp)
    for cell in np.flatnonzero((people_in_cell == 0) & (counts > 0)):
        people_in_cell[cell] = len(np.unique(people[cells == cell]))
    return people_in_cell


def _merge(edges: Floats, cells: NDArray[np.intp], people: NDArray[np.int64]) -> tuple[list[float], list[int]]:
    """Merge cells from left to right until each has enough people; a remainder is merged into the last.

    A person with rows in several merged cells counts once.
    """
    counts = np.bincount(cells, minlength=len(edges) + 1)
    people_in_cell = _count_people(cells, people, counts)
    kept_edges: list[float] = []
    merged_counts: list[int] = []
    waiting: set[int] = set()
    rows = 0
    for cell, (count, head) in enumerate(zip(counts, people_in_cell, strict=True)):
        rows += int(count)
        if head < MIN_PEOPLE:
            waiting.update(people[cells == cell].tolist())
        if max(len(waiting), head) >= MIN_PEOPLE:
            merged_counts.append(rows)
            if cell < len(edges):
                kept_edges.append(float(edges[cell]))
            waiting, rows = set(), 0
    if rows and merged_counts:
        merged_counts[-1] += rows
    elif rows:
        merged_counts.append(rows)
    return kept_edges[: max(len(merged_counts) - 1, 0)], merged_counts


def _round(value: float) -> float:
    return float(f"{value:.{DIGITS}g}")


def _rounded(edges: Sequence[float]) -> list[float]:
    return [_round(edge) for edge in edges]

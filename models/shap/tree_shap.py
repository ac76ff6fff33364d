"""Exact SHAP values of a tree model for many rows at once, by tables instead of a tree walk per row.

The path-dependent values of Lundberg et al. (2020), "From local explanations to global understanding with explainable
AI for trees", are a sum over leaves, and a leaf's term depends only on which of its conditions a row meets. Let `d` be
the number of features on the path to a leaf, o_i = 1 if the row meets the condition on feature i and 0 otherwise, and
z_i the share of training rows that met it. The term of feature i is

    value * (o_i - z_i) * integral over t from 0 to 1 of the product, over the other features j, of t o_j + (1 - t) z_j

(the integral is the beta function of the Shapley weights). The integrand is a polynomial of degree d - 1, which
Gauss-Legendre quadrature with d / 2 points integrates exactly. Adjacent leaves share one table over the possible states
of their features; explaining a row then takes one lookup per feature and table.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from payrank.features.arrays import Floats
from payrank.models.shap.tree_paths import Codes, Forest, Leaf, read_forest

if TYPE_CHECKING:
    import lightgbm


MAX_STATES = 2048
"""Entries of one table. Larger tables are fewer but slower to fill; 1,024 to 4,096 took the same time."""
MAX_FEATURES = 14
"""Features on the path to one leaf. With more, the leaf's table alone would be too large."""
ROWS_AT_ONCE = 16_384
"""Rows per batch, chosen to fit the processor's cache."""


@dataclass(frozen=True, slots=True)
class LeafTable:
    """The contributions of adjacent leaves: `added[i, state]` is the contribution of feature `features[i]`.

    A row's state is the sum of `steps[i][code]` over the features.
    """

    features: tuple[int, ...]
    steps: tuple[NDArray[np.intp], ...]
    added: Floats


def add_contributions(booster: lightgbm.Booster, weight: float, matrix: Floats, total: Floats) -> float | None:
    """Add a model's contributions, times its weight, and return its base value, times its weight.

    Parameters
    ----------
    matrix
        Rows x features, encoded for the model.
    total
        Features x rows (log-odds), added to in place.

    Returns
    -------
    float or None
        None, with nothing added, when tables cannot represent the model's trees.
    """
    forest = read_forest(booster)
    if forest is None or any(len(leaf.conditions) > MAX_FEATURES for tree in forest.trees for leaf in tree):
        return None
    codes = {feature: coding.encode(matrix[:, feature]) for feature, coding in forest.codings.items()}
    for table in _tables(forest):
        for start in range(0, len(matrix), ROWS_AT_ONCE):
            _look_up(table, codes, slice(start, start + ROWS_AT_ONCE), weight, total)
    # The base value is the mean over the leaves, each weighted by the share of training rows that reached it.
    values = (
        leaf.value * math.prod(condition.share for condition in leaf.conditions.values())
        for t in forest.trees
        for leaf in t
    )
    return weight * math.fsum(values)


def _look_up(table: LeafTable, codes: Mapping[int, Codes], rows: slice, weight: float, total: Floats) -> None:
    state = sum(
        step.take(codes[feature][rows], mode="clip") for feature, step in zip(table.features, table.steps, strict=True)
    )
    for feature, added in zip(table.features, weight * table.added, strict=True):
        total[feature, rows] += added.take(state, mode="clip")


def _tables(forest: Forest) -> Iterator[LeafTable]:
    """Yield the tables of every tree; adjacent leaves share a table while it has at most `MAX_STATES` states."""
    # Leaves come from left to right, so adjacent ones share most of their features and one table serves several.
    for tree in forest.trees:
        grouped: list[Leaf] = []
        parts: dict[int, tuple[int, ...]] = {}
        for leaf in tree:
            wider = _split_parts(parts, leaf, forest)
            if grouped and math.prod(map(len, wider.values())) > MAX_STATES:
                yield _fill(grouped, parts, forest)
                grouped, wider = [], _split_parts({}, leaf, forest)
            grouped.append(leaf)
            parts = wider
        if parts:
            yield _fill(grouped, parts, forest)


def _split_parts(parts: Mapping[int, tuple[int, ...]], leaf: Leaf, forest: Forest) -> dict[int, tuple[int, ...]]:
    """Return, by feature, the sets of codes that the leaves do not distinguish, after adding one leaf."""
    # Codes that no leaf of the table distinguishes count as one state; otherwise the table would need every code.
    finer = dict(parts)
    for feature, condition in leaf.conditions.items():
        known = finer.get(feature, ((1 << forest.codings[feature].count) - 1,))
        finer[feature] = tuple(
            part
            for part_before in known
            for part in (part_before & condition.codes, part_before & ~condition.codes)
            if part
        )
    return finer


def _fill(leaves: Sequence[Leaf], parts: Mapping[int, tuple[int, ...]], forest: Forest) -> LeafTable:
    features = tuple(sorted(parts))
    shape = [len(parts[feature]) for feature in features]
    added = np.zeros([len(features), *shape])
    for leaf in leaves:
        # Bit i of `passed` says, for every state of the table, whether it meets the leaf's condition i.
        passed: NDArray[np.intp] | int = 0
        places = [features.index(feature) for feature in leaf.conditions]
        for bit, (place, (feature, condition)) in enumerate(zip(places, leaf.conditions.items(), strict=True)):
            passes = np.array([(part & condition.codes != 0) << bit for part in parts[feature]], dtype=np.intp)
            passed = passed + passes.reshape([-1 if at == place else 1 for at in range(len(features))])
        values = _leaf_values(leaf.value, [condition.share for condition in leaf.conditions.values()])
        for place, contribution in zip(places, values, strict=True):
            added[place] += contribution[passed]
    steps = []
    stride = math.prod(shape)
    for feature, size in zip(features, shape, strict=True):
        stride //= size
        steps.append(_step(parts[feature], forest.codings[feature].count, stride))
    return LeafTable(features, tuple(steps), added.reshape(len(features), -1))


def _step(parts: tuple[int, ...], count: int, stride: int) -> NDArray[np.intp]:
    """Return, by code, the term of its set in a row's state."""
    step = np.zeros(count, dtype=np.intp)
    for number, part in enumerate(parts):
        bits = np.frombuffer(part.to_bytes((count + 7) // 8, "little"), dtype=np.uint8)
        step[np.unpackbits(bits, count=count, bitorder="little").astype(bool)] = number * stride
    return step


def _leaf_values(value: float, shares: Sequence[float]) -> Floats:
    """Return features x 2^features: each feature's contribution, by the conditions met (bit i: condition i)."""
    passed, points = _patterns(len(shares))
    share = np.array(shares)[:, None]
    gap = passed - share
    integral = np.zeros_like(gap)
    for point, weight in points:
        factors = share + point * gap
        integral += weight * factors.prod(axis=0) / factors
    values: Floats = value * gap * integral
    return values


@cache
def _patterns(count: int) -> tuple[Floats, tuple[tuple[float, float], ...]]:
    """Return which of `count` conditions each pattern meets, and the quadrature points and weights for t in 0 to 1."""
    passed = ((np.arange(2**count) >> np.arange(count)[:, None]) & 1).astype(np.float64)
    points, weights = np.polynomial.legendre.leggauss((count + 1) // 2)
    return passed, tuple(zip(((points + 1) / 2).tolist(), (weights / 2).tolist(), strict=True))

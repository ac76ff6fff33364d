"""Exact SHAP values of a tree model for many rows at once, by tables instead of a walk for each row.

The path-dependent values of Lundberg et al. (2020), "From local explanations to global understanding with explainable
AI for trees", are a sum over leaves, and a leaf's part depends on which of its tests a row passes, nothing else. With
`d` features on the way to a leaf, pass or fail of each (o = 1 or 0) and the share z of training rows that passed, the
part of feature i is

    value * (o_i - z_i) * integral over t from 0 to 1 of the product, over the other features j, of t o_j + (1 - t) z_j

(the integral is the Shapley weights' beta function), a polynomial of degree d - 1 that Gauss-Legendre quadrature with
d / 2 points sums exactly. Neighboring leaves share one table over the states that their features can be in; a row is
then explained by one look-up a feature and table.
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


MOST_STATES = 2048
"""Entries of one table: larger ones are fewer but slower to fill; 1,024 to 4,096 measured alike."""
MOST_FEATURES = 14
"""Features on the way to one leaf beyond which its table alone would be too large."""
ROWS_AT_ONCE = 16_384
"""Rows that are looked up together: what they need stays in the processor's cache."""


@dataclass(frozen=True, slots=True)
class Table:
    """The contributions of some neighboring leaves: `added[i, state]` is what feature `features[i]` adds.

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
        Rows x features, as the model reads them.
    total
        Features x rows (log-odds), added to in place.

    Returns
    -------
    float or None
        None, and nothing is added, where the model's trees are of a kind that tables cannot hold.
    """
    forest = read_forest(booster)
    if forest is None or any(len(leaf.tests) > MOST_FEATURES for tree in forest.trees for leaf in tree):
        return None
    codes = {feature: coding.encode(matrix[:, feature]) for feature, coding in forest.codings.items()}
    for table in _tables(forest):
        for start in range(0, len(matrix), ROWS_AT_ONCE):
            _look_up(table, codes, slice(start, start + ROWS_AT_ONCE), weight, total)
    values = (leaf.value * math.prod(test.share for test in leaf.tests.values()) for t in forest.trees for leaf in t)
    return weight * math.fsum(values)


def _look_up(table: Table, codes: Mapping[int, Codes], rows: slice, weight: float, total: Floats) -> None:
    state = sum(
        step.take(codes[feature][rows], mode="clip") for feature, step in zip(table.features, table.steps, strict=True)
    )
    for feature, added in zip(table.features, weight * table.added, strict=True):
        total[feature, rows] += added.take(state, mode="clip")


def _tables(forest: Forest) -> Iterator[Table]:
    """Give the tables of every tree: neighboring leaves together, as long as their states are few enough."""
    for tree in forest.trees:
        together: list[Leaf] = []
        parts: dict[int, tuple[int, ...]] = {}
        for leaf in tree:
            wider = _split_parts(parts, leaf, forest)
            if together and math.prod(map(len, wider.values())) > MOST_STATES:
                yield _fill(together, parts, forest)
                together, wider = [], _split_parts({}, leaf, forest)
            together.append(leaf)
            parts = wider
        if parts:
            yield _fill(together, parts, forest)


def _split_parts(parts: Mapping[int, tuple[int, ...]], leaf: Leaf, forest: Forest) -> dict[int, tuple[int, ...]]:
    """Return for each feature the sets of codes that no leaf tells apart, after one leaf more."""
    finer = dict(parts)
    for feature, test in leaf.tests.items():
        known = finer.get(feature, ((1 << forest.codings[feature].count) - 1,))
        finer[feature] = tuple(
            part for part_before in known for part in (part_before & test.codes, part_before & ~test.codes) if part
        )
    return finer


def _fill(leaves: Sequence[Leaf], parts: Mapping[int, tuple[int, ...]], forest: Forest) -> Table:
    features = tuple(sorted(parts))
    shape = [len(parts[feature]) for feature in features]
    added = np.zeros([len(features), *shape])
    for leaf in leaves:
        passed: NDArray[np.intp] | int = 0
        places = [features.index(feature) for feature in leaf.tests]
        for bit, (place, (feature, test)) in enumerate(zip(places, leaf.tests.items(), strict=True)):
            passes = np.array([(part & test.codes != 0) << bit for part in parts[feature]], dtype=np.intp)
            passed = passed + passes.reshape([-1 if at == place else 1 for at in range(len(features))])
        values = _leaf_values(leaf.value, [test.share for test in leaf.tests.values()])
        for place, of_feature in zip(places, values, strict=True):
            added[place] += of_feature[passed]
    steps = []
    stride = math.prod(shape)
    for feature, size in zip(features, shape, strict=True):
        stride //= size
        steps.append(_step(parts[feature], forest.codings[feature].count, stride))
    return Table(features, tuple(steps), added.reshape(len(features), -1))


def _step(parts: tuple[int, ...], count: int, stride: int) -> NDArray[np.intp]:
    """Return by code what its part adds to a row's state."""
    step = np.zeros(count, dtype=np.intp)
    for number, part in enumerate(parts):
        bits = np.frombuffer(part.to_bytes((count + 7) // 8, "little"), dtype=np.uint8)
        step[np.unpackbits(bits, count=count, bitorder="little").astype(bool)] = number * stride
    return step


def _leaf_values(value: float, shares: Sequence[float]) -> Floats:
    """Return features x 2^features: what each feature adds, by which tests are passed (bit i: test i)."""
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
    """Return which of `count` tests are passed in each pattern, and the points and weights of the integral over t."""
    passed = ((np.arange(2**count) >> np.arange(count)[:, None]) & 1).astype(np.float64)
    points, weights = np.polynomial.legendre.leggauss((count + 1) // 2)
    return passed, tuple(zip(((points + 1) / 2).tolist(), (weights / 2).tolist(), strict=True))

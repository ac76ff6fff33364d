"""The trees of a LightGBM model as leaves, each with the conditions by feature that a row must meet to reach it.

Every value of a feature is represented by a small integer, its code: the interval between two of the model's
thresholds, the category, or missing. A leaf's condition on a feature is then a set of codes, stored as the bits of an
integer, for every kind of split.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from payrank.features.arrays import Floats

if TYPE_CHECKING:
    import lightgbm

Codes = NDArray[np.uint8] | NDArray[np.uint16]


@dataclass(frozen=True, slots=True)
class Coding:
    """How a feature's values become codes: by increasing `thresholds`, or as categories from 0 to `last_category`.

    After the codes of the thresholds come one for values above all of them and one for missing values. After the codes
    of the categories comes one for all other values including missing ones, which LightGBM sends to the right.
    """

    thresholds: Floats | None
    last_category: int = -1

    @property
    def count(self) -> int:
        """The number of codes."""
        return self.last_category + 2 if self.thresholds is None else len(self.thresholds) + 2

    def encode(self, values: Floats) -> Codes:
        """Return the code of each value."""
        if self.thresholds is None:
            known = (values >= 0) & (values <= self.last_category)
            codes = np.where(known, values, self.last_category + 1)
        else:
            codes = np.searchsorted(self.thresholds, values, side="left")
            codes[np.isnan(values)] = len(self.thresholds) + 1
        return codes.astype(np.uint8) if self.count <= 256 else codes.astype(np.uint16)


@dataclass(frozen=True, slots=True)
class Condition:
    """A leaf's condition on one feature: the codes that pass (as bits), and the share of training rows that passed."""

    codes: int
    share: float


@dataclass(frozen=True, slots=True)
class Leaf:
    """A leaf's value (log-odds) and its conditions by feature."""

    value: float
    conditions: Mapping[int, Condition]


@dataclass(frozen=True, slots=True)
class Forest:
    """The leaves of each tree of a model, and the coding of every feature used in a split."""

    codings: Mapping[int, Coding]
    trees: tuple[tuple[Leaf, ...], ...]


def read_forest(booster: lightgbm.Booster) -> Forest | None:
    """Return a model's trees, or None when codes cannot represent a row's path.

    This is the case for models that average their trees, have linear leaves, or treat zero as missing.
    """
    dump = booster.dump_model()
    roots = [tree["tree_structure"] for tree in dump["tree_info"]]
    splits = [node for root in roots for node in _walk(root) if _is_split(node)]
    if dump.get("average_output") or any("leaf_coeff" in node for root in roots for node in _walk(root)):
        return None
    if any(node["decision_type"] == "<=" and node["missing_type"] == "Zero" for node in splits):
        return None
    codings = _learn_codings(splits)
    return Forest(codings, tuple(tuple(_leaves(root, codings)) for root in roots))


def _is_split(node: Mapping[str, Any]) -> bool:
    return "split_feature" in node


def _walk(root: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    waiting = [root]
    while waiting:
        node = waiting.pop()
        yield node
        if _is_split(node):
            waiting += (node["right_child"], node["left_child"])


def _categories(node: Mapping[str, Any]) -> list[int]:
    return [int(category) for category in node["threshold"].split("||")]


def _learn_codings(splits: list[Mapping[str, Any]]) -> dict[int, Coding]:
    thresholds: dict[int, set[float]] = {}
    categories: dict[int, int] = {}
    for node in splits:
        feature = int(node["split_feature"])
        if node["decision_type"] == "==":
            categories[feature] = max(categories.get(feature, -1), *_categories(node))
        else:
            thresholds.setdefault(feature, set()).add(float(node["threshold"]))
    coded = {feature: Coding(np.array(sorted(values))) for feature, values in thresholds.items()}
    return coded | {feature: Coding(None, last) for feature, last in categories.items()}


def _passes_left(node: Mapping[str, Any], coding: Coding) -> int:
    """Return the codes that a split sends to the left child, as bits."""
    if coding.thresholds is None:
        return sum(1 << category for category in _categories(node))
    threshold = float(node["threshold"])
    missing_left = (
        node["default_left"] if node["missing_type"] == "NaN" else threshold >= 0
    )  # LightGBM treats missing as 0
    below = (1 << (int(np.searchsorted(coding.thresholds, threshold)) + 1)) - 1
    return below | (bool(missing_left) << (coding.count - 1))


def _rows(node: Mapping[str, Any]) -> int:
    return int(node["internal_count"] if _is_split(node) else node["leaf_count"])


def _leaves(root: Mapping[str, Any], codings: Mapping[int, Coding]) -> Iterator[Leaf]:
    """Yield the leaves from left to right, so that adjacent leaves share most of their path."""
    waiting: list[tuple[Mapping[str, Any], dict[int, Condition]]] = [(root, {})]
    while waiting:
        node, conditions = waiting.pop()
        if not _is_split(node):
            yield Leaf(float(node["leaf_value"]), conditions)
            continue
        feature = int(node["split_feature"])
        every = (1 << codings[feature].count) - 1
        left = _passes_left(node, codings[feature])
        before = conditions.get(feature, Condition(every, 1.0))
        for child, passing in ((node["right_child"], every & ~left), (node["left_child"], left)):
            share = before.share * _rows(child) / _rows(node)
            waiting.append((child, {**conditions, feature: Condition(before.codes & passing, share)}))

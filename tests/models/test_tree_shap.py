"""SHAP values from tables match LightGBM's and the definition for every kind of tree."""

from __future__ import annotations

import math
from itertools import combinations
from typing import Any

import lightgbm as lgb
import numpy as np
import pytest

from payrank.features.frame import Frame
from payrank.models.predict import predict
from payrank.models.shap import explain as explaining
from payrank.models.shap import tree_shap
from payrank.models.shap.explain import explain
from payrank.models.shap.tree_paths import Leaf, read_forest
from payrank.models.shap.tree_shap import add_contributions
from payrank.training.train import Trained

CATEGORY = 5
QUIET = {
    "objective": "binary",
    "verbose": -1,
    "num_threads": 1,
    "deterministic": True,
    "seed": 3,
    "min_data_in_leaf": 5,
}


def make_rows(count: int, seed: int) -> np.ndarray:
    """Rows with ties, missing values, a category with unseen and missing levels, and a column with no gaps."""
    draw = np.random.default_rng(seed)
    rows = np.column_stack(
        [
            draw.normal(0, 1, count),
            draw.integers(-3, 4, count).astype(float),
            draw.exponential(100, count).round(),
            draw.uniform(-1, 1, count),
            draw.normal(5, 2, count),
            draw.integers(0, 40, count).astype(float),
        ]
    )
    rows[draw.random(rows.shape) < 0.15] = np.nan
    rows[:, 4] = draw.normal(5, 2, count)
    return rows


def fit(native: bool = True, rounds: int = 25, **parameters: Any) -> lgb.Booster:
    rows = make_rows(1500, 1)
    odds = np.nan_to_num(rows[:, 0]) + np.where(np.isnan(rows[:, 2]), 1, 0) + (rows[:, CATEGORY] % 3 == 0) - 0.5
    outcome = (odds + np.random.default_rng(2).normal(0, 1, 1500) > 0).astype(float)
    data = lgb.Dataset(rows, outcome, categorical_feature=[CATEGORY] if native else "auto", params={"verbose": -1})
    return lgb.train({**QUIET, **parameters}, data, rounds)


KINDS: dict[str, dict[str, Any]] = {
    "thresholds": {"native": False},
    "categories": {"native": True, "min_data_per_group": 5, "cat_smooth": 1.0},
    "one category a split": {"native": True, "max_cat_to_onehot": 100, "min_data_per_group": 5},
    "unknown as zero": {"use_missing": False},
    "many leaves": {"num_leaves": 60, "rounds": 8},
    "a chain": {"num_leaves": 12, "max_depth": -1, "extra_trees": True, "rounds": 10},
    "nothing to split": {"min_data_in_leaf": 1400},
}


@pytest.mark.parametrize("kind", KINDS)
def test_tables_match_lightgbms_own_contributions(kind: str) -> None:
    booster = fit(**KINDS[kind])
    rows = make_rows(700, 9)
    rows[:3, CATEGORY] = (-1, 41, 4000)
    walked: Any = booster.predict(rows, pred_contrib=True)
    contributions = np.zeros((6, 700))
    base = add_contributions(booster, 0.25, rows, contributions)
    assert base == pytest.approx(0.25 * walked[0, -1], abs=1e-12)
    assert np.abs(contributions.T - 0.25 * walked[:, :-1]).max() < 1e-12
    assert contributions.any() or kind == "nothing to split"


def expected_value(leaves: tuple[Leaf, ...], codes: dict[int, int], known: tuple[int, ...]) -> float:
    """A tree's value when only some features are known: the others follow both branches, by training shares."""
    total = 0.0
    for leaf in leaves:
        ways = (
            (float(test.codes >> codes[feature] & 1) if feature in known else test.share)
            for feature, test in leaf.conditions.items()
        )
        total += leaf.value * math.prod(ways)
    return total


def test_tables_match_shapleys_sum_over_coalitions() -> None:
    booster = fit(num_leaves=9, rounds=3)
    rows = make_rows(40, 5)
    contributions = np.zeros((6, 40))
    add_contributions(booster, 1.0, rows, contributions)
    forest = read_forest(booster)
    assert forest is not None
    for at, row in enumerate(rows):
        codes = {f: int(coding.encode(np.array([row[f]]))[0]) for f, coding in forest.codings.items()}
        for feature in range(6):
            others = [other for other in range(6) if other != feature]
            expected = 0.0
            for size in range(6):
                weight = math.factorial(size) * math.factorial(5 - size) / math.factorial(6)
                for known in combinations(others, size):
                    with_it = sum((expected_value(tree, codes, (*known, feature)) for tree in forest.trees), 0.0)
                    without = sum((expected_value(tree, codes, known) for tree in forest.trees), 0.0)
                    expected += weight * (with_it - without)
            assert contributions[feature, at] == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(("name", "value"), [("ROWS_AT_ONCE", 7), ("MAX_STATES", 2), ("MAX_STATES", 10**6)])
def test_neither_table_size_nor_batch_size_changes_a_value(
    monkeypatch: pytest.MonkeyPatch, name: str, value: int
) -> None:
    booster, rows = fit(num_leaves=20, rounds=5), make_rows(100, 8)
    before, after = np.zeros((6, 100)), np.zeros((6, 100))
    add_contributions(booster, 1.0, rows, before)
    monkeypatch.setattr(tree_shap, name, value)
    add_contributions(booster, 1.0, rows, after)
    assert np.abs(after - before).max() < 1e-14


@pytest.mark.parametrize("parameters", [{"zero_as_missing": True}, {"linear_tree": True}, {"boosting": "rf"}])
def test_trees_that_tables_cannot_represent_are_left_to_lightgbm(parameters: dict[str, object]) -> None:
    booster = fit(native=False, rounds=3, **parameters, bagging_fraction=0.5, bagging_freq=1)
    contributions = np.zeros((6, 10))
    assert add_contributions(booster, 1.0, make_rows(10, 1), contributions) is None
    assert not contributions.any()


def test_a_path_over_too_many_features_is_explained_by_lightgbm(
    trained: Trained, payment_frame: Frame, monkeypatch: pytest.MonkeyPatch
) -> None:
    by_tables = explain(trained.bundle, payment_frame.data)
    monkeypatch.setattr(tree_shap, "MAX_FEATURES", 1)
    walked = explain(trained.bundle, payment_frame.data)
    assert np.abs(walked.contributions - by_tables.contributions).max() < 1e-12
    assert walked.base_value == pytest.approx(by_tables.base_value, abs=1e-12)


def test_a_row_that_does_not_add_up_is_explained_by_lightgbm(
    trained: Trained, payment_frame: Frame, monkeypatch: pytest.MonkeyPatch
) -> None:
    exact = explain(trained.bundle, payment_frame.data)

    def add_wrongly(booster: Any, weight: Any, matrix: Any, total: Any) -> float | None:
        base = add_contributions(booster, weight, matrix, total)
        total[0, 4] += 2e-6
        total[1, 7] = np.nan
        return base

    monkeypatch.setattr(explaining, "add_contributions", add_wrongly)
    explanation = explain(trained.bundle, payment_frame.data)
    assert np.abs(explanation.contributions - exact.contributions).max() < 1e-12
    raw = predict(trained.bundle, payment_frame.data)["raw_score"].to_numpy()
    assert np.abs(explanation.base_value + explanation.contributions.sum(axis=1) - raw).max() <= 1e-6

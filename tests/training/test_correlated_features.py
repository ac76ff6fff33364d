"""Groups of features that rank rows alike are found in training and recorded in the bundle."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from payrank.features.frame import Frame
from payrank.models.matrix import ModelColumn
from payrank.training.fit import correlated_features
from payrank.training.fit.correlated_features import find_correlated_features
from payrank.training.train import Trained


def columns_of(data: pd.DataFrame, **levels: tuple[str, ...]) -> list[ModelColumn]:
    return [
        ModelColumn(
            name=name,
            levels=levels.get(name),
            unit="count",
            meaning="m",
            family="balance",
            direction=0,
            definition="d",
        )
        for name in data.columns
    ]


def make_rows(count: int = 600) -> pd.DataFrame:
    draw = np.random.default_rng(4)
    base = draw.normal(size=count)
    known = draw.random(count) < 0.3
    return pd.DataFrame(
        {
            "owed": base,
            "noise": draw.normal(size=count),
            "charged": np.exp(base) + draw.normal(0, 0.01, count),
            "left": -base,
            "half": base + draw.normal(0, 1.0, count),
            "seldom": np.where(known, base, np.nan),
            "seldom_else": np.where(known, draw.normal(size=count), np.nan),
            "constant": np.zeros(count),
            "nothing": np.full(count, np.nan),
        }
    )


def test_features_that_rank_the_rows_alike_form_a_group_whatever_the_shape_or_sign() -> None:
    data = make_rows()
    assert find_correlated_features(data, columns_of(data)) == (("owed", "charged", "left"),)


def test_being_unknown_in_the_same_rows_is_not_being_alike() -> None:
    data = make_rows()[["seldom", "seldom_else"]]
    assert find_correlated_features(data, columns_of(data)) == ()
    twin = data.assign(seldom_else=data["seldom"] * 3)
    assert find_correlated_features(twin, columns_of(twin)) == (("seldom", "seldom_else"),)


def test_every_pair_in_a_group_is_alike_not_only_neighbors_in_a_chain() -> None:
    draw = np.random.default_rng(1)
    steps = np.cumsum(draw.normal(size=(6, 2000)) * np.array([1.0, *[0.42] * 5])[:, None], axis=0)
    data = pd.DataFrame({f"step_{at}": step for at, step in enumerate(steps)})
    rank = data.corr("spearman").to_numpy()
    assert rank[0, 5] < 0.9 < min(rank[at, at + 1] for at in range(5)), "a chain"
    groups = find_correlated_features(data, columns_of(data))
    assert groups
    for group in groups:
        assert (data[list(group)].corr("spearman") >= 0.89).to_numpy().all()
    assert not any({"step_0", "step_5"} <= set(group) for group in groups)


def test_categories_and_small_data_form_no_group(monkeypatch: pytest.MonkeyPatch) -> None:
    data = pd.DataFrame({"a": ["x", "y"] * 100, "b": np.arange(200.0), "c": np.arange(200.0)})
    assert find_correlated_features(data, columns_of(data, a=("x", "y"))) == (("b", "c"),)
    assert find_correlated_features(data.head(90), columns_of(data, a=("x", "y"))) == ()
    monkeypatch.setattr(correlated_features, "MAX_ROWS", 120)
    assert find_correlated_features(data, columns_of(data, a=("x", "y"))) == (("b", "c"),), "every second row suffices"


def test_the_bundle_records_the_groups(trained: Trained, payment_frame: Frame) -> None:
    names = {feature.name for feature in payment_frame.features}
    for group in trained.bundle.manifest.correlated_features:
        assert len(group) > 1
        assert set(group) <= names

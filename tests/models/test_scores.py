"""Predictions and their explanations."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from payrank.extracts.errors import NoUsableModelError
from payrank.features.frame import Frame
from payrank.models.matrix import encode
from payrank.models.predict import predict
from payrank.models.shap.explain import TOLERANCE, check_sum, explain
from payrank.training.train import Trained


def test_probabilities_and_shares_are_between_0_and_1_with_the_index_of_the_frame(
    trained: Trained, payment_frame: Frame
) -> None:
    rows = payment_frame.data.iloc[::-7]
    scores = predict(trained.bundle, rows)
    assert scores.index.equals(rows.index)
    assert list(scores.columns)[:3] == ["raw_score", "probability", "expected_share"]
    assert scores["probability"].between(0, 1).all()
    assert (scores["expected_share"] <= scores["probability"]).all()
    assert (scores["expected_share"] >= 0).all()


def test_a_row_scores_the_same_alone_with_others_and_on_any_number_of_threads(
    trained: Trained, payment_frame: Frame
) -> None:
    together = predict(trained.bundle, payment_frame.data, threads=2)
    alone = predict(trained.bundle, payment_frame.data.iloc[[5]], threads=1)
    assert alone.iloc[0].equals(together.iloc[5])


def test_an_empty_frame_has_no_scores_and_no_reasons(trained: Trained, payment_frame: Frame) -> None:
    none = payment_frame.data.iloc[:0]
    assert predict(trained.bundle, none).empty
    assert explain(trained.bundle, none).contributions.shape == (0, 6)


def test_the_raw_score_is_the_weighted_mean_of_the_boosters(trained: Trained, payment_frame: Frame) -> None:
    bundle = trained.bundle
    matrix = encode(payment_frame.data, bundle.manifest.features)
    each = np.array([booster.predict(matrix, raw_score=True) for booster in bundle.likelihood])
    assert bundle.manifest.weights == pytest.approx((1 / 3, 1 / 3, 1 / 3))
    assert predict(bundle, payment_frame.data)["raw_score"].to_numpy() == pytest.approx(each.mean(axis=0))


def test_base_value_and_contributions_add_up_to_the_raw_score_of_every_row(
    trained: Trained, payment_frame: Frame
) -> None:
    explanation = explain(trained.bundle, payment_frame.data)
    raw = predict(trained.bundle, payment_frame.data)["raw_score"].to_numpy()
    total = explanation.base_value + explanation.contributions.sum(axis=1)
    assert np.abs(total - raw).max() <= TOLERANCE
    assert explanation.features == tuple(feature.name for feature in payment_frame.features)


def test_the_base_value_does_not_depend_on_the_rows(trained: Trained, payment_frame: Frame) -> None:
    whole = explain(trained.bundle, payment_frame.data)
    part = explain(trained.bundle, payment_frame.data.iloc[3:4])
    assert part.base_value == whole.base_value
    assert np.array_equal(part.contributions[0], whole.contributions[3])


@pytest.mark.parametrize("wrong", [1e-5, -1e-5, np.nan])
def test_an_explanation_that_does_not_add_up_is_an_error(wrong: Any) -> None:
    with pytest.raises(NoUsableModelError, match="1 of 2 explanations do not add up"):
        check_sum(0.5, np.array([[0.1], [0.1]]), np.array([0.6, 0.6 + wrong]))

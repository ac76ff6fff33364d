"""Encoding a frame for LightGBM."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import pytest

from payrank.extracts.errors import NoUsableModelError
from payrank.features.frame import Frame
from payrank.models.matrix import ModelColumn, encode, learn_columns


def _columns(frame: Frame, payer: Sequence[str | None], household: list[str] | None = None) -> tuple[ModelColumn, ...]:
    data = pd.DataFrame(
        {
            "household": household or [f"H{n}" for n in range(len(payer))],
            "payer_class": pd.Series(list(payer), dtype="str"),
            "calls": np.arange(float(len(payer))),
        }
    )
    features = [feature for feature in frame.features if feature.name in {"payer_class", "calls"}]
    return learn_columns(data, features)


def test_the_most_frequent_value_has_the_lowest_code(payment_frame: Frame) -> None:
    columns = _columns(payment_frame, ["b"] * 12 + ["a"] * 30 + ["c"] * 12)
    assert columns[1].levels == ("a", "b", "c")
    coded = encode(pd.DataFrame({"payer_class": ["c", "a"], "calls": [1.0, 2.0]}), columns)
    assert coded[:, 1].tolist() == [2.0, 0.0]


def test_rare_and_unseen_values_share_a_code(payment_frame: Frame) -> None:
    columns = _columns(payment_frame, ["a"] * 30 + ["b"] * 11 + ["rare"] * 10)
    assert columns[1].levels == ("a", "b")
    assert columns[1].other
    coded = encode(pd.DataFrame({"payer_class": ["rare", "never seen", None], "calls": [0.0] * 3}), columns)
    assert coded[:2, 1].tolist() == [2.0, 2.0]
    assert np.isnan(coded[2, 1])


def test_a_value_with_many_rows_but_few_people_is_rare(payment_frame: Frame) -> None:
    columns = _columns(payment_frame, ["a"] * 30 + ["one family"] * 40, [f"H{n}" for n in range(30)] + ["X"] * 40)
    assert columns[1].levels == ("a",)


def test_an_unseen_value_is_missing_when_training_merged_none(payment_frame: Frame) -> None:
    columns = _columns(payment_frame, ["a"] * 30 + ["b"] * 30)
    coded = encode(pd.DataFrame({"payer_class": ["never seen"], "calls": [0.0]}), columns)
    assert np.isnan(coded[0, 1])


def test_columns_are_matched_by_name_in_any_order(payment_frame: Frame) -> None:
    columns = learn_columns(payment_frame.data, payment_frame.features)
    turned = payment_frame.data[payment_frame.data.columns[::-1]]
    assert np.array_equal(encode(turned, columns), encode(payment_frame.data, columns), equal_nan=True)


def test_a_missing_column_is_named(payment_frame: Frame) -> None:
    columns = learn_columns(payment_frame.data, payment_frame.features)
    with pytest.raises(NoUsableModelError, match="lacks 1 of the model's 6 features: past_rate"):
        encode(payment_frame.data.drop(columns="past_rate"), columns)


def test_the_matrix_is_the_same_in_either_memory_layout(payment_frame: Frame) -> None:
    columns = learn_columns(payment_frame.data, payment_frame.features)
    by_row, by_column = (encode(payment_frame.data, columns, order=order) for order in ("C", "F"))
    assert by_column.flags["F_CONTIGUOUS"]
    assert np.array_equal(by_row, by_column, equal_nan=True)

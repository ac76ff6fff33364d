"""Every feature agrees with a second implementation in plain Python, to the cent and the day."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

import pandas as pd
import pytest
from hypothesis import given

from payrank.features.build_frames import nightly_frame, population_frame, training_frame
from payrank.features.frame import Frame
from payrank.features.targets import OverturnTarget, PaymentTarget
from tests.features.draws import SEEDS, draws
from tests.features.oracle_accounts import account_frame, payment_label
from tests.features.oracle_denials import denial_frame, overturn_label
from tests.features.small_extracts import DAY, Row, draw_rows, make_extract

pytestmark = pytest.mark.slow

PAYMENT = PaymentTarget(horizon_days=20, every_days=13, snapshots=4, history_days=1, min_share=0.3)
OVERTURN = OverturnTarget(maturity_days=20, every_days=13, snapshots=5, history_days=1, rows_per_unit=None)
UNLABELED = dict.fromkeys(("label", "share", "recovered", "days_to_outcome", "known_on"))


def disagreements(frame: Frame, expected: Mapping[tuple[date, str], Row]) -> list[str]:
    rows = {
        (row["as_of"].date(), row["unit_id"]): {str(column): value for column, value in row.items()}
        for row in frame.data.to_dict("records")
    }
    wrong = [f"only one side has {key}" for key in sorted(rows.keys() ^ expected.keys())]
    for key in rows.keys() & expected.keys():
        expected_row = expected[key]
        columns = [column for column in rows[key] if column not in ("unit_id", "as_of")]
        wrong += [
            f"{key} {column}: {rows[key][column]} instead of {expected_row[column]}"
            for column in columns
            if not column.startswith("row_") and not _same(rows[key][column], expected_row[column])
        ]
    return wrong


def _same(actual: Any, expected: Any) -> bool:
    if expected is None or pd.isna(actual):
        return expected is None and bool(pd.isna(actual))
    if isinstance(actual, pd.Timestamp):
        return bool(actual.date() == expected)
    if isinstance(expected, str):
        return bool(actual == expected)
    return bool(abs(float(actual) - float(expected)) <= 1e-9 * max(1.0, abs(float(expected))))


@given(SEEDS)
@draws(10)
def test_every_nightly_account_feature_agrees_with_the_oracle(seed: int) -> None:
    rows = draw_rows(seed)
    with make_extract(rows) as extract:
        frame = nightly_frame(extract, PAYMENT, DAY)
    expected = {(DAY, unit): row for unit, row in account_frame(rows, PAYMENT, DAY).items()}
    assert disagreements(frame, expected) == []


@given(SEEDS)
@draws(10)
def test_every_nightly_denial_feature_agrees_with_the_oracle(seed: int) -> None:
    rows = draw_rows(seed)
    with make_extract(rows) as extract:
        frame = nightly_frame(extract, OVERTURN, DAY)
    expected = {(DAY, unit): row for unit, row in denial_frame(rows, DAY).items()}
    assert disagreements(frame, expected) == []


@given(SEEDS)
@draws(25)
def test_every_account_feature_and_label_in_training_agrees_with_the_oracle_on_four_days(seed: int) -> None:
    rows = draw_rows(seed)
    with make_extract(rows) as extract:
        frame = training_frame(extract, PAYMENT, DAY)
    expected = {}
    for day in (DAY - timedelta(days=20 + 13 * step) for step in range(4)):
        for unit, row in account_frame(rows, PAYMENT, day).items():
            label = payment_label(rows, unit, row["amount"], PAYMENT, day, DAY)
            assert label is not None
            expected[day, unit] = row | label
    assert disagreements(frame, expected) == []


@given(SEEDS)
@draws(25)
def test_every_denial_feature_and_label_in_training_agrees_with_the_oracle_on_five_days(seed: int) -> None:
    """The population frame includes rows without a label, which training leaves out."""
    rows = draw_rows(seed)
    with make_extract(rows) as extract:
        frame = population_frame(extract, OVERTURN, DAY)
    expected = {}
    for day in (DAY - timedelta(days=20 + 13 * step) for step in range(5)):
        for unit, row in denial_frame(rows, day).items():
            expected[day, unit] = row | (overturn_label(rows, unit, row["amount"], day, DAY) or UNLABELED)
    assert disagreements(frame, expected) == []


@given(SEEDS)
@draws(3)
def test_training_has_exactly_the_denials_that_the_oracle_labels(seed: int) -> None:
    rows = draw_rows(seed)
    with make_extract(rows) as extract:
        frame = training_frame(extract, OVERTURN, DAY)
    expected = {}
    for day in (DAY - timedelta(days=20 + 13 * step) for step in range(5)):
        for unit, row in denial_frame(rows, day).items():
            label = overturn_label(rows, unit, row["amount"], day, DAY)
            if label is not None:
                expected[day, unit] = row | label
    assert disagreements(frame, expected) == []


@pytest.mark.parametrize("target", [PAYMENT, OVERTURN], ids=["account", "denial"])
def test_the_small_extracts_give_every_feature_a_value(target: PaymentTarget | OverturnTarget) -> None:
    """Each feature has at least two known values, so the oracle compares no empty columns."""
    seen: dict[str, set[Any]] = {}
    for seed in range(12):
        day = DAY + timedelta(days=31 * seed)
        with make_extract(draw_rows(seed, day)) as extract:
            frame = nightly_frame(extract, target, day)
        for feature in frame.features:
            seen.setdefault(feature.name, set()).update(frame.data[feature.name].dropna())
    assert [name for name, values in seen.items() if len(values) < 2] == []

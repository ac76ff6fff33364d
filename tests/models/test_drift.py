"""Drift: none in training-like rows, a shifted feature comes first, and small runs raise no false alarm."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from payrank.models.monitoring.drift import PROBABILITY, Drift, measure_drift, population_stability
from payrank.models.predict import predict
from payrank.training.train import Trained


def drift_of(trained: Any, data: pd.DataFrame) -> dict[str, Drift]:
    probability = predict(trained.bundle, data)["probability"].to_numpy(dtype=np.float64)
    return {drift.name: drift for drift in measure_drift(trained.bundle, data, probability)}


def test_the_training_rows_have_no_drift(trained: Trained) -> None:
    drifts = drift_of(trained, trained.fitted_rows)
    assert set(drifts) == {column.name for column in trained.bundle.manifest.features} | {PROBABILITY}
    assert not [drift.name for drift in drifts.values() if drift.moved]
    assert max(drift.index for name, drift in drifts.items() if name != PROBABILITY) < 0.05


def test_the_feature_with_the_largest_shift_comes_first(trained: Trained) -> None:
    data = trained.fitted_rows.assign(days_open=trained.fitted_rows["days_open"] + 300)
    drifts = list(drift_of(trained, data).values())
    assert drifts[0].name == "days_open"
    assert drifts[0].moved
    assert not next(drift for drift in drifts if drift.name == "noise").moved


def test_a_new_payer_and_missing_values_are_detected(trained: Trained) -> None:
    data = trained.fitted_rows.assign(payer_class="never seen before", balance_now=np.nan)
    drifts = drift_of(trained, data)
    assert drifts["payer_class"].moved
    assert drifts["balance_now"].moved


def test_drift_of_a_feature_that_was_always_missing_in_training_is_detected(trained: Trained) -> None:
    reference = {**trained.bundle.reference["features"], "noise": {"edges": [], "counts": [], "unknown": 1800}}
    bundle = replace(trained.bundle, reference={**trained.bundle.reference, "features": reference})
    drifts = {
        drift.name: drift
        for drift in measure_drift(bundle, trained.fitted_rows, np.full(len(trained.fitted_rows), 0.5))
    }
    assert drifts["noise"].moved


def test_a_small_run_does_not_drift_by_chance(trained: Trained) -> None:
    dice = np.random.default_rng(5)
    called = 0
    for _ in range(20):
        rows = trained.fitted_rows.iloc[dice.choice(len(trained.fitted_rows), 40, replace=False)]
        called += sum(drift.moved for name, drift in drift_of(trained, rows).items() if name != PROBABILITY)
    assert called == 0


def test_an_empty_run_has_no_drift(trained: Trained) -> None:
    assert measure_drift(trained.bundle, trained.fitted_rows.iloc[:0], np.zeros(0)) == ()


def test_the_index_follows_its_published_definition() -> None:
    expected, actual = np.array([30.0, 70.0]), np.array([60.0, 40.0])
    by_hand = sum((q - p) * np.log(q / p) for p, q in ((30.5 / 101, 60.5 / 101), (70.5 / 101, 40.5 / 101)))
    assert population_stability(expected, actual) == pytest.approx(by_hand)

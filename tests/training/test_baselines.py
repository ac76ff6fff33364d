"""The baselines that a model must beat."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from payrank.features.frame import Frame
from payrank.training.baselines.baselines import (
    SMOOTHING,
    aging_bucket,
    choose_category,
    describe_baseline,
    forecast_baselines,
    logistic,
    payer_and_age,
    rate_table,
    share_table,
)
from payrank.training.baselines.scorecard import fit_scorecard
from payrank.training.evaluate.metrics import measure_discrimination
from tests.conftest import FrameMaker


def test_a_rate_is_smoothed_and_an_unknown_key_gets_the_overall_rate() -> None:
    keys = pd.Series(["a"] * 20 + ["b"] * 20 + [None] * 10, dtype="str")
    label = pd.Series([1.0] * 20 + [0.0] * 30)
    rate = rate_table(keys, label, pd.Series(["a", "b", "new", None], dtype="str"))
    assert rate == pytest.approx([(20 + 20 * 0.4) / 40, (20 * 0.4) / 40, 0.4, 0.4])


def test_aging_buckets_are_the_standard_ones() -> None:
    days = pd.DataFrame({"age_days": [0.0, 30, 31, 60, 61, 120, 121, 180, 181, 365, 366]})
    assert aging_bucket(days).tolist() == [0, 0, 1, 1, 2, 3, 4, 4, 5, 5, 6]


def test_expected_value_by_payer_and_age_is_the_share_recovered_in_each_cell() -> None:
    fitted = pd.DataFrame(
        {
            "payer_class": ["commercial"] * 30 + ["medicaid"] * 10,
            "age_days": [10.0] * 40,
            "amount": [100.0] * 30 + [400.0] * 10,
            "recovered": [50.0] * 30 + [0.0] * 9 + [np.nan],
        }
    )
    later = pd.DataFrame({"payer_class": ["commercial", "medicaid", "commercial"], "age_days": [5.0, 29.0, 200.0]})
    known, dollars, back = 39, 3000 + 3600, 1500.0
    prior = SMOOTHING * dollars / known
    share = share_table(payer_and_age(fitted), fitted, payer_and_age(later))
    expected = [
        (back + prior * back / dollars) / (3000 + prior),
        prior * back / dollars / (3600 + prior),
        back / dollars,
    ]
    assert share == pytest.approx(expected)


def test_every_baseline_forecasts_every_later_row(payment_frame: Frame) -> None:
    data, features = payment_frame.data, payment_frame.features
    before, later = data.iloc[:900], data.iloc[900:]
    category = choose_category(before, later, features)
    assert category == "payer_class"
    forecasts = forecast_baselines(before, later, features, category)
    assert set(forecasts) == {
        "majority",
        "rate_by_age",
        "rate_by_payer_class",
        "value_by_payer_and_age",
        "scorecard",
        "logistic",
        "oldest_first",
        "newest_first",
        "largest_first",
    }
    for name, forecast in forecasts.items():
        assert len(forecast.score) == len(forecast.worth) == len(later)
        assert describe_baseline(name) != name
    auc = {
        name: measure_discrimination(later["label"].to_numpy(), forecast.score)["auc"]
        for name, forecast in forecasts.items()
    }
    assert min(auc["logistic"], auc["scorecard"]) > auc["rate_by_age"] > 0.55
    assert auc["oldest_first"] == pytest.approx(1 - auc["newest_first"])


def test_the_logistic_baseline_and_the_scorecard_handle_unseen_categories_and_missing_values(
    payment_frame: Frame,
) -> None:
    before = payment_frame.data.iloc[:900]
    later = payment_frame.data.iloc[900:950].assign(payer_class="unseen", calls=np.nan, noise=np.nan)
    probability = logistic(before, later, payment_frame.features)
    assert ((probability > 0) & (probability < 1)).all()
    assert np.isfinite(fit_scorecard(before, payment_frame.features).points(later)).all()


def test_a_scorecard_weighs_each_bin_by_its_evidence_and_adds_points(frame_maker: FrameMaker) -> None:
    frame = frame_maker(rows=500)
    data = frame.data
    card = fit_scorecard(data, frame.features)
    names = [feature.name for feature in card.features]
    assert {"days_open", "past_rate"} <= set(names)
    assert "noise" not in names
    assert (card.weights > 0).all()
    payers = next(feature for feature in card.features if feature.name == "payer_class")
    here = data["payer_class"] == payers.levels[0]
    label = data["label"]
    bins = len(payers.evidence)
    events, others = label[here].sum(), (1 - label[here]).sum()
    by_hand = np.log(((events + 0.5) / (label.sum() + bins / 2)) / ((others + 0.5) / ((1 - label).sum() + bins / 2)))
    assert payers.evidence[0] == pytest.approx(by_hand)
    points, odds = card.points(data), card.log_odds(data)
    assert (points == np.round(points)).all()
    assert np.abs(points - (600 + 20 / np.log(2) * odds)).max() <= 0.5 * (len(names) + 1)


def test_a_scorecard_without_predictive_features_is_the_base_rate() -> None:
    draw = np.random.default_rng(1)
    data = pd.DataFrame({"label": (draw.random(400) < 0.25).astype(float), "flat": 1.0})
    assert fit_scorecard(data, ()).log_odds(data) == pytest.approx(
        np.log(data["label"].mean() / (1 - data["label"].mean())), abs=0.02
    )

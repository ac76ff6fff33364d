"""Figures, each against a slow or hand-made second opinion."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from training.baselines import aging_bucket, choose_category, forecast_baselines, logistic, rate_table
from training.evaluate import Forecast, discrimination, evaluate, lists_of, probability_figures, top_of_lists


def _judged(label: list[float], amount: list[float], share: list[float]) -> pd.DataFrame:
    data = pd.DataFrame({"as_of": pd.Timestamp("2024-01-01"), "label": label, "amount": amount, "share": share})
    data["recovered"] = data["share"] * data["amount"]
    return data


def test_dollars_in_the_top_fifth_are_counted_list_by_list():
    data = _judged([1, 0, 0, 0, 0, 1, 1, 0, 0, 0], [100.0] * 5 + [1000.0] * 5, [1, 0, 0, 0, 0, 0.5, 0.1, 0, 0, 0])
    worth = np.array([9.0, 1, 1, 1, 1, 5, 9, 1, 1, 1])
    nights = np.repeat([0, 1], 5)
    found = evaluate(data, nights, Forecast(worth, None, worth), 0.2)
    assert found["dollars_captured"] == pytest.approx((100 + 100) / (100 + 500 + 100))
    assert found["lift"] == pytest.approx(1.0 / 0.3)
    assert "brier" not in found


def test_outcomes_are_counted_where_amounts_are_unknown():
    data = _judged([1, 0, 1, 0], [np.nan] * 4, [np.nan] * 4)
    score = np.array([4.0, 3, 2, 1])
    found = evaluate(data, np.zeros(4, dtype=int), Forecast(score, None, score), 0.25)
    assert found["outcomes_captured"] == 0.5
    assert "dollars_captured" not in found


def test_figures_that_one_class_cannot_have_are_left_out():
    data = _judged([0, 0, 0, 0], [1.0] * 4, [0.0] * 4)
    score = np.arange(4.0)
    found = evaluate(data, np.zeros(4, dtype=int), Forecast(score, np.full(4, 0.1), score), 0.25)
    assert set(found) == {"brier", "log_loss", "ece"}


def test_auc_is_the_mean_of_the_periods_whose_scores_are_never_in_one_list():
    data = _judged([0, 1, 0, 1], [1.0] * 4, [0.0, 1, 0, 1])
    score = np.array([1.0, 2.0, 11.0, 12.0])
    assert evaluate(data, np.array([1, 1, 2, 2]), Forecast(score, None, score), 0.5)["auc"] == 1.0
    assert evaluate(data, np.array([1, 1, 1, 1]), Forecast(score, None, score), 0.5)["auc"] == 0.75


@settings(max_examples=60, deadline=None)
@given(rows=st.lists(st.tuples(st.integers(0, 4), st.booleans()), min_size=4, max_size=60))
def test_auc_is_the_chance_that_an_event_outranks_a_non_event(rows):
    score = np.array([float(row[0]) for row in rows])
    label = np.array([float(row[1]) for row in rows])
    found = discrimination(label, score)
    if len(set(label)) < 2:
        assert found == {}
        return
    gaps = score[label == 1][:, None] - score[label == 0][None, :]
    assert found["auc"] == pytest.approx(float(((gaps > 0) + 0.5 * (gaps == 0)).mean()))


def test_probabilities_that_are_the_rate_have_no_calibration_error_and_wrong_ones_have_theirs():
    label = np.tile([1.0, 0, 0, 0], 250)
    assert probability_figures(label, np.full(1000, 0.25))["ece"] == pytest.approx(0)
    assert probability_figures(label, np.full(1000, 0.45))["ece"] == pytest.approx(0.2)


def test_unknown_scores_come_last_and_ties_keep_the_order_of_the_rows():
    top = top_of_lists(np.zeros(5, dtype=int), np.array([np.nan, 1.0, 1.0, 1.0, np.nan]), 0.4)
    assert top.tolist() == [False, True, True, False, False]


def test_small_snapshots_are_ranked_by_period():
    many = pd.DataFrame({"as_of": pd.to_datetime(["2024-01-01"] * 150 + ["2024-02-01"] * 150)})
    assert set(lists_of(many, np.zeros(300, dtype=int))) == {0, 1}
    few = pd.DataFrame({"as_of": pd.date_range("2024-01-01", periods=300)})
    assert set(lists_of(few, np.zeros(300, dtype=int))) == {0}


def test_a_rate_is_smoothed_and_an_unknown_key_has_the_overall_rate():
    keys = pd.Series(["a"] * 20 + ["b"] * 20 + [None] * 10, dtype="str")
    label = pd.Series([1.0] * 20 + [0.0] * 30)
    found = rate_table(keys, label, pd.Series(["a", "b", "new", None], dtype="str"))
    assert found == pytest.approx([(20 + 20 * 0.4) / 40, (20 * 0.4) / 40, 0.4, 0.4])


def test_aging_buckets_are_the_trades():
    days = pd.DataFrame({"age_days": [0.0, 30, 31, 60, 61, 120, 121, 180, 181, 365, 366]})
    assert aging_bucket(days).tolist() == [0, 0, 1, 1, 2, 3, 4, 4, 5, 5, 6]


def test_every_baseline_forecasts_every_later_row(payment_frame):
    data, features = payment_frame.data, payment_frame.features
    before, later = data.iloc[:900], data.iloc[900:]
    category = choose_category(before, later, features)
    assert category == "payer_class"
    found = forecast_baselines(before, later, features, category)
    assert set(found) == {
        "majority",
        "rate_by_age",
        "rate_by_payer_class",
        "logistic",
        "oldest_first",
        "largest_first",
    }
    for forecast in found.values():
        assert len(forecast.score) == len(forecast.worth) == len(later)
    label = later["label"].to_numpy()
    assert (
        discrimination(label, found["logistic"].score)["auc"] > discrimination(label, found["rate_by_age"].score)["auc"]
    )


def test_the_logistic_baseline_meets_words_and_gaps_it_never_saw(payment_frame):
    before = payment_frame.data.iloc[:900]
    later = payment_frame.data.iloc[900:950].assign(payer_class="never seen", calls=np.nan, noise=np.nan)
    found = logistic(before, later, payment_frame.features)
    assert ((found > 0) & (found < 1)).all()

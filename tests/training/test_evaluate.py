"""Each metric is compared with a slow or manual second computation."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score

from payrank.training.evaluate.bootstrap import (
    RowSums,
    number_rows_by_household,
    percentile_interval,
    ratio,
    reflected_interval,
)
from payrank.training.evaluate.cumulative_gains import gains_curve, rank_lists
from payrank.training.evaluate.holdout import Forecast, make_holdout, number_lists
from payrank.training.evaluate.metrics import ForecastMetrics, measure_discrimination, measure_probabilities
from tests.required import required


def _rows(label: list[float], amount: list[float], share: list[float]) -> pd.DataFrame:
    data = pd.DataFrame({"as_of": pd.Timestamp("2024-01-01"), "label": label, "amount": amount, "share": share})
    data["recovered"] = data["share"] * data["amount"]
    data["household"] = [f"H{number}" for number in range(len(data))]
    return data


def _measure(data: pd.DataFrame, periods: np.ndarray, forecast: Forecast, capacity: float) -> dict[str, float]:
    measured = ForecastMetrics(make_holdout(data, periods, capacity, resamples=20), {"one": forecast})
    return {name: estimate.value for name, estimate in measured.metrics("one").items()}


def _families(rows: int, people: int, seed: int = 3) -> tuple[pd.DataFrame, np.ndarray]:
    """Rows of families whose members behave alike, in three lists, and an informative score."""
    draw = np.random.default_rng(seed)
    family = draw.integers(people, size=rows)
    leaning = draw.normal(size=people)[family]
    chance = 1 / (1 + np.exp(1 - 1.5 * leaning))
    label = (draw.random(rows) < chance).astype(float)
    amount = np.round(np.exp(draw.normal(5, 1, rows)), 2)
    data = pd.DataFrame(
        {
            "household": [f"F{number}" for number in family],
            "as_of": pd.to_datetime(np.sort(draw.choice(["2024-01-01", "2024-02-01", "2024-03-01"], rows))),
            "label": label,
            "amount": amount,
            "recovered": label * amount * 0.8,
            "share": 0.8 * label,
        }
    )
    return data, 1 / (1 + np.exp(1 - leaning + draw.normal(0, 0.5, rows)))


def test_captured_dollars_are_counted_list_by_list() -> None:
    data = _rows([1, 0, 0, 0, 0, 1, 1, 0, 0, 0], [100.0] * 5 + [1000.0] * 5, [1, 0, 0, 0, 0, 0.5, 0.1, 0, 0, 0])
    worth = np.array([9.0, 1, 1, 1, 1, 5, 9, 1, 1, 1])
    metrics = _measure(data, np.repeat([0, 1], 5), Forecast(worth, None, worth), 0.2)
    assert metrics["captured"] == pytest.approx((100 + 100) / (100 + 500 + 100), abs=1e-5)
    assert metrics["lift"] == pytest.approx(1.0 / 0.3, abs=1e-5)
    assert "brier" not in metrics


def test_outcomes_are_counted_if_amounts_are_unknown() -> None:
    data = _rows([1, 0, 1, 0], [np.nan] * 4, [np.nan] * 4)
    score = np.array([4.0, 3, 2, 1])
    assert _measure(data, np.zeros(4, dtype=int), Forecast(score, None, score), 0.25)["captured"] == 0.5
    assert not make_holdout(data, np.zeros(4, dtype=int), 0.25).in_dollars


def test_metrics_that_are_undefined_with_one_class_are_left_out() -> None:
    data = _rows([0, 0, 0, 0], [1.0] * 4, [0.0] * 4)
    score = np.arange(4.0)
    metrics = _measure(data, np.zeros(4, dtype=int), Forecast(score, np.full(4, 0.1), score), 0.25)
    assert not {"auc", "average_precision", "lift", "captured"} & set(metrics)
    assert metrics["brier"] == pytest.approx(0.01)


def test_auc_is_the_mean_over_periods_which_are_never_ranked_together() -> None:
    data = _rows([0, 1, 0, 1], [1.0] * 4, [0.0, 1, 0, 1])
    score = np.array([1.0, 2.0, 11.0, 12.0])
    assert _measure(data, np.array([1, 1, 2, 2]), Forecast(score, None, score), 0.5)["auc"] == 1.0
    assert _measure(data, np.array([1, 1, 1, 1]), Forecast(score, None, score), 0.5)["auc"] == 0.75


@settings(max_examples=60, deadline=None)
@given(rows=st.lists(st.tuples(st.integers(0, 4), st.booleans()), min_size=4, max_size=60))
def test_auc_is_the_probability_that_an_event_outranks_a_non_event(rows: Any) -> None:
    score = np.array([float(row[0]) for row in rows])
    label = np.array([float(row[1]) for row in rows])
    metrics = measure_discrimination(label, score)
    if len(set(label)) < 2:
        assert metrics == {}
        return
    gaps = score[label == 1][:, None] - score[label == 0][None, :]
    assert metrics["auc"] == pytest.approx(float(((gaps > 0) + 0.5 * (gaps == 0)).mean()))
    assert metrics["average_precision"] == pytest.approx(average_precision_score(label, score))


def test_correct_probabilities_have_no_calibration_error_and_wrong_ones_have() -> None:
    label = np.tile([1.0, 0, 0, 0], 250)
    assert measure_probabilities(label, np.full(1000, 0.25))["ece"] == pytest.approx(0)
    assert measure_probabilities(label, np.full(1000, 0.45))["ece"] == pytest.approx(0.2)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.integers(30, 200))
def test_the_components_of_the_brier_score_add_up_to_it(seed: int, rows: int) -> None:
    draw = np.random.default_rng(seed)
    probability = np.round(draw.random(rows), int(draw.integers(1, 4)))
    data = _rows(list((draw.random(rows) < probability**2).astype(float)), [1.0] * rows, [0.0] * rows)
    metrics = _measure(data, np.zeros(rows, dtype=int), Forecast(probability, probability, probability), 0.2)
    parts = metrics["reliability"] - metrics["resolution"] + metrics["uncertainty"] + metrics["within_bins"]
    assert metrics["brier"] == pytest.approx(((probability - data["label"]) ** 2).mean(), abs=1e-5)
    assert parts == pytest.approx(metrics["brier"], abs=5e-5)


def test_the_components_of_the_brier_score_match_murphy_if_each_bin_has_one_probability() -> None:
    probability = np.repeat([0.2, 0.8], 50)
    label = np.concatenate([np.repeat([1.0, 0], [20, 30]), np.repeat([1.0, 0], [40, 10])])
    metrics = _measure(
        _rows(list(label), [1.0] * 100, list(label)),
        np.zeros(100, dtype=int),
        Forecast(probability, probability, probability),
        0.2,
    )
    assert metrics["reliability"] == pytest.approx((0.2**2 + 0.0) / 2)
    assert metrics["resolution"] == pytest.approx((0.2**2 + 0.2**2) / 2)
    assert metrics["uncertainty"] == pytest.approx(0.6 * 0.4)
    assert metrics["within_bins"] == pytest.approx(0, abs=1e-5)


def test_an_interval_equals_resampling_whole_households_one_by_one() -> None:
    data, _ = _families(300, 60)
    households = number_rows_by_household(data["household"], resamples=300, seed=8)
    sums = RowSums(households)
    sums.add("rows", np.ones(300))
    sums.add("label", data["label"].to_numpy())
    drawn = sums.resample()
    fast = ratio(drawn.total("label"), drawn.total("rows"))
    draw = np.random.default_rng(8)
    labels = [data["label"].to_numpy()[data["household"] == name] for name in data["household"].unique()]
    assert len(labels) == households.count
    slow = [
        np.concatenate(
            [labels[drawn_household] for drawn_household in draw.integers(len(labels), size=len(labels))]
        ).mean()
        for _ in range(300)
    ]
    assert fast[0] == pytest.approx(data["label"].mean())
    assert fast[1:] == pytest.approx(slow)
    assert percentile_interval(fast) == pytest.approx(tuple(np.quantile(slow, [0.025, 0.975])))


def _captured_slowly(data: pd.DataFrame, worth: np.ndarray, rows: np.ndarray) -> float:
    """Return the share of dollars in the top fifth of each list, with repeated rows, sorting every list again."""
    lists, recovered = data["as_of"].to_numpy()[rows], data["recovered"].to_numpy()[rows]
    inside = 0.0
    for day in np.unique(lists):
        here = np.flatnonzero(lists == day)
        best = here[np.argsort(-worth[rows][here], kind="stable")]
        inside += recovered[best[: round(len(best) * 0.2)]].sum()
    return float(inside / recovered.sum())


def test_intervals_of_captured_dollars_match_ranking_the_lists_again_in_every_resample() -> None:
    data, score = _families(1500, 500)
    amount = data["amount"].to_numpy()
    forecasts = {"model": Forecast(score, score, score * amount), "largest": Forecast(amount, None, amount)}
    holdout = make_holdout(data, np.zeros(1500, dtype=int), 0.2, resamples=400, seed=4)
    measured = ForecastMetrics(holdout, forecasts)
    draw = np.random.default_rng(11)
    of_family = [np.flatnonzero(rows) for rows in (data["household"] == name for name in data["household"].unique())]
    resamples = []
    for _ in range(400):
        rows = np.concatenate([of_family[family] for family in draw.integers(len(of_family), size=len(of_family))])
        resamples.append([_captured_slowly(data, forecast.worth, np.sort(rows)) for forecast in forecasts.values()])
    slow = np.array(resamples)
    ahead = required(measured.advantage("model", "largest"))
    for resampled, estimate in (
        (slow[:, 0], measured.metrics("model")["captured"]),
        (slow[:, 1], measured.metrics("largest")["captured"]),
        (slow[:, 0] - slow[:, 1], ahead),
    ):
        low, high = np.quantile(resampled, [0.025, 0.975])
        assert estimate.low == pytest.approx(low, abs=0.25 * (high - low))
        assert estimate.high == pytest.approx(high, abs=0.25 * (high - low))
        assert (required(estimate.high) - required(estimate.low)) == pytest.approx(high - low, rel=0.2)
    everyone = _captured_slowly(data, forecasts["model"].worth, np.arange(1500))
    assert measured.metrics("model")["captured"].value == pytest.approx(everyone, abs=1e-5)


def test_a_paired_difference_has_a_narrower_interval_than_each_metric_alone() -> None:
    data, score = _families(1500, 500)
    worth = score * data["amount"].to_numpy()
    near = Forecast(score, score, worth * np.random.default_rng(1).normal(1, 0.02, 1500))
    measured = ForecastMetrics(
        make_holdout(data, np.zeros(1500, dtype=int), 0.2, resamples=200),
        {"a": Forecast(score, score, worth), "b": near},
    )
    ahead, alone = required(measured.advantage("a", "b")), measured.metrics("a")["captured"]
    low, high = required(ahead.low), required(ahead.high)
    assert high - low < 0.5 * (required(alone.high) - required(alone.low))
    assert low <= ahead.value <= high


def test_noise_does_not_raise_the_interval_of_a_calibration_error() -> None:
    data, _ = _families(3000, 3000, seed=5)
    draw = np.random.default_rng(2)
    chance = draw.uniform(0.1, 0.9, 3000)
    data["label"] = (draw.random(3000) < chance).astype(float)
    measured = ForecastMetrics(
        make_holdout(data, np.zeros(3000, dtype=int), 0.2), {"x": Forecast(chance, chance, chance)}
    )
    ece = measured.metrics("x")["ece"]
    assert ece.low == pytest.approx(0, abs=0.006)
    assert required(ece.high) <= ece.value + 0.01
    noisy = np.abs(np.random.default_rng(0).normal(0.02, 0.01, 400))
    low, _ = required(reflected_interval(np.append(0.02, noisy)))
    assert low == pytest.approx(max(0, 0.04 - np.quantile(noisy, 0.975)))


def test_cumulative_gains_equal_working_each_list_from_the_top() -> None:
    draw = np.random.default_rng(6)
    lists, worth = np.repeat([0, 1], [40, 60]), draw.random(100)
    gain = np.where(draw.random(100) < 0.3, draw.exponential(100, 100), 0.0)
    worked = np.array([0.0, 0.1, 0.25, 0.5, 1.0])
    slow = []
    for share in worked:
        inside = 0.0
        for number in (0, 1):
            here = np.flatnonzero(lists == number)
            best = sorted(here, key=lambda row: -worth[row])[: int(len(here) * share + 1e-9)]
            inside += gain[best].sum()
        slow.append(inside / gain.sum())
    assert gains_curve(rank_lists(lists, worth), gain, worked) == pytest.approx(slow)


def test_unknown_scores_come_last_and_ties_keep_the_order_of_the_rows() -> None:
    top = rank_lists(np.zeros(5, dtype=int), np.array([np.nan, 1.0, 1.0, 1.0, np.nan])).top(0.4)
    assert top.tolist() == [False, True, True, False, False]


def test_small_snapshots_are_ranked_by_period() -> None:
    many = pd.DataFrame({"as_of": pd.to_datetime(["2024-01-01"] * 150 + ["2024-02-01"] * 150)})
    assert set(number_lists(many, np.zeros(300, dtype=int))) == {0, 1}
    few = pd.DataFrame({"as_of": pd.date_range("2024-01-01", periods=300)})
    assert set(number_lists(few, np.zeros(300, dtype=int))) == {0}


def test_every_point_of_the_reliability_curve_has_at_least_eleven_people() -> None:
    data, score = _families(90, 30)
    measured = ForecastMetrics(
        make_holdout(data, np.zeros(90, dtype=int), 0.2, resamples=50), {"x": Forecast(score, score, score)}
    )
    bins = measured.deciles("x")
    assert sum(decile.rows for decile in bins) == 90
    edges = np.cumsum([decile.rows for decile in bins])[:-1]
    order = np.argsort(score, kind="stable")
    assert all(data["household"].iloc[rows].nunique() >= 11 for rows in np.split(order, edges))

"""Slices, stability, importance, and alarms of a training run."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import pytest

from payrank.features.frame import Frame
from payrank.models.matrix import encode
from payrank.models.records.evaluation import Evaluation
from payrank.models.shap.explain import explain
from payrank.training.evaluate.holdout import Forecast, make_holdout
from payrank.training.evaluate.small_cells import join_small
from payrank.training.evaluate.stability import population_stability_index, rank_correlation
from payrank.training.fit.boosters import FittedBooster
from payrank.training.probes.alarms import raise_alarms, rise_without
from payrank.training.probes.importance import measure_importance
from payrank.training.settings import Member, TrainingSettings
from payrank.training.slices.slices import OTHERS, measure_slices
from payrank.training.train import Trained, train
from tests.required import required

QUICK = TrainingSettings(
    max_n_estimators=60, share_n_estimators=20, early_stopping_rounds=10, members=(Member(seeds=(1,)),)
)


@pytest.fixture(scope="module")
def evaluation(trained: Trained) -> Evaluation:
    return trained.bundle.manifest.evaluation


def test_the_slices_of_each_dimension_contain_every_holdout_row_once(evaluation: Evaluation) -> None:
    kinds = {part.dimension for part in evaluation.slices}
    assert kinds == {"period", "payer", "balance", "age"}
    for kind in kinds:
        parts = [part for part in evaluation.slices if part.dimension == kind]
        assert sum(part.rows for part in parts) == evaluation.holdout.rows
        assert sum(part.events for part in parts) == evaluation.holdout.events
        assert all(part.households >= 11 for part in parts)


def test_the_metrics_of_a_slice_match_its_rows(trained: Trained, evaluation: Evaluation) -> None:
    rows = trained.backtest_rows[trained.backtest.holdout]
    probability = trained.backtest.probability[trained.backtest.holdout]
    here = (rows["payer_class"] == "medicare").to_numpy()
    medicare = next(part for part in evaluation.slices if part.name == "medicare")
    assert medicare.rows == here.sum()
    assert medicare.predicted == pytest.approx(probability[here].mean(), abs=1e-5)
    assert medicare.actual.value == pytest.approx(rows["label"][here].mean(), abs=1e-5)
    assert medicare.brier == pytest.approx(((probability - rows["label"])[here] ** 2).mean(), abs=1e-5)
    part, periods = rows[here], trained.backtest.period[trained.backtest.holdout][here]
    best = 0.0
    for period in np.unique(periods):
        ranked = part[periods == period].sort_values("amount", ascending=False, kind="stable")
        best += ranked["recovered"].iloc[: round(len(ranked) * 0.2)].sum()
    assert medicare.baselines["largest_first"] == pytest.approx(best / part["recovered"].sum(), abs=1e-5)
    ahead = medicare.advantage["largest_first"]
    assert ahead.value == pytest.approx(
        required(medicare.captured).value - medicare.baselines["largest_first"], abs=2e-5
    )
    assert required(ahead.low) <= ahead.value <= required(ahead.high)


def test_payers_with_few_people_are_combined_into_one_slice() -> None:
    draw = np.random.default_rng(2)
    data = pd.DataFrame(
        {
            "household": [f"H{n}" for n in range(300)],
            "as_of": pd.Timestamp("2024-01-01"),
            "label": (draw.random(300) < 0.4).astype(float),
            "amount": 100.0,
            "age_days": np.repeat([5.0, 40.0], [296, 4]),
            "payer_class": ["commercial"] * 280 + ["auto"] * 9 + ["military"] * 8 + ["other"] * 3,
        }
    )
    data["recovered"] = data["label"] * 50
    score = draw.random(300)
    slices = measure_slices(
        make_holdout(data, np.zeros(300, dtype=int), 0.2, resamples=20), Forecast(score, score, score), {}
    )
    assert [(part.name, part.rows) for part in slices if part.dimension == "payer"] == [
        ("commercial", 280),
        (OTHERS, 20),
    ]
    assert [part.name for part in slices if part.dimension == "age"] == ["0-30 days and 31-60 days"]
    names = pd.Series(["a"] * 30 + ["b"] * 15 + ["c"] * 2)
    assert join_small(names, np.arange(47), "rest").value_counts().to_dict() == {"a": 30, "rest": 17}


def test_the_stability_index_and_the_rank_correlation_match_a_computation_by_hand() -> None:
    before, after = np.repeat([0.1, 0.9], [50, 50]), np.repeat([0.1, 0.9], [80, 20])
    assert population_stability_index(before, after) == pytest.approx(0.3 * np.log(0.8 / 0.5) - 0.3 * np.log(0.2 / 0.5))
    assert rank_correlation(np.array([1.0, 2, 3, 4]), np.array([1.0, 2, 4, 3])) == pytest.approx(0.8)
    assert rank_correlation(np.ones(3), np.arange(3.0)) is None


def test_successive_periods_are_compared(evaluation: Evaluation) -> None:
    (only,) = evaluation.stability
    first, second = (part for part in evaluation.slices if part.dimension == "period")
    assert (only.auc_earlier, only.auc_later) == (required(first.auc).value, required(second.auc).value)
    assert required(only.importance_rank_correlation) > 0.5


def test_predictive_features_are_important_and_noise_is_not(evaluation: Evaluation, trained: Trained) -> None:
    order = [entry.feature for entry in evaluation.importance]
    assert set(order) == {feature.name for feature in trained.bundle.manifest.features}
    assert set(order[:2]) == {"days_open", "past_rate"}
    lost = {entry.feature: entry.auc_drop for entry in evaluation.importance}
    assert required(lost["days_open"]) > 0.04
    assert abs(required(lost["noise"])) < 0.02


def test_importance_is_the_mean_absolute_exact_contribution(trained: Trained) -> None:
    data = trained.backtest_rows.iloc[-40:]
    bundle = trained.bundle
    texts = [bundle.files[f"likelihood_{n}.txt"].decode() for n in range(3)]
    importance = measure_importance(
        [FittedBooster(text, 0) for text in texts],
        bundle.manifest.weights,
        [column.name for column in bundle.manifest.features],
        encode(data, bundle.manifest.features),
        data["label"].to_numpy(),
        1,
    )
    exact = explain(bundle, data)
    sizes = dict(zip(exact.features, np.abs(exact.contributions).mean(axis=0), strict=True))
    assert {entry.feature: entry.contribution for entry in importance} == pytest.approx(sizes, abs=1e-5)


def test_honest_features_raise_no_alarm(evaluation: Evaluation) -> None:
    assert evaluation.alarms == ()


def test_a_feature_that_contains_the_outcome_raises_the_alarms_of_a_leak(payment_frame: Frame) -> None:
    frame = replace(payment_frame, data=payment_frame.data.assign(noise=payment_frame.data["label"]))
    manifest = train(frame, kind="payment", as_of=date(2025, 3, 1), settings=QUICK).bundle.manifest
    assert {alarm.name for alarm in manifest.evaluation.alarms} == {"auc_too_good", "feature_too_good_alone"}
    assert any("noise alone has an AUC of 1.000" in alarm.text for alarm in manifest.evaluation.alarms)
    assert any(notice.startswith("alarm: AUC") for notice in manifest.notices)


def test_a_feature_that_was_filled_in_after_the_outcome_raises_an_alarm(payment_frame: Frame) -> None:
    data = payment_frame.data
    early = (data["as_of"] < "2024-09-01").to_numpy()
    known = np.where(early, data["label"], np.random.default_rng(3).permutation(data["label"]))
    frame = replace(payment_frame, data=data.assign(noise=known))
    learn, judge = np.flatnonzero(early), np.flatnonzero(~early)
    rise = required(required(rise_without(frame, "noise", learn, judge)).low)
    assert rise > 0.02
    assert required(required(rise_without(frame, "past_rate", learn, judge)).high) < rise
    alarms = raise_alarms(0.7, frame, learn, judge, ["noise", "past_rate"])
    assert [alarm.name for alarm in alarms] == ["better_without"]
    assert "without noise the AUC" in alarms[0].text
    assert raise_alarms(0.7, payment_frame, learn, judge, ["past_rate", "noise"]) == ()

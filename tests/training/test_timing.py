"""Timing of the outcome: the probabilities of longer horizons are never lower than those of shorter ones."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import pytest

from payrank.extracts.errors import WrongUsageError
from payrank.features.frame import Frame
from payrank.models.bundle import TIMING, Bundle
from payrank.models.predict import predict
from payrank.training.fit.timing import Spans, merge_spans
from payrank.training.settings import Member, TrainingSettings, parse_settings
from payrank.training.train import train
from tests.conftest import FrameMaker
from tests.required import required

AS_OF = date(2025, 3, 1)
QUICK = TrainingSettings(
    max_n_estimators=40,
    share_n_estimators=10,
    timing_n_estimators=60,
    early_stopping_rounds=10,
    timing_days=(20, 40),
    members=(Member(seeds=(1,)),),
)


@pytest.fixture(scope="module")
def bundle(payment_frame: Frame) -> Bundle:
    return train(payment_frame, kind="payment", as_of=AS_OF, settings=QUICK).bundle


def test_a_longer_horizon_never_has_a_lower_probability_and_the_longest_is_the_models(
    bundle: Bundle, payment_frame: Frame
) -> None:
    scores = predict(bundle, payment_frame.data)
    family = scores[["probability_20", "probability_40", "probability_60"]].to_numpy()
    assert (np.diff(family, axis=1) >= 0).all()
    assert (family[:, 0] > 0).all()
    assert (scores["probability_60"] == scores["probability"]).all()
    assert "probability_90" not in scores


def test_the_probability_by_each_day_is_calibrated_for_unseen_rows_of_each_group(
    bundle: Bundle, frame_maker: FrameMaker
) -> None:
    unseen = frame_maker(snapshots=1, rows=4000, seed=99).data
    scores = predict(bundle, unseen)
    happened = unseen["label"] == 1
    later = unseen["calls"] > 0
    for days in (20, 40):
        promised = scores[f"probability_{days}"] / scores["probability"]
        for group in (happened & later, happened & ~later):
            seen = (unseen["days_to_outcome"][group] < days).mean()
            assert promised[group].mean() == pytest.approx(seen, abs=0.06)
    by_20 = scores["probability_20"] / scores["probability"]
    assert by_20[later].mean() < by_20[~later].mean() - 0.4


def test_the_manifest_describes_the_timing_model(bundle: Bundle, payment_frame: Frame) -> None:
    timing = bundle.manifest.timing
    assert (timing.method, timing.days, timing.later) == ("model", (20, 40, 60), False)
    assert timing.outcomes == int(payment_frame.data["label"].sum())
    assert sum(timing.shares) == pytest.approx(1)
    assert timing.shares[0] == pytest.approx(
        (payment_frame.data["days_to_outcome"] < 20).sum() / timing.outcomes, abs=1e-4
    )
    assert required(bundle.timing).num_trees() == timing.n_estimators * 3
    assert TIMING in bundle.files


def test_the_metrics_of_each_horizon_use_the_final_test_and_the_outcomes_by_then(payment_frame: Frame) -> None:
    trained = train(payment_frame, kind="payment", as_of=AS_OF, settings=QUICK)
    horizons, final = trained.bundle.manifest.horizons, required(trained.final_test)
    assert [horizon.days for horizon in horizons] == [20, 40, 60]
    rows = payment_frame.data.iloc[final.rows[final.holdout]]
    for horizon in horizons:
        assert horizon.rows == len(rows)
        assert horizon.base_rate == pytest.approx((rows["days_to_outcome"] < horizon.days).mean(), abs=1e-5)
        assert required(horizon.auc) > 0.6
    metrics = required(trained.bundle.manifest.final_test).metrics
    assert horizons[-1].brier == pytest.approx(metrics["brier"].value, abs=1e-4)


def test_few_outcomes_share_mean_timings_and_unknown_days_have_no_horizons(payment_frame: Frame) -> None:
    few = train(
        payment_frame, kind="payment", as_of=AS_OF, settings=QUICK.model_copy(update={"min_timing_outcomes": 5000})
    )
    assert few.bundle.manifest.timing.method == "mean"
    assert TIMING not in few.bundle.files
    scores = predict(few.bundle, payment_frame.data)
    chance = (scores["probability_20"] / scores["probability"]).to_numpy()
    assert chance == pytest.approx(few.bundle.manifest.timing.shares[0])
    bare = replace(payment_frame, data=payment_frame.data.drop(columns="days_to_outcome"))
    none = train(bare, kind="payment", as_of=AS_OF, settings=QUICK)
    assert none.bundle.manifest.timing.method == "none"
    assert list(predict(none.bundle, payment_frame.data)) == ["raw_score", "probability", "expected_share"]


def test_a_target_without_a_horizon_has_a_last_span_without_an_end(frame_maker: FrameMaker) -> None:
    frame = frame_maker(unit="denial")
    bundle = train(frame, kind="overturn", as_of=AS_OF, settings=QUICK).bundle
    timing = bundle.manifest.timing
    assert (timing.days, timing.later, len(timing.shares)) == ((20, 40), True, 3)
    scores = predict(bundle, frame.data)
    assert (scores["probability_20"] <= scores["probability_40"]).all()
    assert (scores["probability_40"] < scores["probability"]).all()


def test_spans_with_a_handful_of_people_are_merged() -> None:
    days = np.array([5.0] * 30 + [35.0] * 10 + [65.0] * 30 + [95.0] * 4)
    household = pd.Series([f"H{number}" for number in range(len(days))])
    whole = Spans((30, 60, 90, 120), later=False)
    assert merge_spans(whole, days, household) == Spans((30, 120), later=False)
    assert merge_spans(whole, days, household.str[:1]) == Spans((), later=False)
    assert merge_spans(Spans((30, 60), later=True), days, household) == Spans((30,), later=True)
    assert merge_spans(Spans((60, 90), later=True), days, household) == Spans((60,), later=True)


def test_horizons_must_be_in_increasing_order() -> None:
    with pytest.raises(WrongUsageError, match="timing_days must be in increasing order"):
        parse_settings({"timing_days": [60, 30]})

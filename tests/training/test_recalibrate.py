"""Calibration on later time: the choice of the method, segments, and a shift of the base rate."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import pytest

from payrank.extracts.errors import WrongUsageError
from payrank.features.frame import Frame
from payrank.models.calibration.adjusted import AdjustedCalibration, apply_map
from payrank.models.calibration.methods import Beta, Uncalibrated, sigmoid
from payrank.models.predict import predict
from payrank.training.calibrate.recalibrate import LaterRows, recalibrate
from payrank.training.settings import Member, TrainingSettings
from payrank.training.train import train
from tests.conftest import FrameMaker
from tests.required import required

AUTO = TrainingSettings()
QUICK = TrainingSettings(
    max_n_estimators=40,
    share_n_estimators=10,
    timing_n_estimators=5,
    early_stopping_rounds=10,
    members=(Member(seeds=(1,)),),
    monotone=False,
    categories="codes",
    class_weight="none",
    half_life_days="none",
)
DAYS = 300


def make_rows(
    calibrate_scores: Callable[..., Any], n: int = 12_000, seed: int = 4, words: tuple[str, str] = ("a", "b")
) -> LaterRows:
    """Rows over 300 days whose outcomes have the chance `calibrate_scores(raw, day, word)`; four rows a household."""
    draw = np.random.default_rng(seed)
    raw, place = draw.normal(0, 1.2, n), np.arange(n) * DAYS // n
    word = pd.Series(draw.choice(words, n))
    label = (draw.random(n) < calibrate_scores(raw, place, word.to_numpy())).astype(float)
    day = np.datetime64("2025-01-01") + place.astype("timedelta64[D]")
    return LaterRows(raw, label, day, np.arange(n) // 4, word)


def test_calibrated_log_odds_stay_nearly_unchanged() -> None:
    recalibrated = recalibrate(make_rows(lambda raw, *_: sigmoid(raw)), AUTO)
    grid = np.linspace(-2.5, 2.5, 21)
    assert recalibrated.calibration.apply(grid) == pytest.approx(sigmoid(grid), abs=0.03)
    assert recalibrated.record.log_loss_by_method["none"] == pytest.approx(
        min(recalibrated.record.log_loss_by_method.values()), abs=5e-4
    )
    assert not recalibrated.record.segments
    assert not required(recalibrated.record.shift).is_significant


def test_the_method_has_the_lowest_loss_on_rows_that_it_was_not_learned_on() -> None:
    truth = Beta(a=0.3, b=2.0, c=-0.5)
    record = recalibrate(make_rows(lambda raw, *_: truth.apply(raw), n=40_000), AUTO).record
    assert record.method in {"beta", "isotonic"}
    assert record.log_loss_by_method[record.method] == min(record.log_loss_by_method.values())
    assert record.log_loss_by_method["beta"] < record.log_loss_by_method["platt"] < record.log_loss_by_method["none"]
    few = recalibrate(make_rows(lambda raw, *_: truth.apply(raw), n=300), AUTO).record
    assert set(few.log_loss_by_method) == {"none", "platt"}


@pytest.mark.parametrize("method", ["none", "platt", "beta", "isotonic"])
def test_a_named_method_is_used(method: str) -> None:
    rows = make_rows(lambda raw, *_: sigmoid(0.5 * raw), n=2_000)
    recalibrated = recalibrate(rows, AUTO.model_copy(update={"calibration": method, "correct_shift": False}))
    assert (recalibrated.record.method, recalibrated.calibration.method) == (method, method)


def test_a_segment_that_pays_differently_gets_its_own_offset() -> None:
    recalibrated = recalibrate(make_rows(lambda raw, _, word: sigmoid(raw - 0.8 * (word == "b"))), AUTO)
    offsets = {segment.name: segment.offset for segment in recalibrated.record.segments}
    assert offsets["b"] - offsets["a"] == pytest.approx(-0.8, abs=0.15)
    assert isinstance(recalibrated.calibration, AdjustedCalibration)
    probability = apply_map(recalibrated.calibration, np.zeros(2), pd.DataFrame({"payer_class": ["a", "b"]}))
    assert probability == pytest.approx(sigmoid(np.array([0.0, -0.8])), abs=0.04)
    none = recalibrate(make_rows(lambda raw, *_: sigmoid(raw), seed=9), AUTO)
    assert none.record.log_loss_reduction is not None
    assert none.record.segments == ()


def test_a_segment_with_few_outcomes_gets_no_offset() -> None:
    draw = np.random.default_rng(1)
    rows = make_rows(lambda raw, _, word: sigmoid(raw - 1.5 * (word == "b")))
    rare = pd.Series(np.where(draw.random(len(rows.raw)) < 0.01, "rare", required(rows.segment)))
    names = {segment.name for segment in recalibrate(replace(rows, segment=rare), AUTO).record.segments}
    assert names == {"a", "b"}


@pytest.mark.parametrize("moved", [-0.7, 0.7])
def test_a_recent_shift_of_the_base_rate_is_detected_and_corrected(moved: float) -> None:
    rows = make_rows(lambda raw, place, _: sigmoid(raw + moved * (place > DAYS - 90)))
    recalibrated = recalibrate(rows, AUTO)
    shift = required(recalibrated.record.shift)
    assert shift.is_significant
    assert np.sign(shift.offset) == np.sign(moved)
    assert (required(shift.gap.low) > 0) == (moved > 0)
    late = rows.day > rows.day.max() - np.timedelta64(90, "D")
    promised = apply_map(recalibrated.calibration, rows.raw[late]).mean()
    assert promised == pytest.approx(rows.label[late].mean(), abs=0.03)
    assert "the base rate has shifted" in shift.describe()
    uncorrected = recalibrate(rows, AUTO.model_copy(update={"correct_shift": False}))
    left = required(uncorrected.record.shift)
    assert left.is_significant
    assert left.offset == 0
    assert "not corrected" in left.describe()


@pytest.mark.parametrize(("learned", "corrected"), [(0.0, 1.0), (0.5, 0.5), (1.5, 0.0)])
def test_only_the_part_of_a_shift_that_the_served_fit_has_not_learned_is_corrected(
    learned: float, corrected: float
) -> None:
    rows = make_rows(lambda raw, place, _: sigmoid(raw + 0.5 * (place > DAYS - 90)), n=20_000)
    whole = required(recalibrate(rows, AUTO).record.shift).offset
    raw = rows.raw + learned * whole * (rows.day > rows.day.max() - np.timedelta64(90, "D"))
    shift = required(recalibrate(rows, AUTO, served_raw=raw).record.shift)
    assert shift.is_significant
    assert shift.offset == pytest.approx(corrected * whole, abs=0.06)
    assert ("was already fitted on these outcomes" in shift.describe()) == (corrected == 0)


def test_noise_and_too_few_recent_outcomes_are_not_a_shift() -> None:
    noise = recalibrate(make_rows(lambda raw, *_: sigmoid(raw), n=2_000), AUTO).record.shift
    assert not required(noise).is_significant
    assert recalibrate(make_rows(lambda raw, *_: sigmoid(raw), n=150), AUTO).record.shift is None


def test_households_whose_accounts_pay_together_widen_the_interval() -> None:
    rows = make_rows(lambda raw, *_: sigmoid(raw), n=4_000)
    alone = required(recalibrate(replace(rows, household=np.arange(4_000)), AUTO).record.shift).gap
    # Twenty rows share each outcome.
    crowd = np.arange(4_000) // 20
    clustered = replace(rows, raw=np.zeros(4_000), label=(crowd % 2).astype(float), household=crowd)
    wide = required(recalibrate(clustered, AUTO).record.shift).gap
    assert required(wide.high) - required(wide.low) > 2.5 * (required(alone.high) - required(alone.low))


def test_training_reports_a_shift_and_serves_the_correction(frame_maker: FrameMaker) -> None:
    frame = frame_maker(rows=300)
    data = frame.data.copy()
    recent = (data["as_of"] > data["as_of"].max() - pd.Timedelta(days=90)).to_numpy()
    more = np.random.default_rng(2).random(recent.sum()) < 0.5
    data.loc[recent, "label"] = np.maximum(data.loc[recent, "label"], more)
    trained = train(replace(frame, data=data), kind="payment", as_of=date(2025, 6, 1), settings=QUICK)
    manifest = trained.bundle.manifest
    shift = required(manifest.recalibration.shift)
    assert shift.is_significant
    assert shift.offset > 0.1
    assert any("the base rate has shifted" in notice for notice in manifest.notices)
    assert isinstance(trained.bundle.calibration, AdjustedCalibration)
    assert trained.bundle.calibration.shift == shift.offset
    scores = predict(trained.bundle, data.iloc[:50])
    chance = apply_map(trained.bundle.calibration, scores["raw_score"].to_numpy(), data.iloc[:50])
    assert np.array_equal(scores["probability"], chance)


def test_segments_by_a_feature_that_is_not_a_category_are_refused(payment_frame: Frame) -> None:
    settings = QUICK.model_copy(update={"calibrate_by": "noise"})
    with pytest.raises(WrongUsageError, match=r"calibrate_by.*allowed are none, payer_class"):
        train(payment_frame, kind="payment", as_of=date(2025, 3, 1), settings=settings)


def test_an_uncalibrated_probability_is_the_sigmoid_of_the_raw_score() -> None:
    assert Uncalibrated().apply(np.array([1.0]))[0] == pytest.approx(0.7310586)

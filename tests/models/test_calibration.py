"""Calibrated probabilities are accurate, and never reverse the ranking."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from payrank.models.calibration.adjusted import AdjustedCalibration, apply_map, parse_calibration
from payrank.models.calibration.methods import (
    Beta,
    Isotonic,
    Platt,
    Uncalibrated,
    fit_beta,
    fit_isotonic,
    fit_platt,
    sigmoid,
)

finite = st.floats(-50, 50, allow_nan=False)
samples = st.lists(st.tuples(finite, st.booleans()), min_size=2, max_size=200)


def _rows(n: int, slope: float, offset: float, seed: int = 3) -> tuple[Any, Any]:
    draw = np.random.default_rng(seed)
    raw = draw.normal(0, 1.5, n)
    return raw, (draw.random(n) < sigmoid(slope * raw + offset)).astype(float)


@pytest.mark.parametrize(("slope", "offset"), [(1.0, 0.0), (0.4, -1.0), (2.5, 1.0)])
def test_platt_recovers_the_slope_and_offset_that_generated_the_outcomes(slope: float, offset: float) -> None:
    platt = fit_platt(*_rows(40_000, slope, offset))
    assert platt.slope == pytest.approx(slope, rel=0.07)
    assert platt.offset == pytest.approx(offset, abs=0.07)


@pytest.mark.parametrize("fit", [fit_platt, fit_beta, fit_isotonic])
def test_calibrated_probabilities_are_close_to_the_true_ones(fit: Any) -> None:
    raw, label = _rows(40_000, 0.5, -0.8)
    grid = np.linspace(-2.5, 2.5, 21)
    assert fit(raw, label).apply(grid) == pytest.approx(sigmoid(0.5 * grid - 0.8), abs=0.04)


@pytest.mark.parametrize("fit", [fit_platt, fit_beta, fit_isotonic])
@given(rows=samples)
def test_every_fitted_map_increases_and_stays_between_0_and_1(fit: Any, rows: Any) -> None:
    raw = np.array([row[0] for row in rows])
    label = np.array([float(row[1]) for row in rows])
    mapped = fit(raw, label).apply(np.linspace(-100, 100, 401))
    assert np.all(np.diff(mapped) >= -1e-12)
    assert mapped.min() >= 0
    assert mapped.max() <= 1


def test_scores_that_rank_backwards_give_everyone_the_base_rate() -> None:
    raw, label = _rows(5_000, -1.0, 0.0)
    mapped = fit_platt(raw, label).apply(np.array([-3.0, 3.0]))
    assert mapped == pytest.approx([label.mean()] * 2, abs=0.01)


@given(rows=samples)
def test_a_map_survives_a_round_trip_through_json_exactly(rows: Any) -> None:
    raw = np.array([row[0] for row in rows])
    label = np.array([float(row[1]) for row in rows])
    for learned in (fit_platt(raw, label), fit_beta(raw, label), fit_isotonic(raw, label)):
        assert parse_calibration(learned.model_dump_json()) == learned


@pytest.mark.parametrize(
    "text",
    [
        '{"method":"isotonic","raw":[0,1],"probability":[0.6,0.5]}',
        '{"method":"isotonic","raw":[1,0],"probability":[0.5,0.6]}',
        '{"method":"isotonic","raw":[0],"probability":[0.5,0.6]}',
        '{"method":"isotonic","raw":[0,1],"probability":[0.5,1.6]}',
        '{"method":"platt","slope":-1,"offset":0}',
        '{"method":"beta","a":-1,"b":1,"c":0}',
        '{"method":"adjusted","base":{"method":"platt","slope":-1,"offset":0}}',
        '{"method":"magic"}',
        "[]",
    ],
)
def test_a_decreasing_or_unknown_map_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="validation error"):
        parse_calibration(text)


def test_an_isotonic_knot_never_stands_for_a_few_people() -> None:
    raw, label = _rows(500, 1.0, 0.0)
    assert len(fit_isotonic(raw, label).raw) <= 20
    assert isinstance(fit_isotonic(raw[:5], label[:5]), Isotonic)
    assert isinstance(fit_platt(raw[:5], label[:5]), Platt)


@pytest.mark.parametrize(("a", "b", "c"), [(1.0, 1.0, 0.0), (0.5, 1.8, -0.4)])
def test_beta_recovers_the_parameters_that_generated_the_outcomes(a: float, b: float, c: float) -> None:
    draw = np.random.default_rng(5)
    raw = draw.normal(0, 1.5, 60_000)
    truth = Beta(a=a, b=b, c=c)
    beta = fit_beta(raw, (draw.random(len(raw)) < truth.apply(raw)).astype(float))
    assert (beta.a, beta.b, beta.c) == pytest.approx((a, b, c), abs=0.09)
    grid = np.linspace(-3, 3, 25)
    assert beta.apply(grid) == pytest.approx(truth.apply(grid), abs=0.015)


def test_a_beta_map_shapes_the_two_ends_separately() -> None:
    low, high = Beta(a=0.3, b=1.0, c=0.0).apply(np.array([-4.0, 4.0]))
    assert low > sigmoid(np.array([-4.0]))[0] + 0.1
    assert high == pytest.approx(sigmoid(np.array([4.0]))[0], abs=0.01)


def test_a_segment_offset_changes_neither_the_order_nor_other_segments() -> None:
    raw = np.linspace(-3, 3, 40)
    words = pd.Series(["medicaid", "commercial", None, "new"] * 10)
    adjusted = AdjustedCalibration(
        base=Platt(slope=1.0, offset=0.0), by="payer_class", offsets={"medicaid": -1.0}, shift=0.2
    )
    probability = apply_map(adjusted, raw, pd.DataFrame({"payer_class": words}))
    assert probability[0::4] == pytest.approx(sigmoid(raw[0::4] - 0.8))
    assert np.delete(probability, np.arange(0, 40, 4)) == pytest.approx(
        sigmoid(np.delete(raw, np.arange(0, 40, 4)) + 0.2)
    )
    assert (np.diff(probability[0::4]) > 0).all()
    assert apply_map(adjusted, raw) == pytest.approx(sigmoid(raw + 0.2))
    assert parse_calibration(adjusted.model_dump_json()) == adjusted
    assert Uncalibrated().apply(raw) == pytest.approx(sigmoid(raw))

"""Selection bias: the chance of a decided appeal, weights that compensate for it, and sentences for the model card."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from payrank.extracts.errors import WrongUsageError
from payrank.extracts.load.load_extract import load_extract
from payrank.features.build_frames import population_frame, training_frame
from payrank.features.frame import Frame
from payrank.features.targets import OverturnTarget
from payrank.models.calibration.methods import sigmoid
from payrank.simulator import simulate
from payrank.training.design.temporal import row_weights
from payrank.training.selection import (
    WeightedRows,
    describe_never_observed,
    describe_past_calls,
    describe_selection,
    estimate_appeal_chances,
    weigh_rows,
    weighted_metrics,
)
from payrank.training.settings import Member, TrainingSettings
from payrank.training.train import train
from payrank.training.training_job import AppealChances
from tests.conftest import FrameMaker
from tests.required import required

QUICK = TrainingSettings(
    max_n_estimators=30,
    share_n_estimators=10,
    timing_n_estimators=5,
    members=(Member(seeds=(1,)),),
    monotone=False,
    categories="codes",
    class_weight="none",
    half_life_days="none",
)


@pytest.fixture(scope="module")
def population(frame_maker: FrameMaker) -> Frame:
    """Open denials. Those with a high past rate were mostly appealed, and those of payer medicaid never."""
    frame = frame_maker(unit="denial", rows=250)
    data = frame.data.copy()
    draw = np.random.default_rng(3)
    chance = sigmoid(14 * (data["past_rate"].to_numpy() - 0.35))
    data["appealed"] = (draw.random(len(data)) < chance) & (data["payer_class"] != "medicaid").to_numpy()
    data["label"] = data["label"].where(data["appealed"])
    data["carc"] = "50"
    return replace(frame, data=data)


@pytest.fixture(scope="module")
def labeled(population: Frame) -> Frame:
    """The rows of the population that have a label."""
    return replace(population, data=population.data[population.data["label"].notna()].reset_index(drop=True))


@pytest.fixture(scope="module")
def chances(population: Frame) -> AppealChances:
    """The estimated chances of a decided appeal."""
    return required(estimate_appeal_chances(population))


def test_the_chance_of_an_appeal_is_estimated_from_what_was_known(chances: AppealChances) -> None:
    rate = chances.data["past_rate"].to_numpy()
    medicaid = (chances.data["payer_class"] == "medicaid").to_numpy()
    assert chances.chance[medicaid].mean() < 0.15
    assert chances.chance[~medicaid & (rate > 0.6)].mean() > 0.8
    assert chances.chance[~medicaid & (rate < 0.2)].mean() < 0.25
    assert chances.chance.mean() == pytest.approx(chances.decided.mean(), abs=0.03)


def test_weights_bring_decided_denials_closer_to_all_denials_and_stay_clipped(
    population: Frame, labeled: Frame, chances: AppealChances
) -> None:
    weights = weigh_rows(labeled, chances, QUICK)
    assert weights.mean() == pytest.approx(1)
    everyone = population.data["past_rate"].mean()
    plain = labeled.data["past_rate"].mean()
    weighted = np.average(labeled.data["past_rate"], weights=weights)
    assert abs(weighted - everyone) < 0.6 * abs(plain - everyone)
    narrow = weigh_rows(labeled, chances, QUICK.model_copy(update={"max_weight": 1.5}))
    assert narrow.max() / narrow.min() <= 1.5**2 + 1e-9


def test_a_training_row_missing_from_the_population_is_refused(
    population: Frame, labeled: Frame, chances: AppealChances
) -> None:
    incomplete = replace(chances, data=chances.data.iloc[1:], chance=chances.chance[1:])
    first = replace(labeled, data=population.data.iloc[:5])
    with pytest.raises(WrongUsageError, match="1 of 5 training rows are not in the population"):
        weigh_rows(first, incomplete, QUICK)


def test_overlap_counts_everyone_once_and_shows_no_cell_under_eleven(chances: AppealChances, labeled: Frame) -> None:
    weights = weigh_rows(labeled, chances, QUICK)
    ones = np.ones(4)
    holdout = WeightedRows(np.array([1.0, 0, 1, 0]), ones / 2, ones, ones, ones)
    selection = describe_selection(chances, weights, holdout, QUICK)
    assert sum(part.decided for part in selection.overlap) == chances.decided.sum()
    assert sum(part.never_decided for part in selection.overlap) == (~chances.decided).sum()
    for part in selection.overlap:
        assert part.decided == 0 or part.decided >= 11
        assert part.never_decided == 0 or part.never_decided >= 11
    assert selection.effective_rows < selection.decided
    assert selection.outside_support == pytest.approx((chances.chance[~chances.decided] < 0.05).mean(), abs=1e-4)
    text = " ".join(describe_never_observed(chances, selection))
    assert "payer class medicaid with CARC 50" in text
    assert "commercial" not in text


def test_weighted_metrics_equal_the_metrics_of_repeated_rows() -> None:
    draw = np.random.default_rng(8)
    label, probability = (draw.random(400) < 0.4).astype(float), draw.random(400).round(3)
    gain, times = draw.random(400) * label, draw.integers(1, 4, 400)
    weighted = weighted_metrics(WeightedRows(label, probability, probability, gain, times.astype(float)), 0.2)
    columns = (label, probability, probability, gain, np.ones(400))
    repeated = weighted_metrics(WeightedRows(*(np.repeat(values, times) for values in columns)), 0.2)
    for name in ("auc", "brier", "captured"):
        assert weighted[name] == pytest.approx(repeated[name], abs=2e-5)


def test_training_reports_both_metrics_and_uses_the_weights_only_if_set(population: Frame, labeled: Frame) -> None:
    as_of = date(2025, 3, 1)
    plain = train(labeled, kind="overturn", as_of=as_of, settings=QUICK, population=population).bundle
    alone = train(labeled, kind="overturn", as_of=as_of, settings=QUICK).bundle
    heavy = QUICK.model_copy(update={"selection": "weights"})
    weighed = train(labeled, kind="overturn", as_of=as_of, settings=heavy, population=population).bundle
    assert alone.manifest.selection is None
    assert alone.files["likelihood_0.txt"] == plain.files["likelihood_0.txt"] != weighed.files["likelihood_0.txt"]
    selection = required(plain.manifest.selection)
    assert (selection.weights_used, required(weighed.manifest.selection).weights_used) == (False, True)
    assert selection.unweighted["auc"] != selection.weighted["auc"]
    assert selection.unweighted["brier"] == pytest.approx(plain.manifest.metrics["brier"], abs=1e-4)
    assert any("An appeal was decided for" in sentence for sentence in plain.manifest.evaluation.never_observed)
    assert not re.search("PLANTED", plain.files["manifest.json"].decode())


def test_selection_weights_multiply_the_weights_of_the_fit(labeled: Frame) -> None:
    data = labeled.data.assign(selection_weight=np.arange(1.0, len(labeled.data) + 1))
    weights = row_weights(data, np.array([0, 3]), QUICK)
    assert weights[1] / weights[0] == pytest.approx(4)


def test_the_card_says_that_payments_depend_on_past_calls(payment_frame: Frame) -> None:
    data = payment_frame.data.rename(columns={"calls": "calls_90d"})
    not_called = (data["calls_90d"] == 0).mean()
    sentences = describe_past_calls(data)
    assert f"{not_called:.0%} of 1,800 snapshots had no call" in sentences[0]
    assert describe_past_calls(payment_frame.data) == ()


def test_the_population_contains_the_training_frame_and_the_rows_without_a_label(tmp_path: Path) -> None:
    target, as_of = OverturnTarget(every_days=60), date(2026, 11, 1)
    simulate(tmp_path, accounts=800, seed=2, as_of=as_of)
    with load_extract(tmp_path) as extract:
        everyone = population_frame(extract, target, as_of).data
        labeled = training_frame(extract, target, as_of).data
    with_label = everyone[everyone["label"].notna()].reset_index(drop=True)
    columns = ["unit_id", "as_of", "label", "days_left"]
    assert with_label[columns].equals(labeled[columns])
    assert len(everyone) > 1.5 * len(labeled)
    assert everyone["unit_id"].is_unique

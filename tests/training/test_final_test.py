"""The final test: nothing is chosen on it, and its fit never saw its households."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from payrank.extracts.errors import NoUsableModelError
from payrank.features.frame import Frame
from payrank.training.design.temporal import draw_households, list_design_notices, plan_periods
from payrank.training.settings import Member, TrainingSettings, Validation
from payrank.training.train import Trained, train
from tests.required import required

AS_OF = date(2025, 3, 1)
QUICK = TrainingSettings(
    max_n_estimators=40,
    share_n_estimators=10,
    timing_n_estimators=10,
    early_stopping_rounds=10,
    members=(Member(seeds=(1,)),),
)


def test_no_household_of_the_final_test_was_fitted_and_the_manifest_counts_them(
    trained: Trained, payment_frame: Frame
) -> None:
    data, windows = payment_frame.data, trained.bundle.manifest.windows
    design = plan_periods(data, 60, AS_OF, TrainingSettings.model_validate(trained.bundle.manifest.settings))
    last, reserved = design.splits[-1], required(windows.reserved)
    tested, others = data["household"].iloc[last.evaluated], data["household"].iloc[last.fitted]
    assert not set(tested) & set(others)
    assert (reserved.share, reserved.households) == (0.3, tested.nunique())
    assert 0.15 < tested.nunique() / reserved.of_households < 0.45
    assert windows.periods[-1].role == "final"
    assert windows.periods[-1].predicted.rows == len(last.evaluated) == int(required(trained.final_test).holdout.sum())
    assert windows.fitted.rows == len(data)


def test_labels_of_the_final_test_change_no_choice_and_no_earlier_metric(payment_frame: Frame) -> None:
    design = plan_periods(payment_frame.data, 60, AS_OF, QUICK)
    changed = payment_frame.data.copy()
    rows = changed.index[design.splits[-1].predicted]
    changed.loc[rows, "label"] = 1.0 - changed.loc[rows, "label"]
    settings = QUICK.model_copy(update={"refit": False})
    first = train(payment_frame, kind="payment", as_of=AS_OF, settings=settings)
    two = train(replace(payment_frame, data=changed), kind="payment", as_of=AS_OF, settings=settings)
    before, after = first.bundle.manifest, two.bundle.manifest
    assert before.final_test != after.final_test
    assert before.settings == after.settings
    assert before.auto_settings == after.auto_settings
    assert before.n_estimators == after.n_estimators
    assert before.evaluation == after.evaluation
    assert first.bundle.files["likelihood_0.txt"] == two.bundle.files["likelihood_0.txt"]
    assert np.array_equal(required(first.final_test).probability, required(two.final_test).probability)


def test_the_calibration_of_the_final_test_is_learned_without_its_households(payment_frame: Frame) -> None:
    design = plan_periods(payment_frame.data, 60, AS_OF, QUICK)
    changed = payment_frame.data.copy()
    holdout = design.splits[-2].predicted  # its labels came too late for every fit
    assert not any(np.isin(holdout, split.fitted).any() for split in design.splits)
    rows = changed.index[holdout[required(design.reserved)[holdout]]]
    assert len(rows) > 30
    fixed = QUICK.model_copy(update={"members": (Member(seeds=(1,), n_estimators=20),)})
    changed.loc[rows, "label"] = 1.0 - changed.loc[rows, "label"]
    first = required(train(payment_frame, kind="payment", as_of=AS_OF, settings=fixed).final_test)
    two = required(train(replace(payment_frame, data=changed), kind="payment", as_of=AS_OF, settings=fixed).final_test)
    assert np.array_equal(first.raw, two.raw)
    assert np.array_equal(first.probability, two.probability)


def test_a_label_that_was_unknown_when_the_final_test_began_does_not_change_it(payment_frame: Frame) -> None:
    design = plan_periods(payment_frame.data, 60, AS_OF, QUICK)
    start = design.as_of[design.splits[-1].predicted].min()
    late = np.flatnonzero((design.as_of < start) & (design.known_on > start))
    assert np.isin(late, np.concatenate([split.predicted for split in design.splits[1:-1]])).sum() > 30
    changed = payment_frame.data.copy()
    changed.loc[changed.index[late], "label"] = 1.0 - changed.loc[changed.index[late], "label"]
    fixed = QUICK.model_copy(update={"members": (Member(seeds=(1,), n_estimators=20),)})
    first = required(train(payment_frame, kind="payment", as_of=AS_OF, settings=fixed).final_test)
    two = required(train(replace(payment_frame, data=changed), kind="payment", as_of=AS_OF, settings=fixed).final_test)
    assert np.array_equal(first.probability, two.probability)


def test_all_households_are_evaluated_if_none_appears_earlier(payment_frame: Frame) -> None:
    data = payment_frame.data.assign(household=payment_frame.data["unit_id"] + payment_frame.data["as_of"].astype(str))
    design = plan_periods(data, 60, AS_OF, QUICK)
    last = design.splits[-1]
    assert design.reserved is None
    assert last.role == "final"
    assert np.array_equal(last.evaluated, last.predicted)


def test_the_draw_of_a_household_depends_on_the_salt_and_its_own_name_only() -> None:
    names = [f"H{number}" for number in range(2000)]
    drawn = draw_households(names, 0.3, "one")
    assert drawn.mean() == pytest.approx(0.3, abs=0.04)
    assert np.array_equal(draw_households(names[::-1], 0.3, "one")[::-1], drawn)
    assert (draw_households(names, 0.3, "two") != drawn).any()
    assert (drawn <= draw_households(names, 0.6, "one")).all()


def test_two_periods_have_no_final_test_and_a_notice_says_so(payment_frame: Frame) -> None:
    settings = QUICK.model_copy(update={"validation": Validation(periods=2)})
    trained = train(payment_frame, kind="payment", as_of=AS_OF, settings=settings)
    manifest = trained.bundle.manifest
    assert trained.final_test is None
    assert manifest.final_test is None
    assert [period.role for period in manifest.windows.periods] == ["tuning", "holdout"]
    assert any("only 2 periods, so there is no final test" in notice for notice in manifest.notices)


def test_fewer_than_eleven_reserved_households_are_no_final_test_and_a_notice_says_so(payment_frame: Frame) -> None:
    for reserve, role in ((0.02, "holdout"), (0.2, "final")):
        settings = QUICK.model_copy(update={"validation": Validation(reserve=reserve)})
        design = plan_periods(payment_frame.data, 60, AS_OF, settings)
        last = design.splits[-1]
        assert last.role == role
        assert payment_frame.data["household"].iloc[last.evaluated].nunique() >= 11
        notices = list_design_notices(payment_frame.data, design)
        matches = [notice for notice in notices if "fewer than 11 households" in notice]
        assert len(matches) == (role == "holdout")
        assert all("raise validation.reserve" in notice for notice in matches)


def test_a_window_with_too_few_outcomes_is_refused_with_counts(payment_frame: Frame) -> None:
    settings = QUICK.model_copy(update={"validation": Validation(window_days=1), "min_outcomes": 200})
    with pytest.raises(
        NoUsableModelError, match=r"too few outcomes to fit before the \w+ period from .*needed: 200 of each"
    ):
        plan_periods(payment_frame.data, 60, AS_OF, settings)


def test_a_gap_without_rows_and_a_period_with_one_outcome_are_reported_with_counts(payment_frame: Frame) -> None:
    data = payment_frame.data
    hole = data[(data["as_of"] < "2024-04-15") | (data["as_of"] > "2024-07-15")].reset_index(drop=True)
    design = plan_periods(hole, 60, AS_OF, QUICK)
    notices = list_design_notices(hole, design)
    assert any("no snapshot has a row between 2024-03-31 and 2024-07-29 (120 days)" in notice for notice in notices)
    one_sided = data.assign(label=np.where(data.index.isin(design.splits[1].predicted), 0.0, data["label"]))
    design = plan_periods(one_sided, 60, AS_OF, QUICK)
    one_sided.loc[one_sided.index[design.splits[1].predicted], "label"] = 0.0
    notices = list_design_notices(one_sided, design)
    expected = "the holdout period from", "has only one kind of outcome (0 of"
    assert any(all(text in notice for text in expected) for notice in notices)
    assert list_design_notices(data, plan_periods(data, 60, AS_OF, QUICK)) == ()

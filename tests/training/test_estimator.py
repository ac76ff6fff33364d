"""The likelihood model as a scikit-learn estimator: all of scikit-learn's checks, and its behavior on any table."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.calibration import calibration_curve
from sklearn.metrics import roc_auc_score
from sklearn.utils.estimator_checks import check_estimator

from payrank.models.predict import average_raw_scores
from payrank.training.estimator import PropensityClassifier
from payrank.training.fit.boosters import open_text
from tests.conftest import FrameMaker

pytestmark = pytest.mark.slow

NUMBERS = ["amount", "age_days", "past_rate", "calls"]


@pytest.fixture(scope="module")
def table(frame_maker: FrameMaker) -> tuple[Any, ...]:
    """Rows of a synthetic frame in time order as a plain table: numbers, one text column, and the outcome."""
    data = frame_maker(snapshots=10, rows=200, seed=5).data
    return data[[*NUMBERS, "payer_class"]], data["label"].to_numpy(), data["as_of"].to_numpy(), data["truth"].to_numpy()


def quick(**parameters: Any) -> PropensityClassifier:
    return PropensityClassifier(**{"n_estimators": 40, "seeds": (1,), **parameters})


def test_every_check_of_scikit_learn_passes_and_none_is_expected_to_fail() -> None:
    results = check_estimator(PropensityClassifier(), on_skip=None)
    passed = {result["check_name"] for result in results if result["status"] == "passed"}
    # This check is skipped for every estimator unless SciPy's array API was switched on beforehand.
    assert {result["check_name"] for result in results} - passed <= {"check_array_api_input"}
    assert {"check_sample_weight_equivalence_on_dense_data", "check_classifiers_train"} <= passed
    assert len(passed) > 40


def test_text_columns_are_categories_and_help_to_rank_later_rows(table: tuple[Any, ...]) -> None:
    data, label, _, truth = table
    model = quick().fit(data[:1500], label[:1500])
    assert list(model.feature_names_in_) == [*NUMBERS, "payer_class"]
    later = model.predict_proba(data[1500:])[:, 1]
    best = roc_auc_score(label[1500:], truth[1500:])
    assert roc_auc_score(label[1500:], later) - 0.5 > 0.8 * (best - 0.5)
    commercial = data[1500:].assign(payer_class="commercial")
    others = data[1500:].assign(payer_class="medicare")
    assert (model.decision_function(commercial) > model.decision_function(others)).mean() > 0.9
    unseen = model.predict_proba(data[1500:].assign(payer_class="an unseen category"))
    assert np.isfinite(unseen).all()
    as_categories = data.astype({"payer_class": "category"})
    again = quick().fit(as_categories[:1500], label[:1500])
    assert again.model_texts_ == model.model_texts_


def test_categories_can_be_given_by_name_or_position(table: tuple[Any, ...]) -> None:
    data, label, _, _ = table
    coded = data.assign(payer_class=pd.factorize(data["payer_class"])[0])
    by_position = quick(categories=[4]).fit(coded.to_numpy(), label)
    by_name = quick(categories=["payer_class"]).fit(coded, label)
    assert by_position.model_texts_ == by_name.model_texts_
    assert by_position.model_texts_ != quick(categories=[]).fit(coded, label).model_texts_
    assert np.array_equal(by_position.predict_proba(coded.to_numpy()), by_name.predict_proba(coded))


def test_a_monotone_direction_holds_on_every_row(table: tuple[Any, ...]) -> None:
    data, label, _, _ = table
    model = quick(monotone={"age_days": -1}).fit(data, label)
    older = data.assign(age_days=data["age_days"] + 60)
    assert (model.decision_function(older) <= model.decision_function(data)).all()
    unconstrained = quick().fit(data, label)
    assert (unconstrained.decision_function(older) > unconstrained.decision_function(data)).any()


def test_the_decision_is_the_average_of_the_model_texts(table: tuple[Any, ...]) -> None:
    data, label, _, _ = table
    numbers = data[NUMBERS]
    model = quick(seeds=(1, 2)).fit(numbers, label)
    boosters = [open_text(text) for text in model.model_texts_]
    assert np.array_equal(
        average_raw_scores(boosters, (0.5, 0.5), numbers.to_numpy()), model.decision_function(numbers)
    )


def test_neither_row_order_nor_threads_change_the_model(table: tuple[Any, ...]) -> None:
    data, label, _, _ = table
    shuffled = np.random.default_rng(0).permutation(len(data))
    in_order = quick(seeds=(1, 2)).fit(data, label)
    for n_jobs in (2, -1):
        reordered = quick(seeds=(1, 2), n_jobs=n_jobs).fit(data.iloc[shuffled], label[shuffled])
        assert reordered.model_texts_ == in_order.model_texts_


@pytest.mark.parametrize("method", ["platt", "isotonic"])
def test_calibration_is_learned_on_the_latest_rows_which_the_trees_were_not_fitted_on(
    table: tuple[Any, ...], method: str
) -> None:
    data, label, when, _ = table
    days = np.unique(when)
    early = when < days[8]
    wrong = np.where(early, 1.0, label)  # inflated early outcomes: only the later rows show the true rate
    wrong[::3] = label[::3]
    model = quick(calibration=method, calibration_fraction=0.2).fit(data, wrong, when=when)
    plain = quick().fit(data[early], wrong[early])
    assert plain.model_texts_ == model.model_texts_
    later = model.predict_proba(data[~early])[:, 1]
    assert abs(later.mean() - label[~early].mean()) < 0.03
    assert plain.predict_proba(data[~early])[:, 1].mean() > label[~early].mean() + 0.1
    actual, predicted = calibration_curve(label[~early], later, n_bins=3, strategy="quantile")
    assert np.abs(actual - predicted).max() < 0.12
    assert (model.predict(data) == (model.predict_proba(data)[:, 1] > 0.5)).all()


def test_a_clone_has_the_parameters_but_not_the_fitted_model(table: tuple[Any, ...]) -> None:
    data, label, _, _ = table
    model = quick(monotone={"age_days": -1}, calibration="platt").fit(data, label)
    copy = clone(model)
    assert copy.get_params() == model.get_params()
    assert not hasattr(copy, "model_texts_")


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"num_leaves": 1}, "parameter 'num_leaves': Input should be greater than or equal to 2; found: 1"),
        ({"min_data_in_leaf": 3}, "parameter 'min_data_in_leaf': .* 11; found: 3"),
        ({"calibration": "best"}, "parameter 'calibration': None, 'platt', and 'isotonic' are allowed; found: 'best'"),
        ({"calibration_fraction": 1}, "parameter 'calibration_fraction': a number between 0 and 1"),
        ({"n_jobs": 0}, "parameter 'n_jobs': 0 is not allowed"),
        ({"categories": "all"}, "'from_dtype' or a list of columns is allowed; found: 'all'"),
        ({"categories": ["payor"]}, "no column 'payor'"),
        ({"monotone": {"age": 1}}, "no column 'age'"),
        ({"monotone": {"payer_class": 1}}, "for numeric features only; feature 4 has 1 and is a category"),
        ({"monotone": (0, 0, 0, 0, 0, 1)}, "no feature 5; the table has 5"),
        ({"seeds": ()}, "parameter 'seeds'"),
        ({"calibration": "platt", "calibration_fraction": 0.0005}, "held out for calibration are all of one class"),
    ],
)
def test_a_wrong_parameter_is_named_with_what_is_allowed(table: tuple[Any, ...], parameters: Any, message: str) -> None:
    data, label, _, _ = table
    with pytest.raises(ValueError, match=message):
        quick(**parameters).fit(data, label)

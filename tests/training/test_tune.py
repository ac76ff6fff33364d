"""The search for tree parameters is repeatable, never ends worse, and does not use later periods."""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from payrank.extracts.errors import WrongUsageError
from payrank.features.frame import Frame
from payrank.training.design.temporal import plan_periods
from payrank.training.fit.tune import Budget, TuningResult, tune
from payrank.training.settings import Member, TrainingSettings
from tests.required import required

pytestmark = pytest.mark.slow

AS_OF = date(2025, 3, 1)
QUICK = TrainingSettings(max_n_estimators=60, early_stopping_rounds=15, members=(Member(seeds=(1,)),))
SMALL = Budget(trials=9)


@pytest.fixture(scope="module")
def tuned(payment_frame: Frame) -> TuningResult:
    return tune(payment_frame, kind="payment", as_of=AS_OF, settings=QUICK, budget=SMALL)


def test_the_same_seed_repeats_the_search_and_another_seed_does_not(tuned: TuningResult, payment_frame: Frame) -> None:
    again = tune(payment_frame, kind="payment", as_of=AS_OF, settings=QUICK, budget=SMALL)
    other = tune(payment_frame, kind="payment", as_of=AS_OF, settings=QUICK, budget=SMALL, seed=2)
    assert again == tuned
    assert [trial.params for trial in other.trials[1:]] != [trial.params for trial in tuned.trials[1:]]


def test_the_search_starts_from_the_settings_and_never_ends_worse(tuned: TuningResult) -> None:
    assert [trial.number for trial in tuned.trials] == list(range(9))
    assert tuned.trials[0].value == tuned.before >= tuned.after
    best = min((trial for trial in tuned.trials if trial.value is not None), key=lambda trial: required(trial.value))
    assert tuned.after == best.value
    if best.number:
        assert tuned.settings.trees.num_leaves == best.params["num_leaves"]
    assert tuned.settings.model_copy(update={"trees": QUICK.trees}) == QUICK


def test_unpromising_trials_are_pruned_and_their_trees_counted(payment_frame: Frame) -> None:
    result = tune(payment_frame, kind="payment", as_of=AS_OF, settings=QUICK, budget=Budget(trials=16))
    pruned = [trial for trial in result.trials if trial.state == "pruned"]
    assert pruned
    assert all(trial.value is None and 30 <= trial.n_estimators <= 60 for trial in pruned)


def test_later_periods_do_not_change_the_search(tuned: TuningResult, payment_frame: Frame) -> None:
    design = plan_periods(payment_frame.data, 60, AS_OF, QUICK)
    later = np.concatenate([split.predicted for split in design.splits[1:]])
    later = np.setdiff1d(later, np.union1d(design.splits[0].fitted, design.splits[0].predicted))
    changed = payment_frame.data.copy()
    changed.loc[changed.index[later], "label"] = 1 - changed.loc[changed.index[later], "label"]
    changed.loc[changed.index[later], "past_rate"] = 5.0
    assert (
        tune(replace(payment_frame, data=changed), kind="payment", as_of=AS_OF, settings=QUICK, budget=SMALL) == tuned
    )


def test_each_trial_is_reported_with_the_best_loss_so_far(payment_frame: Frame) -> None:
    reports = []
    tune(
        payment_frame, kind="payment", as_of=AS_OF, settings=QUICK, budget=Budget(trials=3),
        on_trial=lambda trial, best: reports.append((trial.number, trial.value, best)),
    )  # fmt: skip
    assert [number for number, _, _ in reports] == [0, 1, 2]
    assert reports[-1][2] == min(required(value) for _, value, _ in reports)


def test_a_time_limit_ends_a_search_early_and_an_empty_budget_is_refused(payment_frame: Frame) -> None:
    short = tune(payment_frame, kind="payment", as_of=AS_OF, settings=QUICK, budget=Budget(10_000, minutes=1e-9))
    assert 1 <= len(short.trials) < 100
    for budget in (Budget(0), Budget(3, minutes=0)):
        with pytest.raises(WrongUsageError, match="at least one trial and more than 0 minutes"):
            tune(payment_frame, kind="payment", as_of=AS_OF, budget=budget)


def test_without_optuna_the_search_names_the_command_to_install_it(
    payment_frame: Frame, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(WrongUsageError, match=r"pip install 'payrank\[tune\]'"):
        tune(payment_frame, kind="payment", as_of=AS_OF, settings=QUICK, budget=SMALL)

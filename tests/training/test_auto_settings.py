"""What is left to validation is settled on the tuning period, and only where it surely helps."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from payrank.models.records.auto_settings import AutoSettings
from payrank.training.design.temporal import plan_periods
from payrank.training.fit.auto_settings import FIRST, choose_settings
from payrank.training.settings import Member, TrainingSettings, Validation
from payrank.training.train import train

AS_OF = date(2026, 12, 1)
QUICK = TrainingSettings(max_n_estimators=60, members=(Member(seeds=(1,)),), validation=Validation(periods=3))


@pytest.fixture(scope="module")
def large(frame_maker):
    return frame_maker(snapshots=24, rows=350, strength=1.3)


def chosen(frame, settings=QUICK):
    design = plan_periods(frame.data, 60, AS_OF, settings)
    return choose_settings(frame.data, frame.features, design.splits[0], settings)


def test_directions_that_the_data_bear_out_are_held_and_every_trial_is_told(large):
    settings, choices = chosen(large)
    assert settings.monotone is True
    assert settings.unconstrained == choices.unconstrained_features == ()
    assert "auto" not in {getattr(settings, name) for name in FIRST}
    assert [one.setting for one in choices.trials][:3] == ["monotone", "categories", "class_weight"]
    assert choices.fitted_rows > choices.holdout_rows > 1000
    for one in choices.trials[1:]:
        assert one.accepted == (
            one.improvement > max(2 * one.standard_error, 0.005 * one.log_loss * (one.setting == "categories"))
        )


def test_a_direction_that_the_data_contradict_is_not_held(large):
    turned = large.data.assign(past_rate=1 - large.data["past_rate"])
    settings, choices = chosen(replace(large, data=turned))
    assert choices.unconstrained_features == ("past_rate",)
    assert settings.monotone is True
    assert settings.unconstrained == ("past_rate",)


def test_older_months_fade_where_they_mislead(large):
    data = large.data.copy()
    old = data["as_of"] < "2024-08-01"
    data.loc[old, "label"] = 1 - data.loc[old, "label"]
    settings, choices = chosen(replace(large, data=data), QUICK.model_copy(update={"monotone": False}))
    assert settings.half_life_days in (720.0, 360.0)
    assert any(one.setting == "half_life_days" and one.accepted for one in choices.trials)


def test_what_is_set_is_not_tried_and_too_few_outcomes_try_nothing(large, payment_frame):
    fixed = QUICK.model_copy(
        update={"categories": "native", "monotone": False, "class_weight": "balanced", "half_life_days": 90.0}
    )
    assert chosen(large, fixed) == (fixed, AutoSettings())
    settings, choices = chosen(payment_frame)
    assert choices == AutoSettings()
    assert {name: getattr(settings, name) for name in FIRST} == FIRST


def test_only_the_tuning_period_and_what_was_known_before_it_is_looked_at(large):
    design = plan_periods(large.data, 60, AS_OF, QUICK)
    seen = np.union1d(design.splits[0].fitted, design.splits[0].predicted)
    unseen = np.setdiff1d(np.arange(len(large.data)), seen)
    changed = large.data.copy()
    changed.loc[changed.index[unseen], "label"] = 0.0
    changed.loc[changed.index[unseen], "past_rate"] = 9.0
    assert choose_settings(changed, large.features, design.splits[0], QUICK) == chosen(large)


def test_balanced_classes_leave_the_probabilities_true(large):
    settings = QUICK.model_copy(update={"class_weight": "balanced", "monotone": True, "categories": "codes"})
    rare = large.data.assign(label=np.where(np.arange(len(large.data)) % 4 == 0, large.data["label"], 0.0))
    bundle = train(replace(large, data=rare), kind="payment", as_of=AS_OF, settings=settings).bundle
    assert bundle.manifest.metrics["base_rate"] < 0.16
    assert bundle.manifest.metrics["ece"] < 0.05
    assert bundle.manifest.settings["class_weight"] == "balanced"

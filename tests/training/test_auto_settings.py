"""Settings left to validation are resolved on the tuning period, and only where they help significantly."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from payrank.features.frame import Frame
from payrank.models.records.auto_settings import AutoSettings
from payrank.training.fit.auto_settings import SIMPLE_VALUES, resolve_auto_settings
from payrank.training.settings import Member, TrainingSettings, Validation
from payrank.training.train import train
from payrank.training.training_job import plan_job
from tests.conftest import FrameMaker

AS_OF = date(2026, 12, 1)
QUICK = TrainingSettings(max_n_estimators=60, members=(Member(seeds=(1,)),), validation=Validation(periods=3))


@pytest.fixture(scope="module")
def large(frame_maker: FrameMaker) -> Frame:
    return frame_maker(snapshots=24, rows=350, strength=1.3)


def resolve(frame: Frame, settings: TrainingSettings = QUICK) -> tuple[TrainingSettings, AutoSettings]:
    job = resolve_auto_settings(plan_job(frame, kind="payment", as_of=AS_OF, settings=settings))
    return job.settings, job.auto_settings


def test_directions_that_the_data_confirm_are_enforced_and_every_trial_is_recorded(large: Frame) -> None:
    settings, record = resolve(large)
    assert settings.monotone is True
    assert settings.unconstrained == record.unconstrained_features == ()
    assert "auto" not in {getattr(settings, name) for name in SIMPLE_VALUES}
    assert [trial.setting for trial in record.trials][:3] == ["monotone", "categories", "class_weight"]
    assert record.fitted_rows > record.holdout_rows > 1000
    for trial in record.trials[1:]:
        needed = max(2 * trial.standard_error, 0.005 * trial.log_loss * (trial.setting == "categories"))
        assert trial.accepted == (trial.improvement > needed)


def test_a_direction_that_the_data_contradict_is_not_enforced(large: Frame) -> None:
    reversed_rate = large.data.assign(past_rate=1 - large.data["past_rate"])
    settings, record = resolve(replace(large, data=reversed_rate))
    assert record.unconstrained_features == ("past_rate",)
    assert settings.monotone is True
    assert settings.unconstrained == ("past_rate",)


def test_older_months_fade_when_they_mislead(large: Frame) -> None:
    data = large.data.copy()
    old = data["as_of"] < "2024-08-01"
    data.loc[old, "label"] = 1 - data.loc[old, "label"]
    settings, record = resolve(replace(large, data=data), QUICK.model_copy(update={"monotone": False}))
    assert settings.half_life_days in (720.0, 360.0)
    assert any(trial.setting == "half_life_days" and trial.accepted for trial in record.trials)


def test_a_fixed_setting_is_not_tried_and_too_few_outcomes_try_nothing(large: Frame, payment_frame: Frame) -> None:
    fixed = QUICK.model_copy(
        update={"categories": "native", "monotone": False, "class_weight": "balanced", "half_life_days": 90.0}
    )
    assert resolve(large, fixed) == (fixed, AutoSettings())
    settings, record = resolve(payment_frame)
    assert record == AutoSettings()
    assert {name: getattr(settings, name) for name in SIMPLE_VALUES} == SIMPLE_VALUES


def test_only_the_tuning_period_and_what_was_known_before_it_is_used(large: Frame) -> None:
    tuning = plan_job(large, kind="payment", as_of=AS_OF, settings=QUICK).design.splits[0]
    used = np.union1d(tuning.fitted, tuning.predicted)
    unused = np.setdiff1d(np.arange(len(large.data)), used)
    changed = large.data.copy()
    changed.loc[changed.index[unused], "label"] = 0.0
    changed.loc[changed.index[unused], "past_rate"] = 9.0
    assert resolve(replace(large, data=changed)) == resolve(large)


def test_balanced_classes_keep_the_probabilities_calibrated(large: Frame) -> None:
    settings = QUICK.model_copy(update={"class_weight": "balanced", "monotone": True, "categories": "codes"})
    rare = large.data.assign(label=np.where(np.arange(len(large.data)) % 4 == 0, large.data["label"], 0.0))
    bundle = train(replace(large, data=rare), kind="payment", as_of=AS_OF, settings=settings).bundle
    assert bundle.manifest.metrics["base_rate"] < 0.16
    assert bundle.manifest.metrics["ece"] < 0.05
    assert bundle.manifest.settings["class_weight"] == "balanced"

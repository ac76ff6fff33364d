"""Settings that name features are checked before anything is fitted."""

from __future__ import annotations

from datetime import date

import pytest

from payrank.extracts.errors import WrongUsageError
from payrank.features.frame import Frame
from payrank.training.design.check_settings import check_unconstrained
from payrank.training.settings import TrainingSettings
from payrank.training.train import train


def test_an_unconstrained_name_that_is_not_a_feature_is_refused_before_anything_is_fitted(payment_frame: Frame) -> None:
    settings = TrainingSettings(unconstrained=("past_rat",))
    with pytest.raises(WrongUsageError, match=r"'past_rat' is not a feature of the model.* did you mean 'past_rate'"):
        train(payment_frame, kind="payment", as_of=date(2025, 3, 1), settings=settings)


def test_features_of_either_unit_may_be_unconstrained_for_both_kinds_at_once(payment_frame: Frame) -> None:
    settings = TrainingSettings(unconstrained=("past_rate", "patient_balance", "days_left"))
    check_unconstrained(payment_frame.features, settings)

"""Freed features are features."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from payrank.extracts.errors import WrongUsageError
from payrank.training.fit.monotone import check_freed
from payrank.training.settings import TrainingSettings
from payrank.training.train import train


def test_a_freed_name_that_is_no_feature_is_refused_before_anything_is_fitted(payment_frame: Any) -> None:
    settings = TrainingSettings(free=("past_rat",))
    with pytest.raises(WrongUsageError, match=r"'past_rat' is no feature of the model.* did you mean 'past_rate'"):
        train(payment_frame, kind="payment", as_of=date(2025, 3, 1), settings=settings)


def test_features_of_either_unit_may_be_freed_for_both_kinds_at_once(payment_frame: Any) -> None:
    check_freed(payment_frame.features, TrainingSettings(free=("past_rate", "patient_balance", "days_left")))

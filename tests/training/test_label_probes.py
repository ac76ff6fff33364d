"""Probes that fit a model: shuffled labels cannot be predicted, and no site feature beats the catalog unnoticed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from payrank.features.feature import Feature
from payrank.features.frame import Frame
from payrank.features.sources import Snapshot
from payrank.training.probes.label_shuffle import probe_shuffled_labels
from payrank.training.probes.site_feature_probe import probe_site_features
from tests.conftest import make_frame

MEAN = Feature(
    name="own_mean", meaning="Mean outcome", unit="rate", family="history", source=Snapshot("x"), phrase="{value}"
)


def frame_of(**options: Any) -> Frame:
    """A labeled frame whose labels are known after a horizon of 60 days."""
    frame = make_frame(**options)
    return replace(frame, data=frame.data.assign(known_on=frame.data["as_of"] + pd.Timedelta(days=60)))


@pytest.mark.parametrize("seed", range(1, 9))
def test_shuffled_labels_of_a_clean_frame_cannot_be_predicted(seed: int) -> None:
    result = probe_shuffled_labels(frame_of(seed=seed), seed=seed)
    assert result.verdict == "clean", result.details
    assert "interval" in result.details


def test_labels_shared_by_a_household_are_shuffled_together() -> None:
    """All rows of a household and day have the same outcome. Evaluated row by row, chance would look like skill."""
    frame = frame_of(seed=3)
    data = frame.data.copy()
    data["label"] = data.groupby(["household", "as_of"])["label"].transform("max")
    assert probe_shuffled_labels(replace(frame, data=data)).verdict == "clean"


def include_own_label(data: pd.DataFrame) -> pd.DataFrame:
    """Replace a feature with a rate by household and payer that counts the row itself."""
    rate = data.groupby(["household", "payer_class"], dropna=False)["label"].transform("mean")
    return data.assign(past_rate=rate)


def test_a_rate_that_counts_the_row_itself_is_detected() -> None:
    result = probe_shuffled_labels(frame_of(), include_own_label)
    assert result.verdict == "leak"
    assert "a feature contains the label" in result.leaks[0].text


def test_too_few_outcomes_are_reported() -> None:
    frame = frame_of()
    assert "fewer than 30" in probe_shuffled_labels(replace(frame, data=frame.data.head(40))).not_run


def with_column(frame: Frame, name: str, values: np.ndarray, family: str = "site attribute") -> Frame:
    feature = replace(MEAN, name=name, family=family)
    return replace(frame, data=frame.data.assign(**{name: values}), features=(*frame.features, feature))


@pytest.mark.parametrize("name", ["site_mark", "own_mark"])
def test_a_site_feature_that_contains_the_outcome_is_detected(name: str) -> None:
    frame = frame_of(strength=0.5)
    leaky = frame.data["label"].to_numpy() + np.random.default_rng(1).normal(0, 0.5, len(frame.data))
    result = probe_site_features(
        with_column(frame, name, leaky, "site attribute" if name == "site_mark" else "history")
    )
    assert [leak.subject for leak in result.leaks] == [name]


@pytest.mark.parametrize("seed", range(1, 5))
def test_a_site_feature_that_is_only_useful_is_not_reported(seed: int) -> None:
    frame = frame_of(seed=seed)
    useful = frame.data["truth"].to_numpy() + np.random.default_rng(seed).normal(0, 0.2, len(frame.data))
    assert probe_site_features(with_column(frame, "site_mark", useful)).verdict == "clean"


def test_a_frame_without_site_features_has_nothing_to_compare() -> None:
    result = probe_site_features(frame_of())
    assert (result.verdict, result.examined) == ("clean", 0)

"""No fit uses what was not yet known."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from payrank.extracts.contract.privacy import MIN_PEOPLE
from payrank.extracts.errors import NoUsableModelError
from payrank.training.design.temporal import (
    describe_design,
    label_known_days,
    list_design_notices,
    plan_periods,
    row_weights,
)
from payrank.training.settings import TrainingSettings, Validation
from payrank.training.train import Trained

SMALL = TrainingSettings(min_outcomes=11)
DAY = np.timedelta64(1, "D")


def _rows(offsets: list[int], outcomes: list[bool]) -> pd.DataFrame:
    start = np.datetime64("2020-01-01", "s")
    as_of = np.sort(np.array(offsets)) * np.timedelta64(86400, "s") + start
    return pd.DataFrame(
        {
            "as_of": as_of,
            "label": np.array(outcomes, dtype=float),
            "unit_id": range(len(as_of)),
            "household": [f"H{n % 40}" for n in range(len(as_of))],
        }
    )


@st.composite
def histories(draw: st.DrawFn) -> tuple[pd.DataFrame, int, TrainingSettings]:
    count = draw(st.integers(60, 300))
    span = draw(st.integers(20, 900))
    every = draw(st.sampled_from([1, 7, 30]))
    offsets = draw(st.lists(st.integers(0, span // every), min_size=count, max_size=count))
    outcomes = draw(st.lists(st.booleans(), min_size=count, max_size=count))
    chosen = Validation(
        periods=draw(st.integers(2, 6)),
        share=draw(st.floats(0.1, 0.9)),
        window_days=draw(st.sampled_from([None, 60, 365])),
    )
    gap = draw(st.integers(1, 200))
    rows = _rows([offset * every for offset in offsets], outcomes)
    return rows, gap, SMALL.model_copy(update={"validation": chosen})


@settings(max_examples=150, deadline=None)
@given(history=histories())
def test_fitted_labels_were_known_before_the_period_and_predicted_rows_are_later_by_the_lag(history: Any) -> None:
    data, gap, chosen = history
    last = data["as_of"].max().date()
    try:
        design = plan_periods(data, gap, last + timedelta(days=gap), chosen)
    except NoUsableModelError:
        return
    assert design.splits[0].role == "tuning"
    roles = [split.role for split in design.splits[1:]]
    assert set(roles[:-1]) <= {"holdout"}
    households_evaluated = data["household"].iloc[design.splits[-1].evaluated].nunique()
    assert roles[-1] == "holdout" or (len(roles) > 1 and households_evaluated >= MIN_PEOPLE)
    assert (roles[-1] == "final") == (not any("final test" in notice for notice in list_design_notices(data, design)))
    predicted = np.concatenate([split.predicted for split in design.splits])
    assert len(np.unique(predicted)) == len(predicted)
    for split in design.splits:
        if not len(split.fitted):
            continue
        start = design.as_of[split.predicted].min()
        assert design.known_on[split.fitted].max() <= start
        assert start - design.as_of[split.fitted].max() >= gap * DAY
    for earlier, later in zip(design.splits, design.splits[1:], strict=False):
        assert design.as_of[earlier.predicted].max() < design.as_of[later.predicted].min()
        if later.role == "holdout":
            assert design.known_on[later.fitted].max() >= design.known_on[earlier.fitted].max()
    last = design.splits[-1]
    if last.role == "final":
        households = data["household"].to_numpy()
        assert not set(households[last.fitted]) & set(households[last.evaluated])
        assert set(last.evaluated) <= set(last.predicted)


def _year(rows: int = 40, snapshots: int = 12) -> pd.DataFrame:
    draw = np.random.default_rng(5)
    return _rows(sorted(list(range(0, snapshots * 30, 30)) * rows), list(draw.random(rows * snapshots) < 0.5))


def test_the_manifest_shows_that_calibration_is_later_than_every_fit(trained: Trained) -> None:
    windows = trained.bundle.manifest.windows
    for period in windows.periods:
        assert period.fitted_labels_known_by <= period.predicted.first
        assert (period.predicted.first - period.fitted.last).days >= windows.label_lag_days
    assert windows.calibrated_on.first == windows.periods[0].predicted.first
    assert windows.calibrated_on.rows >= sum(period.predicted.rows for period in windows.periods)
    assert windows.calibrated_on.last == windows.periods[-1].predicted.last


def test_a_label_that_became_known_late_is_not_used_before_that_day() -> None:
    data = _year()
    late = pd.Timestamp("2020-11-20")
    data["known_on"] = pd.NaT
    data.loc[data.index[:100], "known_on"] = late
    design = plan_periods(data, 30, date(2021, 6, 1), SMALL)
    for split in design.splits:
        if design.as_of[split.predicted].min() < np.datetime64(late, "D"):
            assert not set(split.fitted) & set(range(100))
    assert (label_known_days(data, 30)[:100] == np.datetime64("2020-11-20")).all()
    assert (label_known_days(data, 30)[100:] == design.as_of[100:] + 30 * DAY).all()


def test_labels_that_have_not_matured_are_refused_with_their_count() -> None:
    with pytest.raises(
        NoUsableModelError, match="40 of 480 training rows have labels that have not matured by 2020-12-01"
    ):
        plan_periods(_year(), 30, date(2020, 12, 1), SMALL)


def test_a_history_that_is_too_short_is_refused_with_what_is_needed() -> None:
    with pytest.raises(
        NoUsableModelError, match=r"3 snapshots from 2020-01-01 to 2020-03-01.*60 days.*send more history"
    ):
        plan_periods(_year(snapshots=3), 60, date(2021, 6, 1), SMALL)


def test_a_rolling_window_drops_older_snapshots() -> None:
    chosen = SMALL.model_copy(update={"validation": Validation(window_days=90)})
    data = _year()
    design = plan_periods(data, 30, date(2021, 6, 1), chosen)
    for split in design.splits:
        start = design.as_of[split.predicted].min()
        assert design.as_of[split.fitted].min() >= start - (90 + 30) * DAY
    assert design.as_of[design.served].min() >= design.as_of.max() - 90 * DAY
    described = describe_design(data, design, design.served, 30, chosen)
    assert described.fitted.rows == len(design.served) < len(data)


def test_unit_weights_count_each_account_once_and_row_weights_each_row() -> None:
    data = _rows([0, 0, 0, 0], [True] * 4).assign(unit_id=["a", "a", "a", "b"])
    every = np.arange(4)
    assert row_weights(data, every, SMALL).tolist() == [1, 1, 1, 1]
    by_unit = row_weights(data, every, SMALL.model_copy(update={"weight": "unit"}))
    assert by_unit == pytest.approx([2 / 3, 2 / 3, 2 / 3, 2])


def test_a_row_older_by_the_half_life_counts_half() -> None:
    data = _rows([0, 100], [True, False])
    weights = row_weights(data, np.arange(2), SMALL.model_copy(update={"half_life_days": 100.0}))
    assert weights[1] / weights[0] == pytest.approx(2)
    assert weights.mean() == pytest.approx(1)

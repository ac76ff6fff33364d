"""The present value of a dollar paid later, and the cost of an action."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

from payrank.scoring.action_table import read_actions
from payrank.scoring.actions.value import cost_of, outcome_timing
from payrank.scoring.settings import ScoringSettings


def test_a_payment_is_discounted_by_when_it_is_expected_bin_by_bin() -> None:
    scores = pd.DataFrame({"probability_30": [0.3], "probability_60": [0.6], "probability_90": [0.6]})
    timing = outcome_timing(scores.assign(probability_120=0.6, probability=0.7), 120, 0.10)
    assert timing["expected_days"].tolist() == pytest.approx([30.0])
    assert timing["discount_factor"].tolist() == pytest.approx([(1.1 ** (-15 / 365) + 1.1 ** (-45 / 365)) / 2])


def test_earlier_is_worth_more_and_a_rate_of_zero_discounts_nothing() -> None:
    soon_and_late = pd.DataFrame({"probability_30": [0.5, 0.0], "probability_120": [0.5, 0.5]})
    soon, late = outcome_timing(soon_and_late, 120, 0.08)["discount_factor"]
    assert 1 > soon > late > 0.95
    assert outcome_timing(soon_and_late, 120, 0.0)["discount_factor"].tolist() == [1.0, 1.0]


@pytest.mark.parametrize("columns", [(), ("probability_30", "probability_60")])
def test_without_bins_or_probabilities_in_them_the_horizon_is_one_bin(columns: tuple[str, ...]) -> None:
    scores = pd.DataFrame([{"probability": 0.4, **dict.fromkeys(columns, 0.0)}])
    timing = outcome_timing(scores, 60, 0.10)
    assert timing["expected_days"].tolist() == [30.0]
    assert timing["discount_factor"].tolist() == pytest.approx([1.1 ** (-30 / 365)])


def test_probability_beyond_the_last_bin_falls_before_the_horizon() -> None:
    scores = pd.DataFrame({"probability_30": [0.2], "probability": [0.4]})
    assert outcome_timing(scores, 90, 0.08)["expected_days"].tolist() == pytest.approx([(15 + 60) / 2])


def test_a_row_without_probability_is_expected_after_its_actions_answer_days() -> None:
    scores = pd.DataFrame({"probability_30": [0.0, 0.3], "probability": [0.0, 0.3]})
    timing = outcome_timing(scores, 180, 0.08, np.array([52.0, 30.0]))
    assert timing["expected_days"].tolist() == [52.0, 15.0]


def test_a_tiny_drop_in_cumulative_probability_counts_as_zero() -> None:
    scores = pd.DataFrame({"probability_30": [0.5], "probability_60": [0.5 - 1e-9]})
    assert np.allclose(outcome_timing(scores, 60, 0.1)["expected_days"], 15.0)


def test_a_sites_cost_for_an_action_comes_before_its_queue_and_its_list() -> None:
    first, statement = (row for row in read_actions().patient_pay if row.queue == "statement")
    settings = ScoringSettings(costs={"first_statement": 2.0, "statement": 3.0, "patient_pay": 4.0})
    call = read_actions().patient_pay[-1]
    assert [cost_of(row, "patient_pay", settings) for row in (first, statement, call)] == [2.0, 3.0, 4.0]
    assert cost_of(call, "patient_pay", ScoringSettings()) == call.cost


@pytest.mark.parametrize(
    ("costs", "message"),
    [({"cal": 3}, "unknown action, queue or list 'cal'; did you mean 'call'"), ({"call": -1}, "greater")],
)
def test_an_unknown_or_negative_cost_is_refused(costs: dict[str, float], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        ScoringSettings(costs=costs)


def test_every_cost_has_a_basis() -> None:
    for row in read_actions().all:
        assert row.cost >= 0
        assert row.basis

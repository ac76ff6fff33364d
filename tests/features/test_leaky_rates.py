"""The probe separates a rate that counts its own row from a rate of earlier rows, and from one with too few rows."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

from payrank.features.probes.hindsight_facts import Facts
from payrank.features.probes.leaky_rates import CLEAN, judge_rate

START = date(2025, 1, 1)
PAYER, CODE = 6, 8


def make_facts(n_rows: int, seed: int, undecided: float = 0.3, keys: tuple[int, int] = (PAYER, CODE)) -> Facts:
    """Draw rows with two keys over a year. Both keys affect the probability of winning; decisions follow in 60 days."""
    draw = np.random.default_rng(seed)
    payer, code = draw.integers(0, keys[0], n_rows), draw.integers(0, keys[1], n_rows)
    chance = 0.2 + 0.3 * (payer % 3) / 2 + 0.3 * (code % 4) / 3
    won = np.where(draw.random(n_rows) < undecided, np.nan, (draw.random(n_rows) < chance).astype(float))
    day = pd.to_datetime([START + timedelta(days=int(at)) for at in np.sort(draw.integers(0, 365, n_rows))])
    decided = pd.Series(day + pd.Timedelta(days=60)).where(~np.isnan(won))
    rows = pd.DataFrame({"day": day, "won": won, "decided_on": decided})
    groups = pd.DataFrame({"key_0": [f"P{number}" for number in payer], "key_1": [f"C{number}" for number in code]})
    return Facts(rows, {"the appeal was won": "won"}, {}, groups, "decided_on")


def number_groups(facts: Facts, *keys: str) -> pd.Series:
    return facts.groups.groupby(list(keys or ("key_0", "key_1"))).ngroup()


def whole_rate(facts: Facts, smoothing: float = 0.0, *keys: str) -> pd.Series:
    """Return the rate of each row's group over the whole extract, including the row itself."""
    won, group = facts.rows["won"], number_groups(facts, *keys)
    hits, size = won.groupby(group).transform("sum"), won.groupby(group).transform("count")
    return (hits + smoothing * won.mean()) / (size + smoothing)


def earlier_rate(facts: Facts, smoothing: float = 0.0) -> pd.Series:
    """Return the rate of each row's group from decisions before the row's own date."""
    rows, group = facts.rows, number_groups(facts).to_numpy()
    before = rows["decided_on"].to_numpy()[None, :] < rows["day"].to_numpy()[:, None]
    before &= group[None, :] == group[:, None]
    hits, size = before @ rows["won"].fillna(0).to_numpy(), before.sum(axis=1)
    known = size + smoothing > 0
    return pd.Series((hits + smoothing * 0.5) / np.where(known, size + smoothing, np.nan))


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("smoothing", [0.0, 5.0], ids=["plain", "smoothed"])
def test_a_rate_over_the_whole_extract_is_a_leak(seed: int, smoothing: float) -> None:
    facts = make_facts(600, seed)
    assert judge_rate(whole_rate(facts, smoothing), facts, 1).leak
    assert judge_rate(100 * whole_rate(facts, smoothing), facts, 1).leak, "in percent"


@pytest.mark.parametrize("seed", range(3))
def test_a_rate_of_groups_of_one_row_is_a_leak_because_it_exists(seed: int) -> None:
    facts = make_facts(220, seed, undecided=0.7, keys=(20, 20))
    leak = judge_rate(whole_rate(facts), facts, 1).leak
    assert "whose group had no outcome yet on their own date" in leak


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("smoothing", [0.0, 5.0], ids=["plain", "smoothed"])
def test_a_rate_of_earlier_rows_is_clean(seed: int, smoothing: float) -> None:
    for facts in (make_facts(600, seed), make_facts(220, seed, undecided=0.7, keys=(20, 20))):
        assert not judge_rate(earlier_rate(facts, smoothing), facts, 1).leak


@pytest.mark.parametrize("seed", range(4))
def test_the_true_probability_and_a_number_from_another_source_are_clean(seed: int) -> None:
    facts = make_facts(600, seed)
    truth = 0.2 + 0.15 * (facts.groups["key_0"].str[1:].astype(int) % 3)
    truth += 0.1 * (facts.groups["key_1"].str[1:].astype(int) % 4)
    other_books = whole_rate(make_facts(600, seed + 100)).groupby(number_groups(facts)).transform("first")
    assert not judge_rate(truth, facts, 1).leak
    assert not judge_rate(other_books, facts, 1).leak


def test_a_few_large_groups_are_too_few_to_decide() -> None:
    facts = make_facts(60, 1, keys=(3, 1))
    verdict = judge_rate(whole_rate(facts), facts, 1)
    assert (verdict.leak, verdict.too_few) == ("", True)


def test_dollars_and_days_are_not_rates() -> None:
    facts = make_facts(60, 1)
    assert judge_rate(pd.Series(np.arange(60) * 7.5), facts, 1) == CLEAN
    assert judge_rate(pd.Series(np.linspace(0, 1, 60)), facts, 1) == CLEAN
    assert judge_rate(pd.Series(np.full(60, np.nan)), facts, 1) == CLEAN

"""Detect a rate that counts its own row, or rows that were decided after it.

A site's rate (share won among similar denials) is valid if it uses only earlier outcomes. A valid rate cannot exist for
a row whose group had no outcome yet on the row's own date, and it cannot give the exact count of wins in the whole
group. A rate that does either is a leak.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import comb

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from payrank.features.arrays import Floats
from payrank.features.probes.hindsight_facts import Facts
from payrank.features.probes.ranking import MIN_OUTCOMES
from payrank.features.probes.result import FALSE_ALARM

NEARLY = 0.95
"""Share of rows that must have a value they should not have, or lack one they should have."""
TOLERANCE = 0.1
"""How close to a whole number of rows a rate's arithmetic must come. Rounded rates still do."""
MIN_VALUES = 4
"""Fewest different values for which a column's arithmetic is tested."""
SMOOTHINGS = (0.0, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0)
"""Rows at the overall rate, or at one half, that a smoothed rate may add to its group."""


@dataclass(frozen=True, slots=True)
class RateVerdict:
    """The verdict on one column: evidence of a leak, or too few rows to decide."""

    leak: str = ""
    too_few: bool = False


CLEAN = RateVerdict()


def judge_rate(values: pd.Series, facts: Facts, columns: int) -> RateVerdict:
    """Test whether a numeric column is a rate that counts its own row or later rows.

    Parameters
    ----------
    values
        The column, one value per row of `facts`.
    columns
        Number of columns tested in this run. They share the chance of a false alarm.

    Returns
    -------
    RateVerdict
        Also clean if the column is not a rate: outside 0 to 100, or with nearly one value per row.
    """
    known = values.dropna()
    if known.nunique() < 2 or known.min() < 0 or known.max() > 100 or 2 * known.nunique() > len(known):
        return CLEAN
    rate = values.astype("float64") / (1 if known.max() <= 1 else 100)
    group = _group_by_keys(rate, facts.groups)
    early = _known_too_early(rate, group, facts)
    if early.leak:
        return early
    exact = _counts_whole_group(rate, group, facts, columns)
    return exact if exact.leak or early.too_few else CLEAN


def _group_by_keys(rate: pd.Series, keys: pd.DataFrame) -> NDArray[np.intp]:
    """Return each row's group: by the fewest keys that determine the rate, or by the rate itself."""
    value = pd.factorize(rate, use_na_sentinel=False)[0]

    def number(names: list[str]) -> NDArray[np.intp]:
        return np.asarray(keys.groupby(names, dropna=False, observed=True).ngroup().to_numpy(), dtype=np.intp)

    def determines_rate(names: list[str]) -> bool:
        group = number(names)
        return len(np.unique(np.stack([group, value]), axis=1).T) == len(np.unique(group))

    names = list(keys.columns)
    if not names or not determines_rate(names):
        return np.asarray(value, dtype=np.intp)
    for name in keys.columns:
        fewer = [other for other in names if other != name]
        if fewer and determines_rate(fewer):
            names = fewer
    return number(names)


def _known_too_early(rate: pd.Series, group: NDArray[np.intp], facts: Facts) -> RateVerdict:
    """Compare rows whose group had its first outcome only later with rows whose group never had an outcome.

    A valid rate is missing for both. If it was computed from older records, it may exist for both.
    """
    if not facts.known_on:
        return RateVerdict(too_few=True)
    row_day, outcome_day = facts.rows["day"], facts.rows[facts.known_on]
    first = outcome_day.groupby(group).transform("min")
    later, never = (first >= row_day).to_numpy(dtype=bool), first.isna().to_numpy(dtype=bool)
    if min(later.sum(), never.sum()) < MIN_OUTCOMES:
        return RateVerdict(too_few=True)
    usual = rate[never].mode(dropna=False).iloc[0]
    missing = (rate.isna() if pd.isna(usual) else rate == usual).to_numpy(dtype=bool)
    if (~missing)[later].mean() < NEARLY or missing[never].mean() < NEARLY:
        return CLEAN
    early = f"{int((~missing & later).sum()):,} of {int(later.sum()):,}"
    without = f"{int((~missing & never).sum()):,} of {int(never.sum()):,}"
    return RateVerdict(
        f"has a value for {early} rows whose group had no outcome yet on their own date, and for {without} whose group "
        "never had one: it counts the row itself, or what came later"
    )


def _counts_whole_group(rate: pd.Series, group: NDArray[np.intp], facts: Facts, columns: int) -> RateVerdict:
    """Count the groups whose rate gives the exact count of outcomes, compared with what chance allows.

    At best, a valid rate is each row's true probability. Then a group's count equals the rate's arithmetic only as
    often as a binomial count equals its mean.
    """
    shown = rate.groupby(group).first().to_numpy(dtype=np.float64)
    countings = list(_countings(group, facts))
    chance = FALSE_ALARM / max(columns * len(countings), 1)
    possible = False
    for outcome, happened, size, extra, prior in countings:
        tested = ~np.isnan(shown) & (size >= 2)
        whole = shown * (size + extra) - extra * prior
        rows = np.round(whole)
        fits = tested & (np.abs(whole - rows) <= TOLERANCE) & (rows >= 0) & (rows <= size)
        if tested.sum() == 0 or fits.sum() < NEARLY * tested.sum() or len(np.unique(shown[fits])) < MIN_VALUES:
            continue
        matches = happened[fits] == rows[fits]
        if extra and 2 * matches.sum() < fits.sum():
            continue
        odds = _binomial(rows[fits], size[fits])
        # Smoothing can fit a column by chance that is not a rate. Only the plain arithmetic may clear a column.
        possible |= not extra and bool(odds.prod() < chance)
        if _at_least(odds, int(matches.sum())) < chance:
            return RateVerdict(
                f"gives the exact count of rows where {outcome} for {int(matches.sum()):,} of {int(fits.sum()):,} "
                f"groups; a rate of earlier rows would for about {odds.sum():.0f}: it counts the row itself"
            )
    return CLEAN if possible else RateVerdict(too_few=True)


def _countings(group: NDArray[np.intp], facts: Facts) -> Iterator[tuple[str, Floats, Floats, float, float]]:
    """Yield each way to count: the outcome, each group's outcomes and rows, and the rows and prior of smoothing."""
    groups = int(group.max()) + 1
    for outcome, column in facts.outcomes.items():
        label = facts.rows[column].to_numpy(dtype=np.float64, na_value=np.nan)
        labeled = ~np.isnan(label)
        if not 0 < np.nansum(label) < labeled.sum():
            continue
        happened: Floats = np.bincount(group[labeled], weights=label[labeled], minlength=groups).astype(np.float64)
        overall = float(label[labeled].mean())
        for rows in (labeled, np.ones(len(label), dtype=bool)):
            size = np.bincount(group[rows], minlength=groups).astype(np.float64)
            for extra in SMOOTHINGS:
                for prior in (overall, 0.5) if extra else (overall,):
                    yield outcome, happened, size, extra, prior


def _binomial(happened: Floats, size: Floats) -> Floats:
    """Return the probability of each group's count if the rate is each row's true probability."""
    return np.array(
        [comb(int(n), int(k)) * (k / n) ** k * (1 - k / n) ** (n - k) for k, n in zip(happened, size, strict=True)]
    )


def _at_least(odds: Floats, matches: int) -> float:
    """Return the probability of at least so many matches if each group matches with its own probability.

    The count of matches has a Poisson binomial distribution, built here by adding one group at a time.
    """
    distribution = np.zeros(len(odds) + 1)
    distribution[0] = 1.0
    for chance in odds:
        distribution[1:] = distribution[1:] * (1 - chance) + distribution[:-1] * chance
        distribution[0] *= 1 - chance
    return float(distribution[matches:].sum())

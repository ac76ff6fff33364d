"""Does a rate that came with a row count the row itself, or rows that were decided after it?

A site's rate (share won among denials like this one) is honest when it was made from earlier outcomes alone. Two things
that no honest rate can do give the others away: be there for a row whose group had no outcome yet on the row's day,
and say to the row how many of its whole group won.
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
from payrank.features.probes.ranking import FEWEST
from payrank.features.probes.result import FALSE_ALARM

NEARLY = 0.95
"""Share of rows that must have, or lack, a value they should not, or should."""
EXACT = 0.1
"""How near to a whole number of rows a rate's own arithmetic must come; rates that were rounded still do."""
LIKE_A_RATE = 4
"""Different values that a column needs before its arithmetic is asked."""
SMOOTHINGS = (0.0, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0)
"""Rows at the overall rate, or at one half, that a smoothed rate adds to its group."""


@dataclass(frozen=True, slots=True)
class RateVerdict:
    """What was found of one column: the sentence that convicts it, or that there are too few rows to judge it."""

    leak: str = ""
    too_few: bool = False


CLEAN = RateVerdict()


def judge_rate(values: pd.Series, facts: Facts, columns: int) -> RateVerdict:
    """Judge one number of each row as a rate of its group.

    Parameters
    ----------
    values
        The column, one value a row of `facts`.
    columns
        How many columns are judged in this run: the chance of a false alarm is shared among them.

    Returns
    -------
    OwnRow
        Clean as well where the column is no rate: beyond 0 to 100, or with nearly a value a row.
    """
    known = values.dropna()
    if known.nunique() < 2 or known.min() < 0 or known.max() > 100 or 2 * known.nunique() > len(known):
        return CLEAN
    rate = values.astype("float64") / (1 if known.max() <= 1 else 100)
    group = _group_by_keys(rate, facts.groups)
    early = _there_too_early(rate, group, facts)
    if early.leak:
        return early
    exact = _says_the_whole(rate, group, facts, columns)
    return exact if exact.leak or early.too_few else CLEAN


def _group_by_keys(rate: pd.Series, keys: pd.DataFrame) -> NDArray[np.intp]:
    """Return each row's group: by as few of the keys as still tell the rate apart, or by the rate itself."""
    value = pd.factorize(rate, use_na_sentinel=False)[0]

    def number(names: list[str]) -> NDArray[np.intp]:
        return np.asarray(keys.groupby(names, dropna=False, observed=True).ngroup().to_numpy(), dtype=np.intp)

    def tells_apart(names: list[str]) -> bool:
        group = number(names)
        return len(np.unique(np.stack([group, value]), axis=1).T) == len(np.unique(group))

    names = list(keys.columns)
    if not names or not tells_apart(names):
        return np.asarray(value, dtype=np.intp)
    for name in keys.columns:
        fewer = [one for one in names if one != name]
        if fewer and tells_apart(fewer):
            names = fewer
    return number(names)


def _there_too_early(rate: pd.Series, group: NDArray[np.intp], facts: Facts) -> RateVerdict:
    """Compare rows whose group had its first outcome only later with rows whose group never had one.

    An honest rate is silent of both, or, when it was made from older books, speaks of both.
    """
    if not facts.known_on:
        return RateVerdict(too_few=True)
    row_day, outcome_day = facts.rows["day"], facts.rows[facts.known_on]
    first = outcome_day.groupby(group).transform("min")
    later, never = (first >= row_day).to_numpy(dtype=bool), first.isna().to_numpy(dtype=bool)
    if min(later.sum(), never.sum()) < FEWEST:
        return RateVerdict(too_few=True)
    nothing = rate[never].mode(dropna=False).iloc[0]
    silent = (rate.isna() if pd.isna(nothing) else rate == nothing).to_numpy(dtype=bool)
    if (~silent)[later].mean() < NEARLY or silent[never].mean() < NEARLY:
        return CLEAN
    there = f"{int((~silent & later).sum()):,} of {int(later.sum()):,}"
    nowhere = f"{int((~silent & never).sum()):,} of {int(never.sum()):,}"
    return RateVerdict(
        f"is there for {there} rows whose group had no outcome yet on their own day, and for {nowhere} whose group "
        "never had one: it counts the row itself, or what came later"
    )


def _says_the_whole(rate: pd.Series, group: NDArray[np.intp], facts: Facts, columns: int) -> RateVerdict:
    """Count the groups of which a rate says to the row how many came to the outcome, against what chance allows.

    An honest rate knows each row's chance at best: then a group's number falls on the rate's own arithmetic as often
    as a binomial does.
    """
    shown = rate.groupby(group).first().to_numpy(dtype=np.float64)
    ways = list(_ways(group, facts))
    chance = FALSE_ALARM / max(columns * len(ways), 1)
    possible = False
    for told, happened, size, extra, prior in ways:
        asked = ~np.isnan(shown) & (size >= 2)
        whole = shown * (size + extra) - extra * prior
        rows = np.round(whole)
        fits = asked & (np.abs(whole - rows) <= EXACT) & (rows >= 0) & (rows <= size)
        if asked.sum() == 0 or fits.sum() < NEARLY * asked.sum() or len(np.unique(shown[fits])) < LIKE_A_RATE:
            continue
        matches = happened[fits] == rows[fits]
        if extra and 2 * matches.sum() < fits.sum():
            continue
        odds = _binomial(rows[fits], size[fits])
        # A smoothed reading can fit by chance what is no such rate: only the plain one may clear a column.
        possible |= not extra and bool(odds.prod() < chance)
        if _at_least(odds, int(matches.sum())) < chance:
            return RateVerdict(
                f"says of {int(matches.sum()):,} of {int(fits.sum()):,} groups to the row how many came to it that "
                f"{told}; a rate of earlier rows would of about {odds.sum():.0f}: it counts the row itself"
            )
    return CLEAN if possible else RateVerdict(too_few=True)


def _ways(group: NDArray[np.intp], facts: Facts) -> Iterator[tuple[str, Floats, Floats, float, float]]:
    """Give each way to count: what is told, each group's outcomes and rows, and what smoothing adds."""
    size_of_all = int(group.max()) + 1
    for told, column in facts.outcomes.items():
        label = facts.rows[column].to_numpy(dtype=np.float64, na_value=np.nan)
        judged = ~np.isnan(label)
        if not 0 < np.nansum(label) < judged.sum():
            continue
        happened: Floats = np.bincount(group[judged], weights=label[judged], minlength=size_of_all).astype(np.float64)
        overall = float(label[judged].mean())
        for rows in (judged, np.ones(len(label), dtype=bool)):
            size = np.bincount(group[rows], minlength=size_of_all).astype(np.float64)
            for extra in SMOOTHINGS:
                for prior in (overall, 0.5) if extra else (overall,):
                    yield told, happened, size, extra, prior


def _binomial(happened: Floats, size: Floats) -> Floats:
    """Return how likely each group's number is where the rate is each row's true chance."""
    return np.array(
        [comb(int(n), int(k)) * (k / n) ** k * (1 - k / n) ** (n - k) for k, n in zip(happened, size, strict=True)]
    )


def _at_least(odds: Floats, matches: int) -> float:
    """Return the chance of as many matches, each group matching with its own odds."""
    spread = np.zeros(len(odds) + 1)
    spread[0] = 1.0
    for one in odds:
        spread[1:] = spread[1:] * (1 - one) + spread[:-1] * one
        spread[0] *= 1 - one
    return float(spread[matches:].sum())

"""Smoothed rates of earlier outcomes: steps that count outcomes by key, and the SQL that smooths the counts.

A state relation (all accounts or denials at each snapshot) has `outcome` (1, 0, or null while unknown) and
`outcome_age` (days since it became known). It only has outcomes known before the snapshot.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

from payrank.features.dialects.identifiers import Step
from payrank.features.sources import CombinedLogOdds, HistoricalRate, Rate, RateSupport

FLOOR = 0.001
"""Smallest distance of a rate from 0 and 1 in log odds, which would otherwise be infinite."""

KeySet = tuple[tuple[str, ...], int | None]


def key_sets(sources: Iterable[Rate]) -> list[KeySet]:
    """Return what to count: each set of keys with its half-life. A pair needs the counts of its single keys too."""
    needed: dict[KeySet, None] = {}
    for source in sources:
        if len(source.keys) > 1 or isinstance(source, CombinedLogOdds):
            for key in source.keys:
                needed[((key,), source.half_life_days)] = None
        if not isinstance(source, CombinedLogOdds):
            needed[(source.keys, source.half_life_days)] = None
    return list(needed)


def _window(half_life_days: int | None) -> str:
    return "all" if half_life_days is None else f"{half_life_days}d"


def step_name(keys: tuple[str, ...], half_life_days: int | None) -> str:
    """Return the name of the step that counts outcomes by some keys."""
    return f"outcomes_{_window(half_life_days)}_" + "_".join(keys)


def overall_name(half_life_days: int | None) -> str:
    """Return the name of the step that counts all outcomes."""
    return f"outcomes_{_window(half_life_days)}"


WEIGHT_UNITS = 1_048_576
"""Units in a weight of 1. Recency weights are whole numbers of units, which add up exactly in any order."""


def _weights_by_age(state: str, half_life_days: int) -> Step:
    """Return the step that computes the weight of each age once, because there are far fewer ages than outcomes."""
    weight = f"CAST(ROUND({WEIGHT_UNITS} * EXP(-{math.log(2) / half_life_days!r} * aged.outcome_age)) AS BIGINT)"
    ages = f"SELECT DISTINCT e.outcome_age AS outcome_age FROM {state} e WHERE e.outcome IS NOT NULL"
    return Step(f"fading_{_window(half_life_days)}", f"SELECT aged.outcome_age, {weight} AS weight FROM ({ages}) aged")


def _counts(half_life_days: int | None) -> str:
    if half_life_days is None:
        return "SUM(e.hits) AS hits, SUM(e.support) AS support"
    # Outcomes so old that their weight is zero provide no support.
    return f"SUM(e.hits) / {WEIGHT_UNITS}.0 AS hits, NULLIF(SUM(e.support), 0) / {WEIGHT_UNITS}.0 AS support"


def rate_steps(state: str, sources: Iterable[Rate]) -> list[Step]:
    """Return the steps that count outcomes overall and by each set of keys."""
    needed = key_sets(sources)
    steps = []
    for half_life in dict.fromkeys(half_life for _, half_life in needed):
        # Read the units once and group them by all keys together. Each set of keys then sums those few exact sums.
        grouped = overall_name(half_life) + "_met"
        all_keys = ", ".join(dict.fromkeys(f"e.{key}" for keys, span in needed if span == half_life for key in keys))
        weight, weight_join = "1.0", ""
        if half_life is not None:
            weights = _weights_by_age(state, half_life)
            steps.append(weights)
            weight, weight_join = "f.weight", f"JOIN {weights.name} f ON f.outcome_age = e.outcome_age "
        steps.append(
            Step(
                grouped,
                f"SELECT e.as_of, {all_keys}, SUM({weight} * e.outcome) AS hits, SUM({weight}) AS support "
                f"FROM {state} e {weight_join}WHERE e.outcome IS NOT NULL GROUP BY e.as_of, {all_keys}",
            )
        )
        counts = _counts(half_life)
        steps.append(Step(overall_name(half_life), f"SELECT e.as_of, {counts} FROM {grouped} e GROUP BY e.as_of"))
        for keys, span in needed:
            if span != half_life:
                continue
            named = ", ".join(f"e.{key}" for key in keys)
            steps.append(
                Step(
                    step_name(keys, span),
                    f"SELECT e.as_of, {named}, {counts} FROM {grouped} e GROUP BY e.as_of, {named}",
                )
            )
    return steps


def rate_joins(sources: Iterable[Rate]) -> list[str]:
    """Return the joins that attach the counts to the snapshots."""
    needed = key_sets(sources)
    joins = [
        f"LEFT JOIN {overall_name(half_life)} ON {overall_name(half_life)}.as_of = spine.as_of"
        for half_life in dict.fromkeys(half_life for _, half_life in needed)
    ]
    for keys, half_life in needed:
        name = step_name(keys, half_life)
        on = " AND ".join(f"{name}.{key} = spine.{key}" for key in keys)
        joins.append(f"LEFT JOIN {name} ON {name}.as_of = spine.as_of AND {on}")
    return joins


def rate_sql(source: Rate) -> str:
    """Return the SQL of a smoothed rate, its support, or the combined log odds."""
    overall = overall_name(source.half_life_days)
    prior = f"({overall}.hits / {overall}.support)"
    if isinstance(source, RateSupport):
        known = " AND ".join(f"spine.{key} IS NOT NULL" for key in source.keys)
        return f"CASE WHEN {known} THEN COALESCE({step_name(source.keys, source.half_life_days)}.support, 0) END"
    if isinstance(source, HistoricalRate):
        return _smoothed(source.keys, source.weight, source.half_life_days, prior)
    terms = []
    for key in source.keys:
        rate = _smoothed((key,), source.weight, source.half_life_days, prior)
        terms.append(f"COALESCE({_log_odds(rate)} - {_log_odds(prior)}, 0)")
    return f"CASE WHEN {overall}.support > 0 THEN {' + '.join(terms)} END"


def _smoothed(keys: tuple[str, ...], weight: float, half_life_days: int | None, prior: str) -> str:
    name = step_name(keys, half_life_days)
    if len(keys) > 1:
        singles = [_smoothed((key,), weight, half_life_days, prior) for key in keys]
        prior = f"(({' + '.join(singles)}) / {float(len(keys))!r})"
    known = " AND ".join(f"spine.{key} IS NOT NULL" for key in keys)
    rate = f"(COALESCE({name}.hits, 0) + {weight!r} * {prior}) / (COALESCE({name}.support, 0) + {weight!r})"
    return f"(CASE WHEN {known} THEN {rate} END)"


def _log_odds(rate: str) -> str:
    clipped = f"CASE WHEN {rate} < {FLOOR} THEN {FLOOR} WHEN {rate} > {1 - FLOOR} THEN {1 - FLOOR} ELSE {rate} END"
    return f"LN(({clipped}) / (1 - ({clipped})))"

"""Appeals: which denials staff appeal, when they file, and what the payer decides at up to three levels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from payrank.features.arrays import Floats
from payrank.simulator.claims.claims import Claims
from payrank.simulator.claims.codes import BILLING, KIND_NAMES
from payrank.simulator.claims.denials import Denials
from payrank.simulator.claims.overturns import (
    LEVELS,
    NEXT_LEVEL_DAYS,
    PARTIAL_SHARE,
    PARTIAL_WIN,
    WITHDRAWN_SHARE,
    appeal_days,
    daily_loss,
    first_level_odds,
    hidden_strength,
    next_level_chance,
    next_level_odds,
)
from payrank.simulator.event_log import MISSING, EventLog
from payrank.simulator.population.payers import PAYERS
from payrank.simulator.population.visits import Visits
from payrank.simulator.randomness import Booleans, Integers, between, happens, sigmoid, stream

OUTCOMES = ("overturned", "partially_overturned", "upheld", "withdrawn")
OVERTURNED, PARTIAL, UPHELD, WITHDRAWN = range(4)
RANDOM_SLICE = 0.10
"""Share of denials where a random draw, not staff, decides whether to appeal: the randomized sample."""
LATE, LATE_LATER = 0.03, 0.08
"""Share of first-level appeals, and of later-level appeals, that are filed after the deadline."""
CORRECTION_DAYS = (16, 75)
"""Minimum and maximum days from a denial to the payment of a corrected claim."""

STAFF_LOG_ODDS = {
    "clinical": 2.7,
    "authorization": 3.5,
    "registration": 2.4,
    "non_covered": 2.6,
    "billing": 2.2,
    "duplicate": 0.0,
    "timely": 0.8,
    "not_a_denial": -9.0,
}
"""Log-odds that staff appeal a $2,000 denial of each kind, provided its remark code allows an appeal."""

CORRECTED_SHARE = {
    "clinical": 0.14,
    "authorization": 0.32,
    "registration": 0.57,
    "non_covered": 0.42,
    "billing": 0.70,
    "duplicate": 0.55,
    "timely": 0.08,
    "not_a_denial": 0.0,
}
"""Share of denials that are fixed with a corrected claim and paid without an appeal, by kind."""
REBILLED_SHARE = 0.85
"""The same share for billing denials that cannot be appealed (remark code MA130): only a new claim can be paid."""


@dataclass(frozen=True, slots=True)
class Outcomes:
    """The outcome of each denial; one entry per denial.

    `strength` is the hidden log-odds of an overturn on the denial date, and `slope` is its daily decline.
    `overturn_odds` is the probability that the level-1 appeal, as filed, is overturned (NaN if never filed). `resolved`
    is the day on which the recovery or write-off posts, and `recovered` is the share of the denied amount paid on that
    day. `random` marks the randomized sample.
    """

    strength: Floats
    slope: Floats
    overturn_odds: Floats
    random: Booleans
    resubmitted: Booleans
    resolved: Integers
    recovered: Floats
    rows: EventLog


def work_denials(claims: Claims, visits: Visits, denials: Denials, seed: int) -> Outcomes:
    """Correct, appeal, or ignore each denial, and decide the appeals."""
    rng = stream(seed, "appeals")
    size = denials.size
    strength = hidden_strength(claims, visits, denials, rng)
    slope = daily_loss(denials)
    kinds = denials.kind
    resubmitted = happens(rng, corrected_share(denials), size)
    random = happens(rng, RANDOM_SLICE, size) & ~resubmitted & denials.appealable
    chosen = np.where(random, happens(rng, 0.5, size), _choose_by_size(rng, denials, kinds))
    appealed = ~resubmitted & chosen & denials.appealable
    filed = denials.day + _filing_delay(rng, denials)
    limit = appeal_days(claims, denials)
    # Staff file ahead of a deadline they can see coming. A few still miss it, and a late appeal usually loses.
    late = happens(rng, LATE, size)
    filed = np.where(
        late,
        np.maximum(filed, denials.day + limit + between(rng, 1, 20, size)),
        np.minimum(filed, denials.day + limit - between(rng, 0, 6, size)),
    )
    odds = first_level_odds(strength, slope, filed - denials.day, limit)
    overturn_odds = np.where(appealed, sigmoid(odds), np.nan)
    denial = np.flatnonzero(appealed)
    rows, resolved, recovered = _appeal_through_levels(
        rng, claims, denials, denial, when=filed[denial], log_odds=odds[denial]
    )
    fixed = np.flatnonzero(resubmitted)
    resolved[fixed] = denials.day[fixed] + between(rng, *CORRECTION_DAYS, len(fixed))
    recovered[fixed] = 1.0
    left = np.flatnonzero(~appealed & ~resubmitted)
    # Denials that nobody works are written off some weeks after the deadline; some are forgotten for much longer.
    wait = limit[left] + np.where(
        happens(rng, 0.75, len(left)), between(rng, 10, 90, len(left)), between(rng, 91, 500, len(left))
    )
    resolved[left] = denials.day[left] + wait
    return Outcomes(strength, slope, overturn_odds, random, resubmitted, resolved, recovered, rows)


def corrected_share(denials: Denials) -> Floats:
    """Return the probability that each denial is resolved with a corrected claim."""
    by_kind = np.array([CORRECTED_SHARE[kind] for kind in KIND_NAMES])[denials.kind]
    must_rebill = (denials.kind == KIND_NAMES.index(BILLING)) & ~denials.appealable
    return np.where(must_rebill, REBILLED_SHARE, by_kind)


def _appeal_through_levels(
    rng: np.random.Generator, claims: Claims, denials: Denials, denial: Integers, *, when: Integers, log_odds: Floats
) -> tuple[EventLog, Integers, Floats]:
    """Take denials through the appeal levels.

    Returns the appeal rows, the day on which the money posts, and the share recovered.
    """
    rows = EventLog({"denial": "int64", "level": "int8", "filed": "int32", "decided": "int32", "outcome": "int8"})
    resolved, recovered = np.full(denials.size, MISSING), np.zeros(denials.size)
    usual = np.array([p.decision_days for p in PAYERS])[claims.payer[denials.claim]]
    for level in LEVELS:
        days = np.rint(usual[denial] * rng.lognormal(0, 0.28, len(denial)))
        decided = when + np.maximum(10, days).astype(np.int64)
        outcome = _decide(rng, log_odds)
        rows.add(denial=denial, level=level, filed=when, decided=decided, outcome=outcome)
        won = outcome <= PARTIAL
        part = rng.uniform(*PARTIAL_SHARE, int(won.sum()))
        recovered[denial[won]] = np.where(outcome[won] == PARTIAL, part, 1.0)
        resolved[denial] = decided + between(rng, 4, 24, len(denial))
        again = (outcome == UPHELD) & happens(rng, next_level_chance(denials.cents[denial]), len(denial))
        late = happens(rng, LATE_LATER, len(denial))
        wait = np.where(late, NEXT_LEVEL_DAYS + between(rng, 1, 20, len(denial)), between(rng, 12, 50, len(denial)))
        when = (decided + wait)[again]
        log_odds = next_level_odds(log_odds, late)[again]
        denial = denial[again]
    return rows, resolved, recovered


def _choose_by_size(rng: np.random.Generator, denials: Denials, kinds: Integers) -> Booleans:
    """Let staff choose the largest denials first. Models that learn from appealed denials must cope with this
    selection.
    """
    size_effect = 1.6 * (np.log10(np.maximum(denials.cents, 100)) - 5.3)
    return happens(rng, sigmoid(np.array([STAFF_LOG_ODDS[k] for k in KIND_NAMES])[kinds] + size_effect), denials.size)


def _filing_delay(rng: np.random.Generator, denials: Denials) -> Integers:
    """Return the days from denial to filing: weeks, and fewer for large amounts."""
    hurry = np.clip(1.35 - 0.18 * (np.log10(np.maximum(denials.cents, 100)) - 4.0), 0.6, 1.5)
    return np.maximum(2, np.rint(hurry * rng.lognormal(3.25, 0.75, denials.size))).astype(np.int64)


def _decide(rng: np.random.Generator, log_odds: Floats) -> Integers:
    won = happens(rng, sigmoid(log_odds), len(log_odds))
    outcome = np.where(won, np.where(happens(rng, PARTIAL_WIN, len(won)), PARTIAL, OVERTURNED), UPHELD)
    return np.where(happens(rng, WITHDRAWN_SHARE, len(won)), WITHDRAWN, outcome)

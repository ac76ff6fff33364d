"""The hidden probability that a payer overturns a denial, by appeal level and age. No other module defines it."""

from __future__ import annotations

import numpy as np

from payrank.features.arrays import Floats
from payrank.simulator.claims.claims import Claims
from payrank.simulator.claims.codes import ALL_CODES, KIND_NAMES
from payrank.simulator.claims.denials import Denials
from payrank.simulator.event_log import MISSING
from payrank.simulator.population.payers import PAYERS
from payrank.simulator.population.visits import Visits
from payrank.simulator.randomness import Booleans, Integers, sigmoid, stream

LEVELS = (1, 2, 3)
NEXT_LEVEL_PENALTY = 1.0
"""Log-odds that an appeal loses at each further level."""
LATE_PENALTY = 3.0
"""Log-odds that an appeal loses when it is filed after the deadline."""
ASSUMED_DAYS = 180
"""Days to appeal if the payer does not specify a limit."""
NEXT_LEVEL_DAYS = 60
"""Days to file a next-level appeal: the shortest limit in use (Medicare's third level, Medicaid plans)."""

PARTIAL_WIN = 0.2
"""Share of won appeals that are only partially overturned."""
PARTIAL_SHARE = (0.3, 0.8)
"""Minimum and maximum share of the denied amount that a partial overturn pays."""
WON_SHARE = 1 - PARTIAL_WIN * (1 - sum(PARTIAL_SHARE) / 2)
"""Mean share of the denied amount that a won appeal pays."""
WITHDRAWN_SHARE = 0.025
"""Share of appeals that are withdrawn, at each level."""

LINE_STRENGTH = np.array([0.08, 0.06, -0.11, -0.03, 0.11, 0.05, 0.15, 0.05, 0.0, -0.17, -0.14])
"""Log-odds of an overturn by service line: how good the documentation usually is."""

PAYER_WEIGHT = 0.35
"""Weight of the payer's effect relative to the effect of the denial's kind."""

DAILY_LOSS, DAILY_LOSS_CLINICAL = 0.006, 0.005
"""Log-odds of an overturn lost per day between denial and appeal."""


def hidden_strength(claims: Claims, visits: Visits, denials: Denials, rng: np.random.Generator) -> Floats:
    """Return the log-odds of an overturn on the denial date."""
    payer = claims.payer[denials.claim]
    account = claims.account[denials.claim]
    line = visits.service_line[account]
    # How a payer treats a reason does not depend on the seed: it is the same in every simulation.
    habits = 0.12 * stream(1, "payer yields by code").normal(size=(len(PAYERS), len(ALL_CODES)))
    base = np.array([code.overturn for code in ALL_CODES])[denials.code]
    dollars = denials.cents / 100.0
    return np.asarray(
        base
        + PAYER_WEIGHT * np.array([p.overturn_log_odds for p in PAYERS])[payer]
        + habits[payer, denials.code]
        + np.where(line == MISSING, 0.0, LINE_STRENGTH[np.maximum(line, 0)])
        - 0.15 * (np.log10(np.maximum(dollars, 10.0)) - 3.3)
        + 0.08 * rng.normal(size=denials.size)
    )


def daily_loss(denials: Denials) -> Floats:
    """Return each denial's daily decline in the log-odds of an overturn."""
    return np.where(denials.kind == KIND_NAMES.index("clinical"), DAILY_LOSS_CLINICAL, DAILY_LOSS)


def appeal_days(claims: Claims, denials: Denials) -> Integers:
    """Return the number of days that each denial's payer allows for a first appeal."""
    return np.array([p.appeal_days or ASSUMED_DAYS for p in PAYERS])[claims.payer[denials.claim]]


def first_level_odds(strength: Floats, slope: Floats, age: Integers, limit: Integers) -> Floats:
    """Return the log-odds that a first appeal filed `age` days after the denial is overturned."""
    return np.asarray(strength - slope * age - LATE_PENALTY * (age > limit))


def next_level_odds(log_odds: Floats, late: Booleans) -> Floats:
    """Return the log-odds at the next level, given the log-odds at the level that was upheld."""
    return np.asarray(log_odds - NEXT_LEVEL_PENALTY - LATE_PENALTY * late)


def next_level_chance(cents: Integers) -> Floats:
    """Return the probability that staff appeal an upheld decision to the next level: mostly for large amounts."""
    return sigmoid(0.5 + 1.0 * (np.log10(np.maximum(cents, 100)) - 5.3))

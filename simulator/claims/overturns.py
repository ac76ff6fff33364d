"""Why a payer gives in: the hidden chance of an overturn, by level and age. The truth is decided here alone."""

from __future__ import annotations

import numpy as np

from payrank.simulator.claims.claims import Claims
from payrank.simulator.claims.codes import ALL_CODES, KIND_NAMES
from payrank.simulator.claims.denials import Denials
from payrank.simulator.event_log import MISSING
from payrank.simulator.population.payers import PAYERS
from payrank.simulator.population.visits import Visits
from payrank.simulator.randomness import Booleans, Floats, Integers, sigmoid, stream

LEVELS = (1, 2, 3)
NEXT_LEVEL_PENALTY = 1.0
"""Log-odds that an appeal loses at each further level."""
LATE_PENALTY = 3.0
"""Log-odds that an appeal loses when it is filed after its last day."""
ASSUMED_DAYS = 180
"""Days to appeal where a payer names none."""
NEXT_LEVEL_DAYS = 60
"""Days to file an appeal of the next level: the shortest in use (Medicare's third level, Medicaid plans)."""

PARTIAL_WIN = 0.2
"""Share of won appeals that bring only a part."""
PARTIAL_SHARE = (0.3, 0.8)
"""Smallest and largest part of the denied amount that a partial win brings."""
WON_SHARE = 1 - PARTIAL_WIN * (1 - sum(PARTIAL_SHARE) / 2)
"""Mean part of the denied amount that a won appeal brings."""
WITHDRAWN_SHARE = 0.025
"""Share of appeals of each level that are withdrawn."""

LINE_STRENGTH = np.array([0.08, 0.06, -0.11, -0.03, 0.11, 0.05, 0.15, 0.05, 0.0, -0.17, -0.14])
"""Log-odds of an overturn by service line: how good the documentation usually is."""

PAYER_WEIGHT = 0.35
"""How much a payer's way counts beside the kind of the denial."""

DAILY_LOSS, DAILY_LOSS_CLINICAL = 0.006, 0.005
"""Log-odds of an overturn lost with each day between denial and appeal."""


def hidden_strength(claims: Claims, visits: Visits, denials: Denials, rng: np.random.Generator) -> Floats:
    """Return log-odds of an overturn on the day of the denial."""
    payer = claims.payer[denials.claim]
    account = claims.account[denials.claim]
    line = visits.service_line[account]
    # How a payer treats a reason is the region's habit, the same in every simulation.
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
    """Return the log-odds of an overturn that each denial loses with a day."""
    return np.where(denials.kind == KIND_NAMES.index("clinical"), DAILY_LOSS_CLINICAL, DAILY_LOSS)


def appeal_days(claims: Claims, denials: Denials) -> Integers:
    """Return the days that each denial's payer gives for the first appeal."""
    return np.array([p.appeal_days or ASSUMED_DAYS for p in PAYERS])[claims.payer[denials.claim]]


def first_level_odds(strength: Floats, slope: Floats, age: Integers, limit: Integers) -> Floats:
    """Return the log-odds of an overturn of a first appeal filed `age` days after the denial."""
    return np.asarray(strength - slope * age - LATE_PENALTY * (age > limit))


def next_level_odds(log_odds: Floats, late: Booleans) -> Floats:
    """Return the log-odds of the next level, given those of the level that was upheld."""
    return np.asarray(log_odds - NEXT_LEVEL_PENALTY - LATE_PENALTY * late)


def next_level_chance(cents: Integers) -> Floats:
    """Return the chance that staff go on to the next level after an appeal was upheld: large amounts mostly."""
    return sigmoid(0.5 + 1.0 * (np.log10(np.maximum(cents, 100)) - 5.3))

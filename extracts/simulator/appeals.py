"""Appeals: who is worked, when, and what the payer decides in up to three levels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from extracts.simulator.claims import Claims
from extracts.simulator.codes import ALL_CODES, KIND_NAMES
from extracts.simulator.denials import Denials
from extracts.simulator.payers import PAYERS
from extracts.simulator.randomness import Booleans, Floats, Integers, between, happens, sigmoid, stream
from extracts.simulator.rows import MISSING, Rows
from extracts.simulator.visits import Visits

OUTCOMES = ("overturned", "partially_overturned", "upheld", "withdrawn")
OVERTURNED, PARTIAL, UPHELD, WITHDRAWN = range(4)
RANDOM_SLICE = 0.06
"""Share of denials that are appealed by the toss of a coin, whatever their amount: the unselected sample."""

LINE_STRENGTH = np.array([0.25, 0.2, -0.35, -0.1, 0.35, 0.15, 0.45, 0.15, 0.05, -0.55, -0.4])
"""Log-odds of an overturn by service line: how good the documentation usually is."""

CHOSEN = {
    "clinical": 1.5,
    "authorisation": 1.1,
    "registration": 0.55,
    "non_covered": 0.5,
    "billing": 0.25,
    "timely": 0.6,
    "not_a_denial": -9.0,
}
"""Log-odds that staff choose a denial of that kind and of $2,000 for an appeal."""

RESUBMITTED = {
    "clinical": 0.03,
    "authorisation": 0.08,
    "registration": 0.24,
    "non_covered": 0.06,
    "billing": 0.45,
    "timely": 0.02,
    "not_a_denial": 0.0,
}
"""Share of denials put right by a corrected claim and paid without an appeal, by kind."""


@dataclass(frozen=True, slots=True)
class Outcomes:
    """What became of each denial, one entry a denial.

    `strength` is the hidden log-odds of an overturn on the day of the denial and `slope` its fall a day;
    `overturn_odds` the probability of the level-1 appeal as filed (NaN: never filed). `resolved` is the day on which
    recovered or written-off money moves; `recovered` the share of the denied amount that is paid then. `random` marks
    the randomised slice.
    """

    strength: Floats
    slope: Floats
    overturn_odds: Floats
    random: Booleans
    resubmitted: Booleans
    resolved: Integers
    recovered: Floats
    rows: Rows


def hidden_strength(claims: Claims, visits: Visits, denials: Denials, rng: np.random.Generator) -> Floats:
    """Return log-odds of an overturn on the day of the denial."""
    payer = claims.payer[denials.claim]
    account = claims.account[denials.claim]
    line = visits.service_line[account]
    # How a payer treats a reason is the region's habit, the same in every simulation.
    habits = 0.32 * stream(1, "payer yields by code").normal(size=(len(PAYERS), len(ALL_CODES)))
    base = np.array([code.overturn for code in ALL_CODES])[denials.code]
    dollars = denials.cents / 100.0
    return np.asarray(
        base
        + np.array([p.yields for p in PAYERS])[payer]
        + habits[payer, denials.code]
        + np.where(line == MISSING, 0.0, LINE_STRENGTH[np.maximum(line, 0)])
        - 0.22 * (np.log10(np.maximum(dollars, 10.0)) - 3.3)
        + 0.15 * rng.normal(size=denials.size)
    )


def work_denials(claims: Claims, visits: Visits, denials: Denials, seed: int) -> Outcomes:
    """Correct, appeal or leave each denial, and decide the appeals."""
    rng = stream(seed, "appeals")
    size = denials.size
    strength = hidden_strength(claims, visits, denials, rng)
    slope = np.where(denials.kind == KIND_NAMES.index("clinical"), 0.006, 0.011)
    kinds = denials.kind
    resubmitted = happens(rng, np.array([RESUBMITTED[k] for k in KIND_NAMES])[kinds], size)
    random = happens(rng, RANDOM_SLICE, size) & (kinds != KIND_NAMES.index("not_a_denial"))
    appealed = ~resubmitted & (random | _staff_choose(rng, denials, kinds))
    payer = claims.payer[denials.claim]
    rows = Rows({"denial": "int64", "level": "int8", "filed": "int32", "decided": "int32", "outcome": "int8"})
    filed = denials.day + _filing_delay(rng, denials)
    limit = np.array([p.appeal_days or 180 for p in PAYERS])[payer]
    # Staff file before a deadline when they see it coming; a few are late all the same and lose for it.
    late = happens(rng, 0.03, size)
    filed = np.where(
        late,
        np.maximum(filed, denials.day + limit + between(rng, 1, 20, size)),
        np.minimum(filed, denials.day + limit - between(rng, 0, 6, size)),
    )
    age = filed - denials.day
    odds = strength - slope * age - 3.0 * (age > limit)
    decision_days = np.array([p.decision_days for p in PAYERS])[payer]
    resolved = np.full(size, MISSING)
    recovered = np.zeros(size)
    overturn_odds = np.where(appealed, sigmoid(odds), np.nan)
    now = np.flatnonzero(appealed)
    when, log_odds = filed[now], odds[now]
    for level in (1, 2, 3):
        decided = when + np.maximum(10, np.rint(decision_days[now] * rng.lognormal(0, 0.28, len(now)))).astype(np.int64)
        outcome = _decide(rng, log_odds)
        rows.add(denial=now, level=level, filed=when, decided=decided, outcome=outcome)
        won = outcome <= PARTIAL
        recovered[now[won]] = np.where(outcome[won] == PARTIAL, rng.uniform(0.3, 0.8, int(won.sum())), 1.0)
        resolved[now] = decided + between(rng, 4, 24, len(now))
        again = (outcome == UPHELD) & happens(
            rng, sigmoid(-1.3 + 0.9 * (np.log10(np.maximum(denials.cents[now], 100)) - 5.3)), len(now)
        )
        when = (decided + between(rng, 12, 50, len(now)))[again]
        log_odds = log_odds[again] - 0.9
        now = now[again]
    fixed = np.flatnonzero(resubmitted)
    resolved[fixed] = denials.day[fixed] + between(rng, 16, 75, len(fixed))
    recovered[fixed] = 1.0
    left = np.flatnonzero(~appealed & ~resubmitted)
    # What nobody works is written off some weeks past its last day; some is forgotten for much longer.
    wait = limit[left] + np.where(
        happens(rng, 0.75, len(left)), between(rng, 10, 90, len(left)), between(rng, 91, 500, len(left))
    )
    resolved[left] = denials.day[left] + wait
    return Outcomes(strength, slope, overturn_odds, random, resubmitted, resolved, recovered, rows)


def _staff_choose(rng: np.random.Generator, denials: Denials, kinds: Integers) -> Booleans:
    """Staff work the largest first: selection that a model learned from appealed denials must survive."""
    size_effect = 1.1 * (np.log10(np.maximum(denials.cents, 100)) - 5.3)
    return happens(rng, sigmoid(np.array([CHOSEN[k] for k in KIND_NAMES])[kinds] + size_effect), denials.size)


def _filing_delay(rng: np.random.Generator, denials: Denials) -> Integers:
    """Days from denial to filing: weeks, sooner for large amounts."""
    hurry = np.clip(1.35 - 0.18 * (np.log10(np.maximum(denials.cents, 100)) - 4.0), 0.6, 1.5)
    return np.maximum(2, np.rint(hurry * rng.lognormal(3.25, 0.75, denials.size))).astype(np.int64)


def _decide(rng: np.random.Generator, log_odds: Floats) -> Integers:
    won = happens(rng, sigmoid(log_odds), len(log_odds))
    outcome = np.where(won, np.where(happens(rng, 0.2, len(won)), PARTIAL, OVERTURNED), UPHELD)
    return np.where(happens(rng, 0.025, len(won)), WITHDRAWN, outcome)

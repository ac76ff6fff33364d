"""The true value of an appeal: each denial's probability and expected dollars with and without one, by age."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from payrank.features.arrays import Floats
from payrank.simulator.claims.appeals import CORRECTION_DAYS, LATE_LATER, corrected_share
from payrank.simulator.claims.overturns import (
    LEVELS,
    WITHDRAWN_SHARE,
    WON_SHARE,
    appeal_days,
    first_level_odds,
    next_level_chance,
    next_level_odds,
)
from payrank.simulator.claims.recoveries import recovered_cents
from payrank.simulator.hospital import Hospital
from payrank.simulator.randomness import Integers, sigmoid

AGES = (0, 15, 30, 45, 60, 90, 120, 180, 270, 365)
"""Ages, in days since the denial, at which the truth is written."""


@dataclass(frozen=True, slots=True)
class OverturnTruth:
    """One entry per denial, at one age. Dollars are what the insurer would pay the hospital.

    `with_appeal` is the probability that a first appeal filed at that age is overturned, in full or in part.
    `dollars_with_appeal` includes further levels as staff usually pursue them. `without_appeal` is the probability that
    a corrected claim is still paid after that age without an appeal.
    """

    with_appeal: Floats
    dollars_with_appeal: Floats
    without_appeal: Floats
    dollars_without_appeal: Floats


def overturn_truth(hospital: Hospital, age: int | Integers) -> OverturnTruth:
    """Return the truth of every denial when it is appealed at `age` days (one value for all or one per denial) or
    never.

    A row that is not a denial, or that cannot be appealed, gains nothing from an appeal.
    """
    denials, outcomes, claims = hospital.denials, hospital.outcomes, hospital.claims
    _, allowed, patient = recovered_cents(claims, denials, np.ones(denials.size))
    worth = (allowed - patient) / 100.0
    limit = appeal_days(claims, denials)
    odds = first_level_odds(outcomes.strength, outcomes.slope, np.broadcast_to(np.asarray(age), denials.size), limit)
    appealable = denials.appealable
    first = np.where(appealable, sigmoid(odds), 0.0)
    no_one, everyone = np.zeros(denials.size, dtype=bool), np.ones(denials.size, dtype=bool)
    won, still, chance = np.zeros(denials.size), appealable.astype(np.float64), sigmoid(odds)
    for _ in LEVELS:
        won += still * (1 - WITHDRAWN_SHARE) * chance
        still = still * (1 - WITHDRAWN_SHARE) * (1 - chance) * next_level_chance(denials.cents)
        late = next_level_odds(odds, everyone)
        odds = next_level_odds(odds, no_one)
        chance = (1 - LATE_LATER) * sigmoid(odds) + LATE_LATER * sigmoid(late)
    corrected = _still_corrected(corrected_share(denials), age)
    return OverturnTruth(first, WON_SHARE * won * worth, corrected, corrected * worth)


def _still_corrected(share: Floats, age: int | Integers) -> Floats:
    """Return the probability that a corrected claim is paid after that age, given that it was not paid before."""
    min_days, max_days = CORRECTION_DAYS
    paid = np.clip((np.asarray(age) - min_days) / (max_days - min_days), 0, 1)
    return np.asarray(share * (1 - paid) / (1 - share * paid))

"""Benefits that run out: a policy at its limit or cover that had ended, and the patient is billed the charges beyond.

Very large balances after insurance come mostly from here, and hardly anyone pays them.
"""

from __future__ import annotations

import numpy as np

from payrank.simulator.event_log import MISSING
from payrank.simulator.population.coverage import Coverages, payer_class_index
from payrank.simulator.population.payers import CLASSES
from payrank.simulator.population.visits import CLINIC, Visits
from payrank.simulator.randomness import Booleans, Integers, happens, stream

EXHAUSTION_CHANCE: dict[str, float] = {
    "auto": 0.9,
    "other": 0.6,
    "workers_comp": 0.5,
    "medicaid": 0.5,
    "managed_medicaid": 0.5,
    "military": 0.5,
    "medicare": 0.45,
    "medicare_advantage": 0.42,
}
"""Chance that what a payer of that class covers of a large hospital visit runs out (Medicaid: cover that had ended)."""
MIN_CHARGES = 750_000
"""Cents of charges below which no benefit runs out."""
MAX_COVERED_SHARE = 0.3
"""Largest part of the charges that is still covered where a benefit runs out."""


def exhaust_benefits(visits: Visits, covered: Coverages, seed: int) -> tuple[Booleans, Integers]:
    """Return the accounts whose benefit runs out, and the cents of each account's charges that are the patient's."""
    rng = stream(seed, "limits")
    chance = np.array([EXHAUSTION_CHANCE.get(name, 0.0) for name in CLASSES])[payer_class_index(covered.payer)]
    large = (visits.charges >= MIN_CHARGES) & (visits.patient_class != CLINIC) & (covered.secondary == MISSING)
    out = large & happens(rng, chance, visits.size)
    beyond = np.floor(visits.charges * (1 - MAX_COVERED_SHARE * rng.random(visits.size))).astype(np.int64)
    return out, np.where(out, beyond, 0)

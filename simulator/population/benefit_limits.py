"""Exhausted benefits: a policy reaches its limit or coverage has ended, and the patient owes the remaining charges.

These cases account for most of the very large balances after insurance, and patients rarely pay them.
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
"""Probability, by payer class, that benefits run out on a large hospital visit (for Medicaid: coverage had ended)."""
MIN_CHARGES = 750_000
"""Minimum charges, in cents, at which benefits can run out."""
MAX_COVERED_SHARE = 0.3
"""Maximum share of the charges that is still covered when benefits run out."""


def exhaust_benefits(visits: Visits, covered: Coverages, seed: int) -> tuple[Booleans, Integers]:
    """Return a mask of the accounts whose benefits run out, and the patient's portion of each account's charges in
    cents.
    """
    rng = stream(seed, "limits")
    chance = np.array([EXHAUSTION_CHANCE.get(name, 0.0) for name in CLASSES])[payer_class_index(covered.payer)]
    large = (visits.charges >= MIN_CHARGES) & (visits.patient_class != CLINIC) & (covered.secondary == MISSING)
    out = large & happens(rng, chance, visits.size)
    beyond = np.floor(visits.charges * (1 - MAX_COVERED_SHARE * rng.random(visits.size))).astype(np.int64)
    return out, np.where(out, beyond, 0)

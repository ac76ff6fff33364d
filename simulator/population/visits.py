"""Visits and their charges: one account per visit, and several visits for many guarantors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from payrank.features.arrays import Floats
from payrank.simulator.event_log import MISSING
from payrank.simulator.population.people import People
from payrank.simulator.randomness import Integers, between, happens, pick, pick_by_row, stream

HISTORY_DAYS = 1095
"""Days of visits before the as-of date."""

PATIENT_CLASSES = ("clinic", "outpatient", "emergency", "inpatient", "other")
CLINIC, OUTPATIENT, EMERGENCY, INPATIENT, OTHER = range(5)
CLASS_WEIGHTS = (0.42, 0.29, 0.17, 0.10, 0.02)
MEDIAN_CHARGES = np.array([800.0, 3000.0, 3300.0, 15000.0, 1000.0])
"""Median charges in dollars, by patient class."""

SERVICE_LINES = (
    "cardiology",
    "orthopedics",
    "imaging",
    "laboratory",
    "oncology",
    "surgery",
    "emergency medicine",
    "obstetrics",
    "primary care",
    "behavioral health",
    "rehabilitation",
)
LINE_WEIGHTS = np.array(
    [
        [7, 6, 3, 5, 4, 1, 0, 6, 52, 9, 7],
        [9, 12, 28, 18, 9, 10, 0, 4, 2, 2, 6],
        [3, 2, 2, 1, 0, 1, 88, 2, 0, 1, 0],
        [18, 14, 0, 0, 9, 26, 6, 14, 4, 7, 2],
        [5, 5, 10, 40, 2, 2, 2, 4, 20, 5, 5],
    ],
    dtype=np.float64,
)
LINE_CHARGES = np.array([1.3, 1.25, 1.0, 0.55, 1.9, 1.5, 1.0, 1.0, 0.85, 0.75, 0.6])
"""Factor on the charges, by service line."""

FACILITIES = ("main", "north", "shore")


@dataclass(frozen=True, slots=True)
class Visits:
    """One entry per account, sorted by opening date. `charges` are in cents; days count from 1970-01-01."""

    guarantor: Integers
    opened: Integers
    service: Integers
    patient_class: Integers
    service_line: Integers
    facility: Integers
    charges: Integers

    @property
    def size(self) -> int:
        """Number of accounts."""
        return len(self.guarantor)


def count_guarantors(accounts: int) -> int:
    """Return the number of guarantors for this many accounts."""
    return max(1, round(accounts * 0.45))


def make_visits(accounts: int, people: People, seed: int, as_of: int) -> Visits:
    """Draw the accounts opened in the three years before `as_of` (a day number)."""
    rng = stream(seed, "visits")
    # Some people are sick more often. A gamma frailty creates guarantors with many accounts.
    frailty = rng.gamma(0.8, 1.0, people.size) * (0.6 + people.age / 90)
    extra = pick(rng, frailty, accounts - people.size)
    guarantor = np.concatenate([np.arange(people.size, dtype=np.int64), extra])
    opened = as_of - 1 - np.floor(HISTORY_DAYS * rng.random(accounts) ** 1.08).astype(np.int64)
    patient_class = pick(rng, CLASS_WEIGHTS, accounts)
    line = pick_by_row(rng, LINE_WEIGHTS, patient_class)
    dollars = MEDIAN_CHARGES[patient_class] * LINE_CHARGES[line] * _spread(rng, patient_class)
    order = np.lexsort((guarantor, opened))
    # Most accounts open on the service date; some open before it.
    service = opened + np.where(happens(rng, 0.18, accounts), between(rng, 1, 10, accounts), 0)
    return Visits(
        guarantor=guarantor[order],
        opened=opened[order],
        service=service[order],
        patient_class=patient_class[order],
        service_line=np.where(happens(rng, 0.01, accounts), MISSING, line)[order],
        facility=pick(rng, (0.6, 0.27, 0.13), accounts)[order],
        charges=np.rint(dollars * 100).astype(np.int64)[order],
    )


def _spread(rng: np.random.Generator, patient_class: Integers) -> Floats:
    sigma = np.array([0.6, 0.9, 0.65, 0.75, 0.8])[patient_class]
    return np.asarray(np.exp(sigma * rng.normal(size=len(patient_class))))

"""Coverage of each visit: a payer by age and means, Medicare supplements, and coverage lost and gained."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from payrank.features.arrays import Floats
from payrank.simulator.event_log import MISSING, EventLog
from payrank.simulator.population.payers import CLASSES, PAYERS, SELF_PAY, payers_in_class
from payrank.simulator.population.people import People
from payrank.simulator.population.visits import HISTORY_DAYS, Visits
from payrank.simulator.randomness import Booleans, Integers, between, happens, pick, pick_by_row, stream

MIX: dict[str, dict[str, float]] = {
    "old": {
        "medicare": 0.50,
        "medicare_advantage": 0.43,
        "commercial": 0.04,
        "self_pay": 0.01,
        "military": 0.01,
        "other": 0.01,
    },
    "poor": {
        "commercial": 0.32,
        "managed_medicaid": 0.32,
        "medicaid": 0.14,
        "self_pay": 0.15,
        "medicare": 0.03,
        "auto": 0.02,
        "other": 0.02,
    },
    "middle": {
        "commercial": 0.66,
        "managed_medicaid": 0.11,
        "medicaid": 0.05,
        "self_pay": 0.09,
        "workers_comp": 0.03,
        "auto": 0.02,
        "military": 0.03,
        "other": 0.01,
    },
    "well off": {
        "commercial": 0.86,
        "self_pay": 0.05,
        "managed_medicaid": 0.02,
        "workers_comp": 0.02,
        "auto": 0.015,
        "military": 0.03,
        "other": 0.005,
    },
}
"""Payer class mix by the guarantor's age and hidden means."""


@dataclass(frozen=True, slots=True)
class Coverages:
    """One entry per account: indexes of the primary and secondary payer (or MISSING), and the `coverages` rows."""

    payer: Integers
    secondary: Integers
    rows: EventLog
    qualified: Integers
    """One entry per guarantor: 1 if Medicaid pays the Medicare cost share (QMB)."""


def assign_coverage(people: People, visits: Visits, seed: int, as_of: int) -> Coverages:
    """Assign payers to each account and record the coverages."""
    rng = stream(seed, "coverage")
    first = _draw_payers(rng, people, lost=np.zeros(people.size, dtype=bool))
    second = _draw_payers(rng, people, lost=happens(rng, 0.5, people.size))
    changes = happens(rng, 0.14, people.size) & (people.age < 65)
    changed_on = np.where(changes, as_of - between(rng, 1, HISTORY_DAYS, people.size), np.iinfo(np.int32).max)
    changed = changed_on[visits.guarantor]
    payer = np.where(visits.opened < changed, first[visits.guarantor], second[visits.guarantor])
    payer = _move_to_new_payer(rng, payer, visits, as_of)
    classes = payer_class_index(payer)
    medicare = classes == CLASSES.index("medicare")
    supplement = payers_in_class("commercial")[3]
    helped = happens(rng, 0.72, people.size)[visits.guarantor]
    secondary = np.where(medicare & helped, supplement, MISSING)
    qualified = happens(rng, np.where(people.ability < -0.6, 0.35, 0.02), people.size)
    on_medicaid = qualified[visits.guarantor] & medicare
    secondary = np.where(on_medicaid, payers_in_class("medicaid")[0], secondary)
    rows = EventLog(dict.fromkeys(("account", "payer", "priority", "known", "ended"), "int32"))
    account = np.arange(visits.size)
    insured = payer != SELF_PAY
    ended = np.where((changed > visits.opened) & (changed < as_of) & insured, changed, MISSING)
    listed = insured | happens(rng, 0.9, visits.size)
    rows.add(account=account[listed], payer=payer[listed], priority=1, known=visits.opened[listed], ended=ended[listed])
    has_secondary = secondary != MISSING
    known_on = visits.opened + np.where(happens(rng, 0.3, visits.size), between(rng, 1, 20, visits.size), 0)
    rows.add(
        account=account[has_secondary],
        payer=secondary[has_secondary],
        priority=2,
        known=known_on[has_secondary],
        ended=MISSING,
    )
    is_qualified = np.zeros(people.size, dtype=np.int64)
    is_qualified[visits.guarantor[on_medicaid]] = 1
    return Coverages(payer=payer, secondary=secondary, rows=rows, qualified=is_qualified)


def payer_class_index(payer: Integers) -> Integers:
    """Return the index of each payer's class."""
    return np.array([CLASSES.index(p.payer_class) for p in PAYERS], dtype=np.int64)[payer]


def _draw_payers(rng: np.random.Generator, people: People, *, lost: Booleans) -> Integers:
    means = np.where(people.ability < -0.7, 1, np.where(people.ability < 0.6, 2, 3))
    row = np.where(people.age >= 65, 0, means)
    weights: Floats = np.array([[mix.get(name, 0.0) for name in CLASSES] for mix in MIX.values()])
    classes = pick_by_row(rng, weights, row)
    classes = np.where(lost & (people.age < 65), CLASSES.index("self_pay"), classes)
    payer = np.zeros(people.size, dtype=np.int64)
    for number, name in enumerate(CLASSES):
        here = np.flatnonzero(classes == number)
        choices = [c for c in payers_in_class(name) if PAYERS[c].starts_before is None]
        payer[here] = np.array(choices)[pick(rng, [PAYERS[c].share for c in choices], len(here))]
    return payer


def _move_to_new_payer(rng: np.random.Generator, payer: Integers, visits: Visits, as_of: int) -> Integers:
    """Move some employers to a new payer on its first day, so that monitoring has a drift to detect."""
    moved = payer.copy()
    employers = rng.random(visits.guarantor.max() + 1)[visits.guarantor]
    for number, new in enumerate(PAYERS):
        if new.starts_before is not None:
            same_class = payer_class_index(payer) == CLASSES.index(new.payer_class)
            moved[same_class & (employers < new.share) & (visits.opened >= as_of - new.starts_before)] = number
    return moved

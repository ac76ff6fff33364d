"""Bankruptcy, death, attorney representation, and cease-contact requests. The hospital learns of them later."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from payrank.extracts.contract.tables import KNOWN_FLAGS
from payrank.features.arrays import Floats
from payrank.simulator.patients.balances import NEVER, Journal
from payrank.simulator.population.people import People
from payrank.simulator.population.visits import HISTORY_DAYS, Visits
from payrank.simulator.randomness import Integers, between, happens, sigmoid, stream

FLAG = {name: number for number, name in enumerate(KNOWN_FLAGS)}
STOPS_PAYMENT = ("bankruptcy", "deceased", "attorney", "litigation")


@dataclass(frozen=True, slots=True)
class Hardship:
    """One entry per guarantor: the true day on which payments stop, and the day from which contact is not allowed."""

    stops: Integers
    silent: Integers


def draw_hardships(
    people: People, visits: Visits, qualified: Integers, *, journal: Journal, seed: int, as_of: int
) -> Hardship:
    """Draw the hardships of all guarantors and flag them on the day the hospital learns of them."""
    rng = stream(seed, "hardship")
    size = people.size
    first_visit = np.full(size, NEVER, dtype=np.int64)
    np.minimum.at(first_visit, visits.guarantor, visits.opened)
    chances: dict[str, Floats] = {
        "bankruptcy": sigmoid(-4.6 - 0.6 * people.ability),
        "deceased": sigmoid(-5.6 + 0.055 * (people.age - 50)),
        "attorney": np.full(size, 0.006),
        "litigation": np.full(size, 0.003),
    }
    stops = np.full(size, NEVER, dtype=np.int64)
    for name in STOPS_PAYMENT:
        hit = np.flatnonzero(happens(rng, chances[name], size))
        day = as_of - between(rng, 1, HISTORY_DAYS, len(hit))
        stops[hit] = np.minimum(stops[hit], day)
        known = day + between(rng, 2, 60, len(hit))
        rows = _flag(journal, name, hit, known)
        ended = happens(rng, 0.0 if name == "deceased" else 0.2, len(hit))
        journal.flag_ends.add(row=rows[ended], day=known[ended] + between(rng, 90, 400, int(ended.sum())))
    silent = np.full(size, NEVER, dtype=np.int64)
    quiet = np.flatnonzero(happens(rng, sigmoid(-4.7 - 0.35 * people.willingness), size))
    silent[quiet] = np.maximum(first_visit[quiet] + between(rng, 20, 300, len(quiet)), as_of - HISTORY_DAYS)
    _flag(journal, "cease_contact", quiet, silent[quiet])
    child = np.flatnonzero((people.age < 18) & happens(rng, 0.85, size))
    _flag(journal, "minor", child, first_visit[child] + between(rng, 0, 40, len(child)))
    poor = np.flatnonzero(qualified == 1)
    _flag(
        journal,
        "qmb",
        poor,
        first_visit[poor] + np.where(happens(rng, 0.7, len(poor)), 0, between(rng, 1, 90, len(poor))),
    )
    return Hardship(stops=stops, silent=silent)


def _flag(journal: Journal, name: str, guarantor: Integers, known: Integers) -> Integers:
    return journal.flags.add(of_account=np.zeros(len(guarantor)), subject=guarantor, flag=FLAG[name], known=known)

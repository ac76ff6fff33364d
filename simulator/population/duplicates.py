"""One person under two guarantor numbers: registered anew at a visit, found out later or never, and merged."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from payrank.simulator.event_log import MISSING
from payrank.simulator.population.people import People
from payrank.simulator.population.visits import Visits
from payrank.simulator.randomness import Integers, between, happens, stream

SHARE = 0.012
"""Share of later accounts of a guarantor that are registered under a new number."""


@dataclass(frozen=True, slots=True)
class Duplicates:
    """One entry a second number: the account registered under it, the person, and the day on which both are merged.

    After the merger the account stands under the person's own number; what was written down before keeps the old one.
    The numbers follow those of the people.
    """

    people: int
    account: Integers
    guarantor: Integers
    merged: Integers

    @property
    def size(self) -> int:
        """How many second numbers there are."""
        return len(self.account)

    def name_guarantors(self, account: Integers, guarantor: Integers, day: Integers | int) -> Integers:
        """Return the guarantor number of rows that were written down on a day (or days)."""
        if not self.size:
            return guarantor
        place = np.minimum(np.searchsorted(self.account, account), self.size - 1)
        second = (self.account[place] == account) & (self.merged[place] > day)
        return np.where(second, self.people + place, guarantor)

    def persons(self) -> Integers:
        """Return the person behind each number, second numbers included."""
        return np.concatenate([np.arange(self.people), self.guarantor])


def draw_duplicates(people: People, visits: Visits, seed: int) -> Duplicates:
    """Draw the accounts that were registered under a second number, in order of the account."""
    rng = stream(seed, "duplicates")
    seen = np.full(people.size, MISSING, dtype=np.int64)
    # Accounts stand in order of their opening day: the first of a person is the one that stands under the own number.
    seen[visits.guarantor[::-1]] = np.arange(visits.size)[::-1]
    again = seen[visits.guarantor] != np.arange(visits.size)
    account = np.flatnonzero(again & happens(rng, SHARE, visits.size))
    merged = visits.opened[account] + between(rng, 20, 700, len(account))
    return Duplicates(people.size, account, visits.guarantor[account], merged)

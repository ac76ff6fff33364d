"""One person with two guarantor numbers: registered again at a visit, and merged later or never."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from payrank.simulator.event_log import MISSING
from payrank.simulator.population.people import People
from payrank.simulator.population.visits import Visits
from payrank.simulator.randomness import Integers, between, happens, stream

SHARE = 0.012
"""Share of a guarantor's later accounts that are registered under a new number."""


@dataclass(frozen=True, slots=True)
class Duplicates:
    """One entry per duplicate number: the account registered under it, the person, and the merge date.

    After the merge, the account belongs to the person's original number, but earlier rows keep the duplicate number.
    Duplicate numbers follow the people's own numbers.
    """

    people: int
    account: Integers
    guarantor: Integers
    merged: Integers

    @property
    def size(self) -> int:
        """Number of duplicate numbers."""
        return len(self.account)

    def name_guarantors(self, account: Integers, guarantor: Integers, day: Integers | int) -> Integers:
        """Return the guarantor number of rows recorded on the given day or days."""
        if not self.size:
            return guarantor
        place = np.minimum(np.searchsorted(self.account, account), self.size - 1)
        second = (self.account[place] == account) & (self.merged[place] > day)
        return np.where(second, self.people + place, guarantor)

    def persons(self) -> Integers:
        """Return the person behind each guarantor number, including duplicates."""
        return np.concatenate([np.arange(self.people), self.guarantor])


def draw_duplicates(people: People, visits: Visits, seed: int) -> Duplicates:
    """Draw the accounts that were registered under a duplicate number, sorted by account."""
    rng = stream(seed, "duplicates")
    seen = np.full(people.size, MISSING, dtype=np.int64)
    # Accounts are sorted by opening date, so a person's first account is the one under the original number.
    seen[visits.guarantor[::-1]] = np.arange(visits.size)[::-1]
    again = seen[visits.guarantor] != np.arange(visits.size)
    account = np.flatnonzero(again & happens(rng, SHARE, visits.size))
    merged = visits.opened[account] + between(rng, 20, 700, len(account))
    return Duplicates(people.size, account, visits.guarantor[account], merged)

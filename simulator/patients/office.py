"""The patient accounts office: its patients, its ledger, and its journal."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from payrank.simulator.ledger import Ledger
from payrank.simulator.patients.balances import Balances, Journal
from payrank.simulator.patients.behavior import CYCLE_DAYS
from payrank.simulator.patients.hardship import Hardship
from payrank.simulator.population.people import People
from payrank.simulator.randomness import Integers


@dataclass(frozen=True, slots=True)
class Office:
    """What every patient module needs: random draws, people, the ledger, and the journal."""

    rng: np.random.Generator
    people: People
    hardship: Hardship
    ledger: Ledger
    journal: Journal
    as_of: int


@dataclass(frozen=True, slots=True)
class StatementCycle:
    """One statement cycle of some balances.

    `entries` index `balances`, and `number` counts cycles from each balance's own start.
    """

    balances: Balances
    entries: Integers
    number: int

    @property
    def size(self) -> int:
        """Number of balances."""
        return len(self.entries)

    @property
    def account(self) -> Integers:
        """Account of each balance."""
        return self.balances.account[self.entries]

    @property
    def guarantor(self) -> Integers:
        """Guarantor of each balance."""
        return self.balances.guarantor[self.entries]

    @property
    def start(self) -> Integers:
        """Day on which the cycle starts."""
        return self.balances.start[self.entries] + CYCLE_DAYS * self.number

    @property
    def owed(self) -> Integers:
        """Cents owed at the time of the call."""
        return self.balances.owed[self.entries]

    @property
    def age(self) -> Integers:
        """Statement cycles since the balance opened."""
        return self.number - self.balances.opened[self.entries]

    @property
    def on_plan(self) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
        """Whether a payment plan is active."""
        return self.balances.on_plan[self.entries]

    def only(self, entries: Integers) -> StatementCycle:
        """Return the same cycle for these entries only."""
        return StatementCycle(self.balances, entries, self.number)

"""Patient balances as they move through statement cycles: the state that all patient modules share."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from payrank.simulator.event_log import MISSING, EventLog
from payrank.simulator.patients.behavior import CYCLE_DAYS
from payrank.simulator.population.visits import Visits
from payrank.simulator.randomness import Booleans, Integers

OPEN, PAID, CHARITY, BAD_DEBT, SMALL = range(5)
NEVER = int(np.iinfo(np.int32).max)


@dataclass(slots=True)
class Balances:
    """One entry per account with a patient balance at any time. Money is in cents and days are day numbers.

    `opened` is the cycle in which the balance last opened. `paid` is the total paid in response to statements.
    `arrivals` maps a cycle to (entries, cents): transfers and returned payments that reach the balance at its start.
    """

    account: Integers
    guarantor: Integers
    start: Integers
    self_pay: Booleans
    setting: Integers
    owed: Integers
    paid: Integers
    pending: Integers
    on_plan: Booleans
    installment: Integers
    plan_row: Integers
    waiting_until: Integers
    waiting_row: Integers
    state: Integers
    opened: Integers
    placed: Booleans
    arrivals: dict[int, list[tuple[Integers, Integers]]] = field(default_factory=dict)

    @property
    def size(self) -> int:
        """Number of patient balances."""
        return len(self.account)

    def expect(self, entries: Integers, day: Integers, cents: Integers) -> None:
        """Add an amount owed at the first cycle that starts on or after `day`."""
        cycle = np.maximum(0, -(-(day - self.start[entries]) // CYCLE_DAYS))
        for number in np.unique(cycle):
            here = cycle == number
            self.arrivals.setdefault(int(number), []).append((entries[here], cents[here]))
        np.add.at(self.pending, entries, 1)

    def credit(self, account: Integers, day: Integers, cents: Integers) -> Booleans:
        """Apply deposits to the first amounts owed. Returns a mask of deposits whose account ever owes something."""
        entry = np.searchsorted(self.account, account)
        entry = np.minimum(entry, max(self.size - 1, 0))
        known: Booleans = self.account[entry] == account
        self.expect(entry[known], day[known], -cents[known])
        return known

    def receive(self, cycle: int) -> None:
        """Add the amounts that arrive in this cycle. New charges on a closed account reopen it."""
        for entries, cents in self.arrivals.pop(cycle, []):
            np.add.at(self.owed, entries, cents)
            np.subtract.at(self.pending, entries, 1)
            again = entries[np.isin(self.state[entries], (PAID, CHARITY, SMALL))]
            self.state[again] = OPEN
            self.opened[again] = cycle


@dataclass(frozen=True, slots=True)
class Journal:
    """What happens to patient balances: contacts, promises, plans, flags, coverage, and the true state of each cycle.

    Ends of plans and flags are separate rows because they happen later; `row` is the row that ends.
    """

    contacts: EventLog
    promises: EventLog
    plans: EventLog
    plan_ends: EventLog
    flags: EventLog
    flag_ends: EventLog
    coverages: EventLog
    cycles: EventLog


def open_journal() -> Journal:
    """Return an empty journal."""
    return Journal(
        contacts=EventLog(
            {
                "guarantor": "int32",
                "account": "int32",
                "day": "int32",
                "channel": "int8",
                "direction": "int8",
                "outcome": "int8",
            }
        ),
        promises=EventLog({"account": "int32", "made": "int32", "due": "int32", "cents": "int64"}),
        plans=EventLog({"account": "int32", "started": "int32", "cents": "int64"}),
        plan_ends=EventLog({"row": "int64", "day": "int32", "reason": "int8"}),
        flags=EventLog({"of_account": "int8", "subject": "int32", "flag": "int8", "known": "int32"}),
        flag_ends=EventLog({"row": "int64", "day": "int32"}),
        coverages=EventLog(dict.fromkeys(("account", "payer", "priority", "known", "ended"), "int32")),
        cycles=EventLog(
            {
                "account": "int32",
                "day": "int32",
                "age": "int8",
                "cents": "int64",
                "chance": "float64",
                "called": "int32",
                "arm": "int8",
                "promise": "int8",
                "on_plan": "int8",
                "waiting": "int8",
            }
        ),
    )


def open_balances(visits: Visits, self_pay: Booleans, transfers: dict[str, Integers]) -> Balances:
    """Open a patient balance for every account with a transfer."""
    accounts = visits.size
    first = np.full(accounts, NEVER, dtype=np.int64)
    np.minimum.at(first, transfers["account"], transfers["day"])
    account = np.flatnonzero(first < NEVER)
    entry = np.full(accounts, MISSING, dtype=np.int64)
    entry[account] = np.arange(len(account))
    size = len(account)
    balances = Balances(
        account=account,
        guarantor=visits.guarantor[account],
        start=first[account],
        self_pay=self_pay[account],
        setting=visits.patient_class[account],
        owed=np.zeros(size, dtype=np.int64),
        paid=np.zeros(size, dtype=np.int64),
        pending=np.zeros(size, dtype=np.int64),
        on_plan=np.zeros(size, dtype=bool),
        installment=np.zeros(size, dtype=np.int64),
        plan_row=np.full(size, MISSING, dtype=np.int64),
        waiting_until=np.full(size, MISSING, dtype=np.int64),
        waiting_row=np.full(size, MISSING, dtype=np.int64),
        state=np.full(size, OPEN, dtype=np.int64),
        opened=np.zeros(size, dtype=np.int64),
        placed=np.zeros(size, dtype=bool),
    )
    balances.expect(entry[transfers["account"]], transfers["day"], transfers["cents"])
    return balances

"""Financial assistance: patients who cannot pay apply, and weeks later some are approved and adjusted off."""

from __future__ import annotations

import numpy as np

from payrank.features.arrays import Floats
from payrank.simulator.event_log import MISSING
from payrank.simulator.ledger import PATIENT
from payrank.simulator.patients.balances import CHARITY, NEVER, OPEN
from payrank.simulator.patients.hardship import FLAG
from payrank.simulator.patients.office import Office, StatementCycle
from payrank.simulator.randomness import Booleans, Integers, between, happens, sigmoid

MIN_BALANCE = 10_000
"""Minimum balance, in cents, for an application."""
LAST_AGE = 4
"""Last statement cycle in which patients apply."""
FULL_SHARE = 0.7
"""Share of approvals that cover the full balance; the rest cover half."""


def application_chance(balance: Integers, ability: Floats, self_pay: Booleans) -> Floats:
    """Return the probability of an application in a cycle, given the balance in cents."""
    size = np.log10(np.maximum(balance, 100) / 100.0)
    return np.where(balance >= MIN_BALANCE, sigmoid(-4.4 - 0.9 * ability + 0.7 * (size - 2.7) + 0.9 * self_pay), 0.0)


def approval_chance(ability: Floats) -> Floats:
    """Return the probability that an application is approved: highest for patients with the least ability to pay."""
    return sigmoid(0.6 - 1.0 * ability)


def apply_for_charity(office: Office, cycle: StatementCycle) -> None:
    """Let some patients apply in this cycle. The hospital knows of the application when it arrives."""
    rng, balances = office.rng, cycle.balances
    chance = application_chance(cycle.owed, office.people.ability[cycle.guarantor], balances.self_pay[cycle.entries])
    idle: Booleans = ~cycle.on_plan & (balances.waiting_until[cycle.entries] == MISSING)
    applies = idle & (cycle.age <= LAST_AGE) & happens(rng, chance, cycle.size)
    entries = cycle.entries[applies]
    known = cycle.start[applies] + between(rng, 20, 29, len(entries))
    balances.waiting_row[entries] = office.journal.flags.add(
        of_account=np.ones(len(entries)), subject=balances.account[entries], flag=FLAG["charity_pending"], known=known
    )
    balances.waiting_until[entries] = known + between(rng, 20, 75, len(entries))


def decide_charity(office: Office, cycle: StatementCycle) -> None:
    """Decide the applications that are due before this cycle. Most patients with low ability to pay are approved."""
    rng, balances = office.rng, cycle.balances
    until = balances.waiting_until[cycle.entries]
    due = cycle.entries[(until != MISSING) & (until <= cycle.start)]
    day = balances.waiting_until[due]
    office.journal.flag_ends.add(row=balances.waiting_row[due], day=day)
    balances.waiting_until[due] = np.where(balances.state[due] == OPEN, MISSING, NEVER)
    means = office.people.ability[balances.guarantor[due]]
    approved = happens(rng, approval_chance(means), len(due)) & (balances.owed[due] > 0)
    granted, when = due[approved], day[approved]
    cents = balances.owed[granted] * np.where(happens(rng, FULL_SHARE, len(granted)), 100, 50) // 100
    some = cents > 0
    office.ledger.post(
        "charity_adjustment", balances.account[granted][some], when[some], -cents[some], responsibility=PATIENT
    )
    balances.owed[granted] -= cents
    office.journal.flags.add(
        of_account=np.ones(len(granted)), subject=balances.account[granted], flag=FLAG["charity_approved"], known=when
    )
    balances.state[granted] = np.where(balances.owed[granted] == 0, CHARITY, OPEN)

"""Financial assistance: those who cannot pay apply; weeks later some are approved and the balance is taken off."""

from __future__ import annotations

import numpy as np

from payrank.simulator.ledger import PATIENT
from payrank.simulator.patients.balances import CHARITY, NEVER, OPEN
from payrank.simulator.patients.hardship import FLAG
from payrank.simulator.patients.office import Office, Turn
from payrank.simulator.randomness import Booleans, Floats, Integers, between, happens, sigmoid
from payrank.simulator.rows import MISSING

SMALLEST_BALANCE = 10_000
"""Cents below which nobody applies."""
LAST_AGE = 4
"""Statement cycle after which nobody applies."""
ALL_OF_IT = 0.7
"""Share of approvals that take the whole balance; the others take half."""


def application_chance(balance: Integers, ability: Floats, self_pay: Booleans) -> Floats:
    """Return the chance that assistance with a balance (cents) is applied for in a cycle."""
    size = np.log10(np.maximum(balance, 100) / 100.0)
    return np.where(
        balance >= SMALLEST_BALANCE, sigmoid(-4.4 - 0.9 * ability + 0.7 * (size - 2.7) + 0.9 * self_pay), 0.0
    )


def approval_chance(ability: Floats) -> Floats:
    """Return the chance that an application is approved: those who have least, mostly."""
    return sigmoid(0.6 - 1.0 * ability)


def apply_for_charity(office: Office, turn: Turn) -> None:
    """Let some apply in this cycle; the application is known when it comes in."""
    rng, balances = office.rng, turn.balances
    chance = application_chance(turn.owed, office.people.ability[turn.guarantor], balances.self_pay[turn.now])
    idle: Booleans = ~turn.on_plan & (balances.waiting_until[turn.now] == MISSING)
    applies = idle & (turn.age <= LAST_AGE) & happens(rng, chance, turn.size)
    entries = turn.now[applies]
    known = turn.start[applies] + between(rng, 20, 29, len(entries))
    balances.waiting_row[entries] = office.journal.flags.add(
        of_account=np.ones(len(entries)), subject=balances.account[entries], flag=FLAG["charity_pending"], known=known
    )
    balances.waiting_until[entries] = known + between(rng, 20, 75, len(entries))


def decide_charity(office: Office, turn: Turn) -> None:
    """Decide the applications whose day came before this cycle: approve most of those who have least."""
    rng, balances = office.rng, turn.balances
    until = balances.waiting_until[turn.now]
    due = turn.now[(until != MISSING) & (until <= turn.start)]
    day = balances.waiting_until[due]
    office.journal.flag_ends.add(row=balances.waiting_row[due], day=day)
    balances.waiting_until[due] = np.where(balances.state[due] == OPEN, MISSING, NEVER)
    means = office.people.ability[balances.guarantor[due]]
    approved = happens(rng, approval_chance(means), len(due)) & (balances.owed[due] > 0)
    given, when = due[approved], day[approved]
    cents = balances.owed[given] * np.where(happens(rng, ALL_OF_IT, len(given)), 100, 50) // 100
    some = cents > 0
    office.ledger.post(
        "charity_adjustment", balances.account[given][some], when[some], -cents[some], responsibility=PATIENT
    )
    balances.owed[given] -= cents
    office.journal.flags.add(
        of_account=np.ones(len(given)), subject=balances.account[given], flag=FLAG["charity_approved"], known=when
    )
    balances.state[given] = np.where(balances.owed[given] == 0, CHARITY, OPEN)

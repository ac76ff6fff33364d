"""Financial assistance: those who cannot pay apply; weeks later some are approved and the balance is taken off."""

from __future__ import annotations

import numpy as np

from extracts.simulator.balances import CHARITY, NEVER, OPEN
from extracts.simulator.hardship import FLAG
from extracts.simulator.ledger import PATIENT
from extracts.simulator.office import Office, Turn
from extracts.simulator.randomness import Booleans, between, happens, sigmoid
from extracts.simulator.rows import MISSING


def apply_for_charity(office: Office, turn: Turn) -> None:
    """Let some apply in this cycle; the application is known when it comes in."""
    rng, balances = office.rng, turn.balances
    size = np.log10(np.maximum(turn.owed, 100) / 100.0)
    ability = office.people.ability[turn.guarantor]
    chance = sigmoid(-4.4 - 0.9 * ability + 0.7 * (size - 2.7) + 0.9 * balances.self_pay[turn.now])
    idle: Booleans = ~turn.on_plan & (balances.waiting_until[turn.now] == MISSING)
    applies = idle & (turn.age <= 4) & (turn.owed >= 10000) & happens(rng, chance, turn.size)
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
    approved = happens(rng, sigmoid(0.6 - 1.0 * means), len(due)) & (balances.owed[due] > 0)
    given, when = due[approved], day[approved]
    cents = balances.owed[given] * np.where(happens(rng, 0.7, len(given)), 100, 50) // 100
    some = cents > 0
    office.ledger.post(
        "charity_adjustment", balances.account[given][some], when[some], -cents[some], responsibility=PATIENT
    )
    balances.owed[given] -= cents
    office.journal.flags.add(
        of_account=np.ones(len(given)), subject=balances.account[given], flag=FLAG["charity_approved"], known=when
    )
    balances.state[given] = np.where(balances.owed[given] == 0, CHARITY, OPEN)

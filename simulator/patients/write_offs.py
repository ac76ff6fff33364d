"""How unpaid balances end: small-balance write-offs, bad debt, agency placement, and agency recoveries."""

from __future__ import annotations

import numpy as np

from payrank.features.arrays import Floats
from payrank.simulator.event_log import MISSING
from payrank.simulator.ledger import PATIENT, Ledger
from payrank.simulator.patients.balances import BAD_DEBT, OPEN, SMALL, Balances
from payrank.simulator.patients.behavior import part_scale
from payrank.simulator.patients.hardship import FLAG
from payrank.simulator.patients.office import Office, StatementCycle
from payrank.simulator.randomness import Integers, between, happens

RECOVERED = 0.005
"""Probability per cycle that the agency collects something on a bad-debt balance."""
MIN_RECOVERED = 2000
"""Minimum balance, in cents, on which the agency collects."""
RECOVERED_PART = (0.05, 0.6)
"""Minimum and maximum share of a balance that the agency collects, before the scale of partial payments."""
RECOVERED_CENTS = (1000, 60_000)
"""Minimum and maximum cents per recovery. Patients who could not pay a large bill rarely pay most of it later."""


def bad_debt_chance(age: Integers) -> Floats:
    """Return the probability that a balance of this age becomes bad debt at the start of the cycle: from day 120 on."""
    return np.select([age < 4, age == 4], [0.0, 0.55], 0.8)


def write_off_balances(office: Office, cycle: StatementCycle) -> StatementCycle:
    """Write off and place the balances that are due at the start of a cycle. Returns the balances still open."""
    rng, balances = office.rng, cycle.balances
    small = (cycle.age >= 2) & (cycle.owed < 1000) & happens(rng, 0.5, cycle.size)
    lost = cycle.start[small] + between(rng, 0, 3, int(small.sum()))
    _write_off(balances, cycle.entries[small], lost, "small_balance_write_off", office.ledger)
    balances.state[cycle.entries[small]] = SMALL
    balances.owed[cycle.entries[small]] = 0
    settled = (
        ~small
        & ~cycle.on_plan
        & (balances.waiting_until[cycle.entries] == MISSING)
        & (balances.pending[cycle.entries] == 0)
    )
    old = settled & happens(rng, bad_debt_chance(cycle.age), cycle.size)
    day = cycle.start[old] + between(rng, 0, 3, int(old.sum()))
    entries = cycle.entries[old]
    _write_off(balances, entries, day, "bad_debt_write_off", office.ledger)
    balances.state[entries] = BAD_DEBT
    _place(office, balances, entries, day)
    cycle = cycle.only(cycle.entries[balances.state[cycle.entries] == OPEN])
    # A few accounts go to an early-out agency before they are written off.
    early = (cycle.age >= 3) & ~cycle.on_plan & happens(rng, 0.05, cycle.size)
    _place(office, balances, cycle.entries[early], cycle.start[early])
    return cycle


def recover_bad_debt(office: Office, cycle: StatementCycle) -> None:
    """Let the agency collect a little of the bad debt. The write-off is reversed for the amount paid."""
    rng, balances, ledger = office.rng, cycle.balances, office.ledger
    hit = happens(rng, RECOVERED, cycle.size) & (cycle.owed >= MIN_RECOVERED)
    entries = cycle.entries[hit]
    day = cycle.start[hit] + between(rng, 1, 29, len(entries))
    scale = part_scale(balances.owed[entries])
    part = np.floor(balances.owed[entries] * scale * rng.uniform(*RECOVERED_PART, len(entries))).astype(np.int64)
    cents = np.clip(part, *RECOVERED_CENTS)
    ledger.post("bad_debt_write_off", balances.account[entries], day, cents, responsibility=PATIENT)
    ledger.post("patient_payment", balances.account[entries], day, -cents, responsibility=PATIENT)
    balances.owed[entries] -= cents


def _write_off(balances: Balances, entries: Integers, day: Integers, kind: str, ledger: Ledger) -> None:
    ledger.post(kind, balances.account[entries], day, -balances.owed[entries], responsibility=PATIENT)


def _place(office: Office, balances: Balances, entries: Integers, day: Integers) -> None:
    fresh = ~balances.placed[entries]
    placed = entries[fresh]
    known = day[fresh] + between(office.rng, 3, 21, len(placed))
    office.journal.flags.add(
        of_account=np.ones(len(placed)), subject=balances.account[placed], flag=FLAG["agency_placed"], known=known
    )
    balances.placed[placed] = True

"""Late coverage: some self-pay patients turn out to have Medicaid, and their balances go back to a payer."""

from __future__ import annotations

import numpy as np

from payrank.features.arrays import Floats
from payrank.simulator.event_log import MISSING
from payrank.simulator.ledger import INSURANCE, PATIENT
from payrank.simulator.patients.balances import PAID
from payrank.simulator.patients.office import Office, StatementCycle
from payrank.simulator.population.payers import PAYERS, payers_in_class
from payrank.simulator.randomness import between, happens, sigmoid

MEDICAID = payers_in_class("medicaid")[0]


LAST_AGE = 3
"""Last statement cycle in which staff search for coverage."""


def late_coverage_chance(ability: Floats) -> Floats:
    """Return the probability, per cycle, that a self-pay patient turns out to have Medicaid."""
    return sigmoid(-4.0 - 0.7 * ability)


def find_late_coverage(office: Office, cycle: StatementCycle) -> None:
    """Transfer the balances of some self-pay patients to Medicaid, which pays its rate some weeks later.

    Earlier patient payments are refunded.
    """
    rng, balances, ledger = office.rng, cycle.balances, office.ledger
    ability = office.people.ability[cycle.guarantor]
    poor = balances.self_pay[cycle.entries] & ~cycle.on_plan & (cycle.owed > 0) & (cycle.age <= LAST_AGE)
    covered = poor & happens(rng, late_coverage_chance(ability), cycle.size)
    entries, account = cycle.entries[covered], cycle.account[covered]
    known = cycle.start[covered] + between(rng, 20, 29, len(entries))
    cents = balances.owed[entries]
    office.journal.coverages.add(account=account, payer=MEDICAID, priority=1, known=known, ended=MISSING)
    ledger.post("transfer", account, known, -cents, responsibility=PATIENT, payer=MEDICAID)
    ledger.post("transfer", account, known, cents, responsibility=INSURANCE, payer=MEDICAID)
    allowed = np.floor(cents * PAYERS[MEDICAID].rate).astype(np.int64)
    paid_on = known + between(rng, 20, 60, len(entries))
    for kind, amount in (("insurance_payment", -allowed), ("contractual_adjustment", allowed - cents)):
        some = amount != 0
        ledger.post(kind, account[some], paid_on[some], amount[some], responsibility=INSURANCE, payer=MEDICAID)
    back = balances.paid[entries] > 0
    refunded = known[back] + between(rng, 30, 90, int(back.sum()))
    ledger.post("refund", account[back], refunded, balances.paid[entries[back]], responsibility=PATIENT)
    balances.owed[entries] = 0
    balances.paid[entries] = 0
    balances.state[entries] = PAID

"""Coverage found late: some who came without insurance turn out to have Medicaid, and the bill goes back to a payer."""

from __future__ import annotations

import numpy as np

from payrank.simulator.event_log import MISSING
from payrank.simulator.ledger import INSURANCE, PATIENT
from payrank.simulator.patients.balances import PAID
from payrank.simulator.patients.office import Office, StatementCycle
from payrank.simulator.population.payers import PAYERS, payers_in_class
from payrank.simulator.randomness import Floats, between, happens, sigmoid

MEDICAID = payers_in_class("medicaid")[0]


LAST_AGE = 3
"""Statement cycle after which nobody looks for coverage any more."""


def late_coverage_chance(ability: Floats) -> Floats:
    """Return the chance that a self-pay patient turns out to have Medicaid in a cycle."""
    return sigmoid(-4.0 - 0.7 * ability)


def find_late_coverage(office: Office, cycle: StatementCycle) -> None:
    """Move what some self-pay patients still owe to Medicaid, which pays its rate some weeks later.

    What they had paid until then is refunded.
    """
    rng, balances, ledger = office.rng, cycle.balances, office.ledger
    ability = office.people.ability[cycle.guarantor]
    poor = balances.self_pay[cycle.entries] & ~cycle.on_plan & (cycle.owed > 0) & (cycle.age <= LAST_AGE)
    found = poor & happens(rng, late_coverage_chance(ability), cycle.size)
    entries, account = cycle.entries[found], cycle.account[found]
    known = cycle.start[found] + between(rng, 20, 29, len(entries))
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

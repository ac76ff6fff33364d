"""Point-of-service payments: copays and deposits paid on the service date, before the patient balance is known."""

from __future__ import annotations

import numpy as np

from payrank.simulator.claims.claims import Claims
from payrank.simulator.ledger import PATIENT, Ledger
from payrank.simulator.population.coverage import Coverages
from payrank.simulator.population.payers import SELF_PAY
from payrank.simulator.population.people import People
from payrank.simulator.population.visits import Visits
from payrank.simulator.randomness import Integers, between, happens, sigmoid, stream


def take_deposits(
    people: People, visits: Visits, covered: Coverages, claims: Claims, *, ledger: Ledger, seed: int
) -> tuple[Integers, Integers, Integers]:
    """Post deposits and return them as (account, day, cents). They remain a credit until the balance transfers."""
    rng = stream(seed, "deposits")
    share = np.zeros(visits.size, dtype=np.int64)
    np.add.at(share, claims.account, claims.share)
    alone = covered.payer == SELF_PAY
    requested = np.where(
        alone, visits.charges // 5, np.minimum(share, rng.choice([2000, 3000, 5000, 15000], visits.size))
    )
    able = people.ability[visits.guarantor]
    pays = happens(rng, np.where(alone, sigmoid(-1.9 + 0.8 * able), sigmoid(-2.4 + 0.5 * able)), visits.size)
    account = np.flatnonzero(pays & (requested >= 500))
    cents = requested[account] // 500 * 500
    ledger.post("patient_payment", account, visits.service[account], -cents, responsibility=PATIENT)
    return account, visits.service[account], cents


def refund_deposits(account: Integers, day: Integers, cents: Integers, *, ledger: Ledger, seed: int) -> None:
    """Refund most deposits (account, day, cents) of accounts that never owed anything; the rest remain credits."""
    rng = stream(seed, "deposits refunded")
    refunded = happens(rng, 0.85, len(account))
    refunded_on = day[refunded] + between(rng, 120, 330, int(refunded.sum()))
    ledger.post("refund", account[refunded], refunded_on, cents[refunded], responsibility=PATIENT)

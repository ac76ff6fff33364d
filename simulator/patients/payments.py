"""Payments in one cycle: whether, how much, and when. Includes promises, bounced checks, and duplicate payments."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from payrank.features.arrays import Floats
from payrank.simulator.ledger import PATIENT, Ledger
from payrank.simulator.patients.balances import PAID
from payrank.simulator.patients.behavior import (
    CYCLE_DAYS,
    PART,
    after_conversation,
    after_promise,
    after_refusal,
    full_payment_chance,
    installment_chance,
    part_scale,
)
from payrank.simulator.patients.contacts import CallResults
from payrank.simulator.patients.office import Office, StatementCycle
from payrank.simulator.randomness import Integers, between, happens, sigmoid

MIN_PAYMENT = 1000
"""Minimum payment in cents."""
MEAN_WAIT_DAYS = 7.0
"""Mean days from a statement to the payment it brings."""


@dataclass(frozen=True, slots=True)
class CyclePayments:
    """Payments in one cycle, one entry per balance: cents (0 if no payment) and the posting day."""

    cents: Integers
    day: Integers


def chance_of_payment(office: Office, cycle: StatementCycle, log_odds: Floats, reached: CallResults) -> Floats:
    """Return each balance's payment probability in this cycle, after the cycle's calls."""
    after_call = np.select(
        [reached.promise, reached.refusal, reached.spoke],
        [after_promise(log_odds), after_refusal(log_odds), after_conversation(log_odds)],
        log_odds,
    )
    people, guarantor = office.people, cycle.guarantor
    by_plan = installment_chance(people.ability[guarantor], people.willingness[guarantor])
    return np.where(cycle.on_plan, by_plan, sigmoid(after_call))


def take_payments(office: Office, cycle: StatementCycle, chance: Floats, reached: CallResults) -> CyclePayments:
    """Draw and post the cycle's payments, and record the promises that precede them."""
    rng, size, owed = office.rng, cycle.size, cycle.owed
    offer = _offer(office, cycle)
    last = cycle.start + CYCLE_DAYS - 1
    due = reached.day + between(rng, 5, 10, size)
    made = reached.promise
    office.journal.promises.add(account=cycle.account[made], made=reached.day[made], due=due[made], cents=offer[made])
    wait = 1 + np.floor(rng.exponential(MEAN_WAIT_DAYS, size)).astype(np.int64)
    # A payment always falls within its own cycle. Otherwise the next statement would reveal a future payment.
    day = np.where(reached.spoke, reached.day + 1 + wait // 3, cycle.start + wait)
    day = np.where(made, due + between(rng, -3, 2, size), day)
    day = np.where(cycle.on_plan, cycle.start + between(rng, 0, 6, size), day)
    day = np.minimum(day, last)
    pays = happens(rng, chance, size) & (owed > 0)
    cents = np.where(pays, offer, 0)
    _post(office, cycle, CyclePayments(cents, day))
    cycle.balances.owed[cycle.entries] -= cents
    cycle.balances.paid[cycle.entries] += cents
    cycle.balances.state[cycle.entries[pays & (cycle.owed == 0)]] = PAID
    return CyclePayments(cents, day)


def _offer(office: Office, cycle: StatementCycle) -> Integers:
    """Return the amount a payment would have, in cents: the full balance, a rounded part, or an installment."""
    rng, owed = office.rng, cycle.owed
    full = happens(rng, full_payment_chance(owed, office.people.ability[cycle.guarantor]), cycle.size)
    part = np.floor(owed * part_scale(owed) * rng.beta(*PART, cycle.size)).astype(np.int64) // 500 * 500
    offer = np.where(full, owed, np.minimum(np.maximum(part, MIN_PAYMENT), owed))
    return np.where(cycle.on_plan, np.minimum(cycle.balances.installment[cycle.entries], owed), offer)


def _post(office: Office, cycle: StatementCycle, paid: CyclePayments) -> None:
    rng, ledger = office.rng, office.ledger
    positive = paid.cents > 0
    account, cents, day = cycle.account[positive], paid.cents[positive], paid.day[positive]
    size = len(account)
    effective = day - np.where(happens(rng, 0.3, size), between(rng, 1, 4, size), 0)
    rows = ledger.post("patient_payment", account, day, -cents, responsibility=PATIENT, effective=effective)
    bounced = happens(rng, 0.01, size)
    back = (day + between(rng, 4, 12, size))[bounced]
    ledger.post(
        "patient_payment", account[bounced], back, cents[bounced], responsibility=PATIENT, reverses=rows[bounced]
    )
    cycle.balances.expect(cycle.entries[positive][bounced], back, cents[bounced])
    cycle.balances.paid[cycle.entries[positive][bounced]] -= cents[bounced]
    _pay_twice(rng, account[~bounced], day[~bounced], cents[~bounced], ledger)


def _pay_twice(rng: np.random.Generator, account: Integers, day: Integers, cents: Integers, ledger: Ledger) -> None:
    """Let a few patients pay both online and by mail. The credit balance is usually refunded weeks later."""
    twice = happens(rng, 0.005, len(account))
    again = (day + between(rng, 1, 6, len(day)))[twice]
    ledger.post("patient_payment", account[twice], again, -cents[twice], responsibility=PATIENT)
    refunded = happens(rng, 0.8, len(again))
    refunded_on = (again + between(rng, 25, 90, len(again)))[refunded]
    ledger.post("refund", account[twice][refunded], refunded_on, cents[twice][refunded], responsibility=PATIENT)

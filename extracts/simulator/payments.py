"""Payments of one cycle: whether, how much and on which day; promises kept or broken, checks that bounce, paid twice."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from extracts.simulator.balances import PAID, Balances, Journal
from extracts.simulator.behaviour import CYCLE_DAYS, installment_chance, pays_in_full, promised, refused, spoken_to
from extracts.simulator.contacts import Reached
from extracts.simulator.ledger import PATIENT, Ledger
from extracts.simulator.people import People
from extracts.simulator.randomness import Booleans, Floats, Integers, between, happens, sigmoid

SMALLEST_PAYMENT = 1000
"""Cents."""


@dataclass(frozen=True, slots=True)
class Paid:
    """Payments of one cycle, one entry a balance of the cycle: cents (0: nothing came) and day posted."""

    cents: Integers
    day: Integers


def chance_of_payment(balances: Balances, now: Integers, log_odds: Floats, reached: Reached, people: People) -> Floats:
    """Return each balance's chance of a payment in this cycle, after the calls of the cycle."""
    guarantor = balances.guarantor[now]
    said = np.select(
        [reached.promise, reached.refusal, reached.spoke],
        [promised(log_odds), refused(log_odds), spoken_to(log_odds)],
        log_odds,
    )
    by_plan = installment_chance(people.ability[guarantor], people.willingness[guarantor])
    return np.where(balances.on_plan[now], by_plan, sigmoid(said))


def take_payments(
    rng: np.random.Generator,
    balances: Balances,
    now: Integers,
    cycle: int,
    chance: Floats,
    reached: Reached,
    people: People,
    ledger: Ledger,
    journal: Journal,
) -> Paid:
    """Draw and post the payments of the balances `now`, and write down the promises made before them."""
    size = len(now)
    owed = balances.owed[now]
    start = balances.start[now] + CYCLE_DAYS * cycle
    full = happens(rng, pays_in_full(owed, people.ability[balances.guarantor[now]]), size)
    part = np.floor(owed * rng.beta(1.4, 3.6, size)).astype(np.int64) // 500 * 500
    offer = np.where(full, owed, np.minimum(np.maximum(part, SMALLEST_PAYMENT), owed))
    offer = np.where(balances.on_plan[now], np.minimum(balances.installment[now], owed), offer)
    due = reached.day + between(rng, 5, 10, size)
    made = reached.promise
    journal.promises.add(account=balances.account[now[made]], made=reached.day[made], due=due[made], cents=offer[made])
    wait = np.minimum(1 + np.floor(rng.exponential(9.0, size)).astype(np.int64), CYCLE_DAYS - 1)
    day = start + wait
    day = np.where(reached.spoke, np.minimum(reached.day + 1 + wait // 3, start + CYCLE_DAYS - 1), day)
    day = np.where(made, np.minimum(due + between(rng, -3, 2, size), start + CYCLE_DAYS - 1), day)
    day = np.where(balances.on_plan[now], start + between(rng, 0, 6, size), day)
    pays = happens(rng, chance, size) & (owed > 0)
    cents = np.where(pays, offer, 0)
    _post(rng, balances, now, Paid(cents, day), ledger)
    balances.owed[now] -= cents
    cleared = pays & (balances.owed[now] == 0)
    balances.state[now[cleared]] = PAID
    return Paid(cents, day)


def _post(rng: np.random.Generator, balances: Balances, now: Integers, paid: Paid, ledger: Ledger) -> None:
    came = paid.cents > 0
    entries, cents, day = now[came], paid.cents[came], paid.day[came]
    account = balances.account[entries]
    size = len(entries)
    effective = day - np.where(happens(rng, 0.3, size), between(rng, 1, 4, size), 0)
    rows = ledger.post("patient_payment", account, day, -cents, responsibility=PATIENT, effective=effective)
    bounced = happens(rng, 0.01, size)
    back = (day + between(rng, 4, 12, size))[bounced]
    ledger.post(
        "patient_payment", account[bounced], back, cents[bounced], responsibility=PATIENT, reverses=rows[bounced]
    )
    balances.expect(entries[bounced], back, cents[bounced])
    _pay_twice(rng, account[~bounced], day[~bounced], cents[~bounced], ledger)


def _pay_twice(rng: np.random.Generator, account: Integers, day: Integers, cents: Integers, ledger: Ledger) -> None:
    """Let a few patients pay online and by mail: a credit balance, mostly refunded weeks later."""
    twice = happens(rng, 0.005, len(account))
    again = (day + between(rng, 1, 6, len(day)))[twice]
    ledger.post("patient_payment", account[twice], again, -cents[twice], responsibility=PATIENT)
    refunded: Booleans = happens(rng, 0.8, len(again))
    on = (again + between(rng, 25, 90, len(again)))[refunded]
    ledger.post("refund", account[twice][refunded], on, cents[twice][refunded], responsibility=PATIENT)

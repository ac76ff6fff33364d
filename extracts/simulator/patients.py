"""The patient's side, cycle after cycle: endings, statements and calls, payments, plans, applications, in causal order."""

from __future__ import annotations

import numpy as np

from extracts.simulator.balances import OPEN, Balances, Journal
from extracts.simulator.behaviour import CYCLE_DAYS, Debt, payment_log_odds
from extracts.simulator.contacts import contact_patients
from extracts.simulator.endings import apply_for_charity, end_balances, recover_bad_debt
from extracts.simulator.hardship import FLAG, Hardship
from extracts.simulator.ledger import Ledger
from extracts.simulator.payments import chance_of_payment, take_payments
from extracts.simulator.people import People
from extracts.simulator.plans import keep_plans
from extracts.simulator.randomness import Integers, between, happens, stream
from extracts.simulator.rows import MISSING


def follow_patients(
    balances: Balances, people: People, hardship: Hardship, ledger: Ledger, journal: Journal, seed: int, as_of: int
) -> None:
    """Walk every patient balance through its statement cycles until `as_of`.

    A cycle never looks beyond its own days: nothing that happens later can be read from an earlier row.
    """
    rng = stream(seed, "patients")
    cycles = 1 + (as_of - int(balances.start.min(initial=as_of))) // CYCLE_DAYS
    for cycle in range(cycles):
        balances.receive(cycle)
        alive = (balances.state == OPEN) & (balances.owed > 0) & (balances.start + CYCLE_DAYS * cycle < as_of)
        recover_bad_debt(rng, balances, cycle, as_of, ledger)
        now = end_balances(rng, balances, np.flatnonzero(alive), cycle, people, ledger, journal)
        if len(now) == 0:
            continue
        debt = debt_at(balances, now, cycle, people, hardship)
        log_odds = payment_log_odds(debt)
        reached = contact_patients(rng, balances, now, cycle, log_odds, people, hardship, journal)
        chance = chance_of_payment(balances, now, log_odds, reached, people)
        journal.cycles.add(
            account=balances.account[now], day=debt.day, cycle=debt.cycle, cents=debt.balance, chance=chance
        )
        paid = take_payments(rng, balances, now, cycle, chance, reached, people, ledger, journal)
        keep_plans(rng, balances, now, cycle, paid, journal)
        still = now[(balances.state[now] == OPEN) & (balances.owed[now] > 0)]
        apply_for_charity(rng, balances, still, cycle, people, journal)
        _dispute(rng, balances, still, cycle, journal)


def debt_at(balances: Balances, now: Integers, cycle: int, people: People, hardship: Hardship) -> Debt:
    """Return what the chance of a payment depends on at the start of a cycle."""
    guarantor = balances.guarantor[now]
    day = balances.start[now] + CYCLE_DAYS * cycle
    return Debt(
        ability=people.ability[guarantor],
        willingness=people.willingness[guarantor],
        self_pay=balances.self_pay[now],
        stopped=hardship.stops[guarantor] <= day,
        balance=balances.owed[now].copy(),
        cycle=balances.age(now, cycle),
        day=day,
        waiting=balances.waiting_until[now] != MISSING,
    )


def _dispute(rng: np.random.Generator, balances: Balances, now: Integers, cycle: int, journal: Journal) -> None:
    """Open a dispute of the bill now and then; most are settled within months."""
    entries = now[happens(rng, 0.004, len(now))]
    known = balances.start[entries] + CYCLE_DAYS * cycle + between(rng, 18, 29, len(entries))
    rows = journal.flags.add(
        of_account=np.ones(len(entries)), subject=balances.account[entries], flag=FLAG["dispute"], known=known
    )
    settled = happens(rng, 0.7, len(entries))
    journal.flag_ends.add(row=rows[settled], day=known[settled] + between(rng, 15, 120, int(settled.sum())))

"""Simulate patients cycle by cycle, in causal order: write-offs, contacts, payments, plans, and applications."""

from __future__ import annotations

import numpy as np

from payrank.simulator.event_log import MISSING
from payrank.simulator.patients.balances import BAD_DEBT, OPEN, Balances
from payrank.simulator.patients.behavior import CYCLE_DAYS, Debt, payment_log_odds
from payrank.simulator.patients.charity import apply_for_charity, decide_charity
from payrank.simulator.patients.contacts import CHANNEL, DIRECTION, OUTCOME, contact_patients
from payrank.simulator.patients.hardship import FLAG
from payrank.simulator.patients.late_coverage import find_late_coverage
from payrank.simulator.patients.office import Office, StatementCycle
from payrank.simulator.patients.payments import chance_of_payment, take_payments
from payrank.simulator.patients.plans import update_plans
from payrank.simulator.patients.write_offs import recover_bad_debt, write_off_balances
from payrank.simulator.randomness import between, happens


def simulate_patients(office: Office, balances: Balances) -> None:
    """Take every patient balance through its statement cycles up to the as-of date.

    A cycle depends only on days up to its own end, so earlier rows never reveal later events.
    """
    first = int(balances.start.min(initial=office.as_of))
    for number in range(1 + (office.as_of - first) // CYCLE_DAYS):
        balances.receive(number)
        begun = balances.start + CYCLE_DAYS * number < office.as_of
        recover_bad_debt(office, StatementCycle(balances, np.flatnonzero(begun & (balances.state == BAD_DEBT)), number))
        cycle = StatementCycle(balances, np.flatnonzero(begun & (balances.state == OPEN) & (balances.owed > 0)), number)
        decide_charity(office, cycle)
        cycle = write_off_balances(office, cycle.only(cycle.entries[balances.state[cycle.entries] == OPEN]))
        _simulate_cycle(office, cycle)


def _simulate_cycle(office: Office, cycle: StatementCycle) -> None:
    """Simulate the contacts, payments, plans, and applications of one cycle."""
    balances = cycle.balances
    debt = debt_at(office, cycle)
    log_odds = payment_log_odds(debt)
    reached = contact_patients(office, cycle, log_odds)
    chance = chance_of_payment(office, cycle, log_odds, reached)
    office.journal.cycles.add(
        account=cycle.account,
        day=debt.day,
        age=debt.age,
        cents=debt.balance,
        chance=chance,
        called=reached.day,
        arm=reached.arm,
        promise=reached.promise,
        on_plan=cycle.on_plan,
        waiting=debt.waiting,
    )
    paid = take_payments(office, cycle, chance, reached)
    update_plans(office, cycle, paid)
    still = cycle.only(cycle.entries[(balances.state[cycle.entries] == OPEN) & (cycle.owed > 0)])
    apply_for_charity(office, still)
    _dispute(office, still)
    find_late_coverage(office, still.only(still.entries[balances.waiting_until[still.entries] == MISSING]))


def debt_at(office: Office, cycle: StatementCycle) -> Debt:
    """Return the inputs of the payment probability at the start of a cycle."""
    guarantor = cycle.guarantor
    return Debt(
        ability=office.people.ability[guarantor],
        willingness=office.people.willingness[guarantor],
        self_pay=cycle.balances.self_pay[cycle.entries],
        setting=cycle.balances.setting[cycle.entries],
        stopped=office.hardship.stops[guarantor] <= cycle.start,
        balance=cycle.owed,
        age=cycle.age,
        day=cycle.start,
        waiting=cycle.balances.waiting_until[cycle.entries] != MISSING,
    )


def _dispute(office: Office, cycle: StatementCycle) -> None:
    """Let a few patients dispute a bill. Most disputes are settled within months."""
    rng = office.rng
    chosen = happens(rng, 0.004, cycle.size)
    account = cycle.account[chosen]
    known = cycle.start[chosen] + between(rng, 18, 29, len(account))
    rows = office.journal.flags.add(
        of_account=np.ones(len(account)), subject=account, flag=FLAG["dispute"], known=known
    )
    office.journal.contacts.add(
        guarantor=cycle.guarantor[chosen],
        account=account,
        day=known,
        channel=CHANNEL["call"],
        direction=DIRECTION["in"],
        outcome=OUTCOME["dispute"],
    )
    settled = happens(rng, 0.7, len(account))
    office.journal.flag_ends.add(row=rows[settled], day=known[settled] + between(rng, 15, 120, int(settled.sum())))

"""The patient's side, cycle after cycle and in causal order: endings, contacts, payments, plans, applications."""

from __future__ import annotations

import numpy as np

from payrank.simulator.patients.balances import BAD_DEBT, OPEN, Balances
from payrank.simulator.patients.behavior import CYCLE_DAYS, Debt, payment_log_odds
from payrank.simulator.patients.charity import apply_for_charity, decide_charity
from payrank.simulator.patients.contacts import CHANNEL, DIRECTION, OUTCOME, contact_patients
from payrank.simulator.patients.eligibility import find_coverage
from payrank.simulator.patients.endings import end_balances, recover_bad_debt
from payrank.simulator.patients.hardship import FLAG
from payrank.simulator.patients.office import Office, Turn
from payrank.simulator.patients.payments import chance_of_payment, take_payments
from payrank.simulator.patients.plans import keep_plans
from payrank.simulator.randomness import between, happens
from payrank.simulator.rows import MISSING


def follow_patients(office: Office, balances: Balances) -> None:
    """Walk every patient balance through its statement cycles until the office's as-of day.

    A cycle never looks beyond its own days: nothing that happens later can be read from an earlier row.
    """
    first = int(balances.start.min(initial=office.as_of))
    for cycle in range(1 + (office.as_of - first) // CYCLE_DAYS):
        balances.receive(cycle)
        begun = balances.start + CYCLE_DAYS * cycle < office.as_of
        recover_bad_debt(office, Turn(balances, np.flatnonzero(begun & (balances.state == BAD_DEBT)), cycle))
        turn = Turn(balances, np.flatnonzero(begun & (balances.state == OPEN) & (balances.owed > 0)), cycle)
        decide_charity(office, turn)
        turn = end_balances(office, turn.only(turn.now[balances.state[turn.now] == OPEN]))
        _live_through(office, turn)


def _live_through(office: Office, turn: Turn) -> None:
    """Contact, payment, plan and application of one cycle."""
    balances = turn.balances
    debt = debt_at(office, turn)
    log_odds = payment_log_odds(debt)
    reached = contact_patients(office, turn, log_odds)
    chance = chance_of_payment(office, turn, log_odds, reached)
    office.journal.cycles.add(
        account=turn.account,
        day=debt.day,
        age=debt.age,
        cents=debt.balance,
        chance=chance,
        called=reached.day,
        arm=reached.arm,
        promise=reached.promise,
        on_plan=turn.on_plan,
        waiting=debt.waiting,
    )
    paid = take_payments(office, turn, chance, reached)
    keep_plans(office, turn, paid)
    still = turn.only(turn.now[(balances.state[turn.now] == OPEN) & (turn.owed > 0)])
    apply_for_charity(office, still)
    _dispute(office, still)
    find_coverage(office, still.only(still.now[balances.waiting_until[still.now] == MISSING]))


def debt_at(office: Office, turn: Turn) -> Debt:
    """Return what the chance of a payment depends on at the start of a cycle."""
    guarantor = turn.guarantor
    return Debt(
        ability=office.people.ability[guarantor],
        willingness=office.people.willingness[guarantor],
        self_pay=turn.balances.self_pay[turn.now],
        setting=turn.balances.setting[turn.now],
        stopped=office.hardship.stops[guarantor] <= turn.start,
        balance=turn.owed,
        age=turn.age,
        day=turn.start,
        waiting=turn.balances.waiting_until[turn.now] != MISSING,
    )


def _dispute(office: Office, turn: Turn) -> None:
    """Open a dispute of the bill now and then; most are settled within months."""
    rng = office.rng
    chosen = happens(rng, 0.004, turn.size)
    account = turn.account[chosen]
    known = turn.start[chosen] + between(rng, 18, 29, len(account))
    rows = office.journal.flags.add(
        of_account=np.ones(len(account)), subject=account, flag=FLAG["dispute"], known=known
    )
    office.journal.contacts.add(
        guarantor=turn.guarantor[chosen],
        account=account,
        day=known,
        channel=CHANNEL["call"],
        direction=DIRECTION["in"],
        outcome=OUTCOME["dispute"],
    )
    settled = happens(rng, 0.7, len(account))
    office.journal.flag_ends.add(row=rows[settled], day=known[settled] + between(rng, 15, 120, int(settled.sum())))

"""The truth that an extract hides: each open balance's chance of a payment, each appeal's chance of an overturn.

A model can be measured against it, and the best possible AUC on a snapshot follows from it. No loader reads it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from extracts.simulator.behaviour import (
    CYCLE_DAYS,
    Debt,
    installment_chance,
    payment_log_odds,
    promise_chance,
    promised,
    refused,
    spoken_to,
)
from extracts.simulator.contacts import call_chance, refusal_chance
from extracts.simulator.coverage import Covered
from extracts.simulator.endings import bad_debt_chance
from extracts.simulator.hospital import Hospital
from extracts.simulator.ledger import KINDS
from extracts.simulator.payers import SELF_PAY
from extracts.simulator.payments import MEAN_WAIT_DAYS
from extracts.simulator.people import People
from extracts.simulator.plans import BREAKS
from extracts.simulator.randomness import Booleans, Floats, Integers, sigmoid
from extracts.simulator.rows import MISSING, keep


@dataclass(frozen=True, slots=True)
class PaymentTruth:
    """One entry an account in a statement cycle on the day: chance of any payment within the horizon."""

    account: Integers
    probability: Floats


def payment_truth(hospital: Hospital, day: int, horizon: int = 120) -> PaymentTruth:
    """Return the chance of a payment in [day, day + horizon) given all that happened before `day`.

    Neglected: new transfers, applications for assistance and bounced payments within the horizon, and the smaller
    balance that a payment already made in the running cycle leaves.
    """
    rows = hospital.journal.cycles.collect()
    rows = keep(rows, (rows["day"] < day) & (rows["day"] + CYCLE_DAYS >= day))
    elapsed = day - rows["day"].astype(np.int64)
    spoke = (rows["called"] != MISSING) & (rows["called"] < day)
    since = day - rows["called"].astype(np.int64)
    chance = np.zeros(len(elapsed))
    on_plan = _on_plan(hospital, day)[rows["account"]]
    paid = _last_payment(hospital, day)[rows["account"]] >= rows["day"]
    planned, free = np.where(on_plan, 1.0, 0.0), np.where(on_plan, 0.0, 1.0)
    for ahead in range(horizon // CYCLE_DAYS + 1):
        debt = _debt(hospital, rows, ahead)
        installment = installment_chance(debt.ability, debt.willingness)
        arrives = _marginal(debt)
        if ahead == 0:
            known = np.where(spoke, rows["chance"], arrives)
            arrives = _rest(known, _arrived(elapsed, since, spoke, rows["promise"] == 1))
            # One payment a cycle: after it, the next falls into the next cycle.
            arrives = np.where(paid, 0.0, arrives)
            installment = np.where(paid, 0.0, _rest(installment, np.clip(elapsed / 7, 0, 1)))
        else:
            free = free * (1 - bad_debt_chance(debt.age) * ~debt.waiting)
        if ahead == horizon // CYCLE_DAYS:
            reached = np.clip(elapsed + horizon - CYCLE_DAYS * ahead, 0, CYCLE_DAYS)
            arrives = arrives * _waited(reached)
            installment = installment * np.clip(reached / 7, 0, 1)
        chance += planned * installment + free * arrives
        missed = planned * (1 - installment)
        breaks = np.where(paid & (ahead == 0), 0.0, BREAKS)
        free = free * (1 - arrives) + breaks * missed
        planned = (1 - breaks) * missed
    return PaymentTruth(rows["account"].astype(np.int64), np.clip(chance, 0, 1))


def overturn_truth(hospital: Hospital) -> Floats:
    """Return the chance of an overturn of each denial's first appeal as filed (NaN: never), by denial number."""
    return hospital.outcomes.overturn_odds


def _last_payment(hospital: Hospital, day: int) -> Integers:
    """Return the day of each account's last payment before the day (MISSING: none)."""
    ledger = hospital.ledger
    payment = (ledger["kind"] == KINDS.index("patient_payment")) & (ledger["cents"] < 0) & (ledger["posted"] < day)
    last = np.full(hospital.visits.size, MISSING, dtype=np.int64)
    np.maximum.at(last, ledger["account"][payment], ledger["posted"][payment].astype(np.int64))
    return last


def _on_plan(hospital: Hospital, day: int) -> Booleans:
    """Return whether a payment plan of each account runs on the day."""
    plans, ends = hospital.journal.plans.collect(), hospital.journal.plan_ends.collect()
    runs = plans["started"] < day
    runs[ends["row"][ends["day"] < day]] = False
    running = np.zeros(hospital.visits.size, dtype=bool)
    running[plans["account"][runs]] = True
    return running


def _debt(hospital: Hospital, rows: dict[str, Integers], ahead: int) -> Debt:
    people: People = hospital.people
    covered: Covered = hospital.covered
    guarantor = hospital.visits.guarantor[rows["account"]]
    start = rows["day"].astype(np.int64) + CYCLE_DAYS * ahead
    return Debt(
        ability=people.ability[guarantor],
        willingness=people.willingness[guarantor],
        self_pay=covered.payer[rows["account"]] == SELF_PAY,
        stopped=hospital.hardship.stops[guarantor] <= rows["day"],
        balance=rows["cents"],
        age=rows["age"].astype(np.int64) + ahead,
        day=start,
        waiting=rows["waiting"] == 1,
    )


def _marginal(debt: Debt) -> Floats:
    """Return the chance of a payment in a cycle before it is known whether anyone will be spoken to."""
    log_odds = payment_log_odds(debt)
    reach = sigmoid(-0.9 + 0.45 * debt.willingness)
    spoken = call_chance(debt.balance, debt.age) * (1 - (1 - reach) ** 2)
    promise = promise_chance(log_odds)
    refusal = (1 - promise) * refusal_chance(debt.willingness)
    after = promise * sigmoid(promised(log_odds)) + refusal * sigmoid(refused(log_odds))
    after = after + (1 - promise - refusal) * sigmoid(spoken_to(log_odds))
    return np.asarray((1 - spoken) * sigmoid(log_odds) + spoken * after)


def _waited(days: Integers) -> Floats:
    """Return the share of a cycle's payments that came within so many days of its statement."""
    share = 1 - np.exp(-np.maximum(days - 1, 0) / MEAN_WAIT_DAYS)
    return np.where(days >= CYCLE_DAYS, 1.0, share)


def _arrived(elapsed: Integers, since: Integers, spoke: Booleans, promise: Booleans) -> Floats:
    after_call = 1 - np.exp(-3 * np.maximum(since - 1, 0) / MEAN_WAIT_DAYS)
    after_promise = np.clip((since - 2) / 10, 0, 1)
    return np.where(spoke, np.where(promise, after_promise, after_call), _waited(elapsed))


def _rest(chance: Floats, arrived: Floats) -> Floats:
    """Return the chance that a payment still comes in a cycle in which none came so far."""
    return np.asarray(chance * (1 - arrived) / np.maximum(1 - chance * arrived, 1e-9))

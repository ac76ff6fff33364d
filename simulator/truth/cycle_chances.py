"""Probabilities for one statement cycle of a patient balance: still open, called, and paid."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from payrank.features.arrays import Floats
from payrank.simulator.patients.behavior import (
    CYCLE_DAYS,
    PART,
    Debt,
    after_conversation,
    after_promise,
    after_refusal,
    part_scale,
    payment_log_odds,
    promise_chance,
)
from payrank.simulator.patients.charity import FULL_SHARE, LAST_AGE, application_chance, approval_chance
from payrank.simulator.patients.contacts import RANDOM_SLICE, call_chance, refusal_chance
from payrank.simulator.patients.late_coverage import LAST_AGE as LAST_SEARCH
from payrank.simulator.patients.late_coverage import late_coverage_chance
from payrank.simulator.patients.payments import MEAN_WAIT_DAYS, MIN_PAYMENT
from payrank.simulator.patients.plans import BREAKS, NOTICED
from payrank.simulator.patients.write_offs import (
    MIN_RECOVERED,
    RECOVERED,
    RECOVERED_CENTS,
    RECOVERED_PART,
    bad_debt_chance,
)
from payrank.simulator.randomness import Booleans, Integers, sigmoid

PLAN_DAYS = 7
"""Days from the start of a cycle within which an installment arrives."""
MEAN_PART = PART[0] / sum(PART)
DECIDED_AHEAD = 2
"""Cycles until a pending application is usually decided."""


@dataclass(frozen=True, slots=True)
class AccountSnapshot:
    """State of accounts on a day within a statement cycle, one entry per account. Money is in cents.

    `elapsed` is days since the cycle's statement. `since` is days since the conversation (where `spoke`), and `chance`
    is the payment probability after that conversation. `paid` means that the cycle's payment has arrived.
    """

    debt: Debt
    reach: Floats
    callable: Booleans
    elapsed: Integers
    spoke: Booleans
    since: Integers
    promise: Booleans
    chance: Floats
    paid: Booleans
    on_plan: Booleans
    installment: Integers


def project_debt(debt: Debt, owed: Floats, ahead: int, waiting: Booleans) -> Debt:
    """Return the debt a number of cycles ahead, when `owed` cents are still open."""
    return Debt(
        ability=debt.ability,
        willingness=debt.willingness,
        self_pay=debt.self_pay,
        setting=debt.setting,
        stopped=debt.stopped,
        balance=np.rint(owed).astype(np.int64),
        age=debt.age + ahead,
        day=debt.day + CYCLE_DAYS * ahead,
        waiting=waiting,
    )


def chance_called(debt: Debt, call: bool | None) -> Floats:
    """Return the probability that staff call in a cycle."""
    if call is not None:
        return np.full(len(debt.balance), float(call))
    return np.asarray(RANDOM_SLICE / 2 + (1 - RANDOM_SLICE) * call_chance(debt.balance, debt.age))


def chance_bad_debt(debt: Debt) -> Floats:
    """Return the probability that a balance becomes bad debt at the start of a cycle."""
    return np.asarray(bad_debt_chance(debt.age) * ~debt.waiting)


def chance_open(debt: Debt, ahead: int, waited: Booleans) -> Floats:
    """Return the probability that a balance is still open at a cycle: not bad debt, charity, or Medicaid."""
    stays = 1 - chance_bad_debt(debt)
    asks = np.where(debt.age <= LAST_AGE + 1, application_chance(debt.balance, debt.ability, debt.self_pay), 0.0)
    stays = stays * (1 - ~waited * asks * approval_chance(debt.ability))
    if ahead == DECIDED_AHEAD:
        stays = stays * (1 - waited * approval_chance(debt.ability) * FULL_SHARE)
    covered = debt.self_pay & (debt.age <= LAST_SEARCH + 1)
    return np.asarray(stays * (1 - covered * late_coverage_chance(debt.ability)))


def chance_recovered(owed: Floats, share: Integers) -> Floats:
    """Return the probability that the agency collects on bad debt within `share` days of a cycle."""
    within = np.clip((share - 1) / (CYCLE_DAYS - 1), 0, 1)
    return np.where(owed >= MIN_RECOVERED, RECOVERED * within, 0.0)


def mean_recovered(owed: Floats) -> Floats:
    """Return the mean agency recovery in cents."""
    part = owed * part_scale(np.rint(owed).astype(np.int64)) * sum(RECOVERED_PART) / 2
    return np.minimum(np.clip(part, *RECOVERED_CENTS), owed)


def mean_part(owed: Floats) -> Floats:
    """Return the mean partial payment in cents: rounded down to $5, at least $10, at most the balance."""
    part = owed * part_scale(np.rint(owed).astype(np.int64)) * MEAN_PART - 250
    return np.minimum(np.maximum(part, MIN_PAYMENT), owed)


def chance_in_cycle(debt: Debt, spoken: Floats) -> Floats:
    """Return the payment probability in a cycle before the outcome of any call is known."""
    log_odds = payment_log_odds(debt)
    promise = promise_chance(log_odds)
    refusal = (1 - promise) * refusal_chance(debt.willingness)
    after = promise * sigmoid(after_promise(log_odds)) + refusal * sigmoid(after_refusal(log_odds))
    after = after + (1 - promise - refusal) * sigmoid(after_conversation(log_odds))
    return np.asarray((1 - spoken) * sigmoid(log_odds) + spoken * after)


def chance_remaining(snapshot: AccountSnapshot, marginal: Floats) -> Floats:
    """Return the probability that a payment still arrives in the current cycle, which has at most one payment."""
    chance = np.where(snapshot.spoke, snapshot.chance, marginal)
    return np.where(snapshot.paid, 0.0, _remaining(chance, _arrived(snapshot)))


def installment_in_cycle(snapshot: AccountSnapshot, chance: Floats, ahead: int) -> Floats:
    """Return the probability of an installment in a cycle of an active plan, reduced for elapsed days in the current
    cycle.
    """
    if ahead:
        return chance
    return np.where(snapshot.paid, 0.0, _remaining(chance, np.clip(snapshot.elapsed / PLAN_DAYS, 0, 1)))


def chance_broken(snapshot: AccountSnapshot) -> Floats:
    """Return the probability that an active plan breaks in the current cycle."""
    first, last = NOTICED
    to_come = BREAKS * np.clip((last + 1 - snapshot.elapsed) / (last + 1 - first), 0, 1)
    return np.where(snapshot.paid, 0.0, to_come / (1 - BREAKS + to_come))


def arrived_share(days: Integers) -> Floats:
    """Return the share of a cycle's payments that arrive within the given days of its statement."""
    share = 1 - np.exp(-np.maximum(days - 1, 0) / MEAN_WAIT_DAYS)
    return np.where(days >= CYCLE_DAYS, 1.0, share)


def _arrived(snapshot: AccountSnapshot) -> Floats:
    """Return the share of the current cycle's payments that would have arrived by now."""
    after_call = 1 - np.exp(-3 * np.maximum(snapshot.since - 1, 0) / MEAN_WAIT_DAYS)
    after_promise = np.clip((snapshot.since - 2) / 10, 0, 1)
    return np.where(
        snapshot.spoke, np.where(snapshot.promise, after_promise, after_call), arrived_share(snapshot.elapsed)
    )


def _remaining(chance: Floats, arrived: Floats) -> Floats:
    """Return the probability of a payment in the rest of a cycle, given that none has arrived."""
    return np.asarray(chance * (1 - arrived) / np.maximum(1 - chance * arrived, 1e-9))

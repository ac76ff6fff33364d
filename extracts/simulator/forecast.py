"""What is to come of a patient balance: the chance of any payment and the dollars expected, cycle after cycle.

The rules are the simulator's own (`behaviour`, `contacts`, `plans`, `endings`, `charity`); here they are not drawn but
added up. Balances after partial payments stand at their means, so chances are exact but for that, and but for what is
neglected: new bills, bounced checks and bankruptcies within the horizon, and the agency's recoveries.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from extracts.simulator.behaviour import (
    CYCLE_DAYS,
    PART,
    Debt,
    installment_chance,
    part_scale,
    payment_log_odds,
    pays_in_full,
    promise_chance,
    promised,
    refused,
    spoken_to,
)
from extracts.simulator.charity import ALL_OF_IT, LAST_AGE, application_chance, approval_chance
from extracts.simulator.contacts import RANDOM_SLICE, call_chance, refusal_chance, spoken_chance
from extracts.simulator.eligibility import LAST_AGE as LAST_SEARCH
from extracts.simulator.eligibility import found_chance
from extracts.simulator.endings import bad_debt_chance
from extracts.simulator.payments import MEAN_WAIT_DAYS, SMALLEST_PAYMENT
from extracts.simulator.plans import AGREED, BREAKS, INSTALLMENTS, SMALLEST_INSTALLMENT, SMALLEST_PLAN
from extracts.simulator.randomness import Booleans, Floats, Integers, sigmoid

FREE_STATES, PLAN_STATES = 3, 2
MEAN_INSTALLMENT = float(np.mean(1 / np.arange(INSTALLMENTS[0], INSTALLMENTS[1] + 1)))
"""Mean installment of a new plan as a part of what is owed."""
PLAN_DAYS = 7
"""Days from a cycle's start within which an installment comes."""
MEAN_PART = PART[0] / sum(PART)
DECIDED_AHEAD = 2
"""Cycles ahead at which an application that is pending now is usually decided."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How accounts stand on a day within a statement cycle, one entry an account. Money in cents.

    `elapsed` counts days since the cycle's statement, `since` days since its conversation (where `spoke`), `chance` is
    the chance of a payment that this conversation left. `paid` says that the cycle's payment has come.
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


@dataclass(frozen=True, slots=True)
class Forecast:
    """One entry an account: the chance of any payment within the horizon, and the cents expected."""

    probability: Floats
    cents: Floats


def forecast(now: Standing, horizon: int, call: bool | None = None) -> Forecast:
    """Add up what is to come within `horizon` days.

    Parameters
    ----------
    now
        How the accounts stand.
    horizon
        Days, from the day on which they stand so.
    call
        Whether staff call in the next statement cycle those who may be called; None: as the office works.
    """
    debt = now.debt
    size = len(now.elapsed)
    free = _Pool(np.zeros((FREE_STATES, size)), np.tile(debt.balance.astype(np.float64), (FREE_STATES, 1)))
    plan = _Pool(np.zeros((PLAN_STATES, size)), np.tile(debt.balance.astype(np.float64), (PLAN_STATES, 1)))
    free.mass[0], plan.mass[0] = ~now.on_plan, now.on_plan
    installments = np.stack([now.installment.astype(np.float64), np.zeros(size)])
    probability, cents = np.zeros(size), np.zeros(size)
    pays_plan = installment_chance(debt.ability, debt.willingness)
    for ahead in range(horizon // CYCLE_DAYS + 1):
        share = np.clip(now.elapsed + horizon - CYCLE_DAYS * ahead, 0, CYCLE_DAYS)
        waiting = debt.waiting & (ahead < DECIDED_AHEAD)
        new_free, new_plan = _Pool.like(free), _Pool.like(plan)
        fresh = np.zeros(size)
        for state in range(FREE_STATES):
            owed = free.balance[state]
            later = _later(debt, owed, ahead, waiting)
            called = np.where(now.callable, _calls(later, call if ahead == 1 else None), 0.0)
            mass = free.mass[state] * (_stays_open(later, ahead, debt.waiting) if ahead else 1.0)
            pays = _marginal(later, called * spoken_chance(now.reach))
            pays = (_first(now, pays) if ahead == 0 else pays) * _waited(share)
            full, part = pays_in_full(later.balance, debt.ability), _mean_part(owed)
            left = owed - part
            cents += mass * pays * (full * owed + (1 - full) * part)
            probability += mass * pays if state == 0 else 0.0
            rest = mass * pays * (1 - full)
            agreed = np.where(left >= SMALLEST_PLAN, AGREED, 0.0)
            new_free.add(state, mass * (1 - pays), owed)
            new_free.add(min(state + 1, FREE_STATES - 1), rest * (1 - agreed), left)
            new_plan.add(1, rest * agreed, left)
            fresh += rest * agreed * np.maximum(left * MEAN_INSTALLMENT, SMALLEST_INSTALLMENT)
        for state in range(PLAN_STATES):
            mass, owed = plan.mass[state], plan.balance[state]
            pays = _installment(now, pays_plan, ahead) * np.clip(share / PLAN_DAYS, 0, 1)
            pay = np.minimum(installments[state], owed)
            cents += mass * pays * pay
            probability += mass * pays if state == 0 else 0.0
            breaks = np.where(now.paid & (ahead == 0), 0.0, BREAKS)
            goes_on = owed > pay
            new_plan.add(1, mass * pays * goes_on, owed - pay)
            fresh += mass * pays * goes_on * installments[state]
            new_plan.add(state, mass * (1 - pays) * (1 - breaks), owed)
            fresh += mass * (1 - pays) * (1 - breaks) * installments[state] * (state == 1)
            new_free.add(0 if state == 0 else FREE_STATES - 1, mass * (1 - pays) * breaks, owed)
        installments[1] = fresh / np.maximum(new_plan.mass[1], 1e-12)
        free, plan = new_free, new_plan
    return Forecast(np.clip(probability, 0, 1), np.minimum(cents, debt.balance))


@dataclass(slots=True)
class _Pool:
    """Probability mass of some states, and the mean balance of each."""

    mass: Floats
    balance: Floats

    @classmethod
    def like(cls, other: _Pool) -> _Pool:
        return cls(np.zeros_like(other.mass), other.balance.copy())

    def add(self, state: int, mass: Floats, balance: Floats) -> None:
        total = self.mass[state] + mass
        some = total > 0
        mean = (self.mass[state] * self.balance[state] + mass * balance) / np.where(some, total, 1.0)
        self.balance[state] = np.where(some, mean, self.balance[state])
        self.mass[state] = total


def _later(debt: Debt, owed: Floats, ahead: int, waiting: Booleans) -> Debt:
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


def _calls(debt: Debt, call: bool | None) -> Floats:
    """Return the chance that staff call in a cycle."""
    if call is not None:
        return np.full(len(debt.balance), float(call))
    return np.asarray(RANDOM_SLICE / 2 + (1 - RANDOM_SLICE) * call_chance(debt.balance, debt.age))


def _stays_open(debt: Debt, ahead: int, waited: Booleans) -> Floats:
    """Return the chance that a balance reaches a cycle: not bad debt, nor taken over by charity or Medicaid."""
    stays = 1 - bad_debt_chance(debt.age) * ~debt.waiting
    asks = np.where(debt.age <= LAST_AGE + 1, application_chance(debt.balance, debt.ability, debt.self_pay), 0.0)
    stays = stays * (1 - ~waited * asks * approval_chance(debt.ability))
    if ahead == DECIDED_AHEAD:
        stays = stays * (1 - waited * approval_chance(debt.ability) * ALL_OF_IT)
    covered = debt.self_pay & (debt.age <= LAST_SEARCH + 1)
    return np.asarray(stays * (1 - covered * found_chance(debt.ability)))


def _mean_part(owed: Floats) -> Floats:
    """Return the mean of a partial payment in cents: rounded down to $5, at least $10, at most what is owed."""
    part = owed * part_scale(np.rint(owed).astype(np.int64)) * MEAN_PART - 250
    return np.minimum(np.maximum(part, SMALLEST_PAYMENT), owed)


def _marginal(debt: Debt, spoken: Floats) -> Floats:
    """Return the chance of a payment in a cycle before it is known whether anyone will be spoken to."""
    log_odds = payment_log_odds(debt)
    promise = promise_chance(log_odds)
    refusal = (1 - promise) * refusal_chance(debt.willingness)
    after = promise * sigmoid(promised(log_odds)) + refusal * sigmoid(refused(log_odds))
    after = after + (1 - promise - refusal) * sigmoid(spoken_to(log_odds))
    return np.asarray((1 - spoken) * sigmoid(log_odds) + spoken * after)


def _first(now: Standing, marginal: Floats) -> Floats:
    """Return the chance that a payment still comes in the running cycle. One payment a cycle: none after it."""
    chance = np.where(now.spoke, now.chance, marginal)
    return np.where(now.paid, 0.0, _rest(chance, _arrived(now)))


def _installment(now: Standing, chance: Floats, ahead: int) -> Floats:
    if ahead:
        return chance
    return np.where(now.paid, 0.0, _rest(chance, np.clip(now.elapsed / PLAN_DAYS, 0, 1)))


def _waited(days: Integers) -> Floats:
    """Return the share of a cycle's payments that came within so many days of its statement."""
    share = 1 - np.exp(-np.maximum(days - 1, 0) / MEAN_WAIT_DAYS)
    return np.where(days >= CYCLE_DAYS, 1.0, share)


def _arrived(now: Standing) -> Floats:
    """Return the share of the running cycle's payments that would have come by now."""
    after_call = 1 - np.exp(-3 * np.maximum(now.since - 1, 0) / MEAN_WAIT_DAYS)
    after_promise = np.clip((now.since - 2) / 10, 0, 1)
    return np.where(now.spoke, np.where(now.promise, after_promise, after_call), _waited(now.elapsed))


def _rest(chance: Floats, arrived: Floats) -> Floats:
    """Return the chance that a payment still comes in a cycle in which none came so far."""
    return np.asarray(chance * (1 - arrived) / np.maximum(1 - chance * arrived, 1e-9))

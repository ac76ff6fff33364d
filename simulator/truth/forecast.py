"""The true future of a patient balance: the probability of any payment and the expected dollars, cycle by cycle.

The rules are the simulator's own (`behavior`, `contacts`, `plans`, `write_offs`, `charity`), but probabilities are
propagated instead of drawn. Balances after partial payments are replaced by their means, so the result is exact up to
that approximation and up to events that are ignored: new bills, bounced checks, and bankruptcies within the horizon.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from payrank.features.arrays import Floats
from payrank.simulator.patients.behavior import CYCLE_DAYS, full_payment_chance, installment_chance
from payrank.simulator.patients.contacts import conversation_chance
from payrank.simulator.patients.plans import AGREED, BREAKS, INSTALLMENTS, MIN_INSTALLMENT, MIN_PLAN
from payrank.simulator.truth.cycle_chances import (
    DECIDED_AHEAD,
    PLAN_DAYS,
    AccountSnapshot,
    arrived_share,
    chance_bad_debt,
    chance_broken,
    chance_called,
    chance_in_cycle,
    chance_open,
    chance_recovered,
    chance_remaining,
    installment_in_cycle,
    mean_part,
    mean_recovered,
    project_debt,
)

FREE_STATES, PLAN_STATES = 3, 2
MEAN_INSTALLMENT = float(np.mean(1 / np.arange(INSTALLMENTS[0], INSTALLMENTS[1] + 1)))
"""Mean installment of a new plan as a share of the balance."""


@dataclass(frozen=True, slots=True)
class Forecast:
    """One entry per account: the probability of any payment within the horizon, and the expected cents."""

    probability: Floats
    cents: Floats


def forecast(snapshot: AccountSnapshot, horizon: int, call: bool | None = None, *, called_ahead: int = 1) -> Forecast:
    """Forecast payments within `horizon` days.

    Parameters
    ----------
    snapshot
        State of the accounts on a day.
    horizon
        Days from that day.
    call
        Whether staff call, in one statement cycle, the guarantors who may be called. None: as the office usually works.
    called_ahead
        Which cycle that is: 1 for the next, 0 for the current one, whose statement must be dated that day.
    """
    debt = snapshot.debt
    size = len(snapshot.elapsed)
    free = _Pool(np.zeros((FREE_STATES, size)), np.tile(debt.balance.astype(np.float64), (FREE_STATES, 1)))
    plan = _Pool(np.zeros((PLAN_STATES, size)), np.tile(debt.balance.astype(np.float64), (PLAN_STATES, 1)))
    free.mass[0], plan.mass[0] = ~snapshot.on_plan, snapshot.on_plan
    bad = _Pool.like(free)
    installments = np.stack([snapshot.installment.astype(np.float64), np.zeros(size)])
    probability, cents = np.zeros(size), np.zeros(size)
    pays_plan = installment_chance(debt.ability, debt.willingness)
    # State 0 of each pool has not paid yet, so only its payments add to the probability of any payment. The other
    # states have paid before and only add dollars.
    for ahead in range(horizon // CYCLE_DAYS + 1):
        share = np.clip(snapshot.elapsed + horizon - CYCLE_DAYS * ahead, 0, CYCLE_DAYS)
        waiting = debt.waiting & (ahead < DECIDED_AHEAD)
        new_free, new_plan = _Pool.like(free), _Pool.like(plan)
        fresh = np.zeros(size)
        recovered: Floats = bad.mass * chance_recovered(bad.balance, share)
        cents += (recovered * mean_recovered(bad.balance)).sum(axis=0)
        probability += recovered[0]
        bad.mass -= recovered
        for state in range(FREE_STATES):
            owed = free.balance[state]
            later = project_debt(debt, owed, ahead, waiting)
            called = np.where(snapshot.callable, chance_called(later, call if ahead == called_ahead else None), 0.0)
            mass = free.mass[state] * (chance_open(later, ahead, debt.waiting) if ahead else 1.0)
            if ahead:
                bad.add(state, free.mass[state] * chance_bad_debt(later), owed)
            pays = chance_in_cycle(later, called * conversation_chance(snapshot.reach))
            pays = (chance_remaining(snapshot, pays) if ahead == 0 else pays) * arrived_share(share)
            full, part = full_payment_chance(later.balance, debt.ability), mean_part(owed)
            left = owed - part
            cents += mass * pays * (full * owed + (1 - full) * part)
            probability += mass * pays if state == 0 else 0.0
            rest = mass * pays * (1 - full)
            agreed = np.where(left >= MIN_PLAN, AGREED, 0.0)
            new_free.add(state, mass * (1 - pays), owed)
            new_free.add(min(state + 1, FREE_STATES - 1), rest * (1 - agreed), left)
            new_plan.add(1, rest * agreed, left)
            fresh += rest * agreed * np.maximum(left * MEAN_INSTALLMENT, MIN_INSTALLMENT)
        for state in range(PLAN_STATES):
            mass, owed = plan.mass[state], plan.balance[state]
            pays = installment_in_cycle(snapshot, pays_plan, ahead) * np.clip(share / PLAN_DAYS, 0, 1)
            pay = np.minimum(installments[state], owed)
            cents += mass * pays * pay
            probability += mass * pays if state == 0 else 0.0
            breaks = chance_broken(snapshot) if ahead == 0 else np.full(size, BREAKS)
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
    """Probability mass of some states, and the mean balance in each."""

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

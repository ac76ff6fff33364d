"""Payment plans: agreed with a first installment, paid on, broken by a missed one, or paid off."""

from __future__ import annotations

import numpy as np

from extracts.simulator.balances import Balances, Journal
from extracts.simulator.behaviour import CYCLE_DAYS
from extracts.simulator.payments import Paid
from extracts.simulator.randomness import Integers, between, happens
from extracts.simulator.rows import MISSING

END_REASONS = ("paid in full", "missed installments")
SMALLEST_PLAN = 15000
"""Cents still owed."""


def keep_plans(
    rng: np.random.Generator, balances: Balances, now: Integers, cycle: int, paid: Paid, journal: Journal
) -> None:
    """End the plans that were paid off or missed in this cycle and agree new ones with a first payment."""
    size = len(now)
    start = balances.start[now] + CYCLE_DAYS * cycle
    running = balances.on_plan[now]
    done = running & (balances.owed[now] == 0)
    broken = running & (paid.cents == 0) & happens(rng, 0.6, size)
    journal.plan_ends.add(row=balances.plan_row[now[done]], day=paid.day[done], reason=0)
    journal.plan_ends.add(
        row=balances.plan_row[now[broken]], day=start[broken] + between(rng, 12, 29, int(broken.sum())), reason=1
    )
    stopped = now[done | broken]
    balances.on_plan[stopped] = False
    balances.plan_row[stopped] = MISSING
    agreed = ~running & (paid.cents > 0) & (balances.owed[now] >= SMALLEST_PLAN) & happens(rng, 0.5, size)
    entries = now[agreed]
    installment = np.maximum(2500, -(-balances.owed[entries] // between(rng, 4, 18, len(entries))))
    rows = journal.plans.add(account=balances.account[entries], started=paid.day[agreed], cents=installment)
    balances.on_plan[entries] = True
    balances.installment[entries] = installment
    balances.plan_row[entries] = rows

"""Payment plans: agreed with a first installment, paid on, broken by a missed one, or paid off."""

from __future__ import annotations

import numpy as np

from payrank.simulator.patients.office import Office, Turn
from payrank.simulator.patients.payments import Paid
from payrank.simulator.randomness import between, happens
from payrank.simulator.rows import MISSING

END_REASONS = ("paid in full", "missed installments")
SMALLEST_PLAN = 15000
"""Cents still owed."""
AGREED = 0.15
"""Share of partial payments that open a plan for the rest."""
INSTALLMENTS = (3, 10)
"""Fewest and most installments of a plan."""
SMALLEST_INSTALLMENT = 2500
"""Cents."""
BREAKS = 0.5
"""Share of missed installments that end the plan."""
NOTICED = (12, 29)
"""Fewest and most days of a cycle after which a plan that its missed installment ends is known to be broken."""


def keep_plans(office: Office, turn: Turn, paid: Paid) -> None:
    """End the plans that were paid off or missed in this cycle and agree new ones with a first payment."""
    rng, balances = office.rng, turn.balances
    running = turn.on_plan
    done = running & (turn.owed == 0)
    broken = running & (paid.cents == 0) & happens(rng, BREAKS, turn.size)
    ends = office.journal.plan_ends
    ends.add(row=balances.plan_row[turn.now[done]], day=paid.day[done], reason=0)
    noticed = turn.start[broken] + between(rng, *NOTICED, int(broken.sum()))
    ends.add(row=balances.plan_row[turn.now[broken]], day=noticed, reason=1)
    stopped = turn.now[done | broken]
    balances.on_plan[stopped] = False
    balances.plan_row[stopped] = MISSING
    agreed = ~running & (paid.cents > 0) & (turn.owed >= SMALLEST_PLAN) & happens(rng, AGREED, turn.size)
    entries = turn.now[agreed]
    installment = np.maximum(
        SMALLEST_INSTALLMENT, -(-balances.owed[entries] // between(rng, *INSTALLMENTS, len(entries)))
    )
    rows = office.journal.plans.add(account=turn.account[agreed], started=paid.day[agreed], cents=installment)
    balances.on_plan[entries] = True
    balances.installment[entries] = installment
    balances.plan_row[entries] = rows

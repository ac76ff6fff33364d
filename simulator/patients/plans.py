"""Payment plans: agreed with a first installment, paid on, broken by a missed one, or paid off."""

from __future__ import annotations

import numpy as np

from payrank.simulator.event_log import MISSING
from payrank.simulator.patients.office import Office, StatementCycle
from payrank.simulator.patients.payments import CyclePayments
from payrank.simulator.randomness import between, happens

END_REASONS = ("paid in full", "missed installments")
MIN_PLAN = 15000
"""Cents still owed."""
AGREED = 0.15
"""Share of partial payments that open a plan for the rest."""
INSTALLMENTS = (3, 10)
"""Fewest and most installments of a plan."""
MIN_INSTALLMENT = 2500
"""Cents."""
BREAKS = 0.5
"""Share of missed installments that end the plan."""
NOTICED = (12, 29)
"""Fewest and most days of a cycle after which a plan that its missed installment ends is known to be broken."""


def update_plans(office: Office, cycle: StatementCycle, paid: CyclePayments) -> None:
    """End the plans that were paid off or missed in this cycle and agree new ones with a first payment."""
    rng, balances = office.rng, cycle.balances
    running = cycle.on_plan
    done = running & (cycle.owed == 0)
    broken = running & (paid.cents == 0) & happens(rng, BREAKS, cycle.size)
    ends = office.journal.plan_ends
    ends.add(row=balances.plan_row[cycle.entries[done]], day=paid.day[done], reason=0)
    noticed = cycle.start[broken] + between(rng, *NOTICED, int(broken.sum()))
    ends.add(row=balances.plan_row[cycle.entries[broken]], day=noticed, reason=1)
    stopped = cycle.entries[done | broken]
    balances.on_plan[stopped] = False
    balances.plan_row[stopped] = MISSING
    agreed = ~running & (paid.cents > 0) & (cycle.owed >= MIN_PLAN) & happens(rng, AGREED, cycle.size)
    entries = cycle.entries[agreed]
    installment = np.maximum(MIN_INSTALLMENT, -(-balances.owed[entries] // between(rng, *INSTALLMENTS, len(entries))))
    rows = office.journal.plans.add(account=cycle.account[agreed], started=paid.day[agreed], cents=installment)
    balances.on_plan[entries] = True
    balances.installment[entries] = installment
    balances.plan_row[entries] = rows

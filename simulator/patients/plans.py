"""Payment plans: they start with a first installment and end paid in full or broken."""

from __future__ import annotations

import numpy as np

from payrank.simulator.event_log import MISSING
from payrank.simulator.patients.office import Office, StatementCycle
from payrank.simulator.patients.payments import CyclePayments
from payrank.simulator.randomness import between, happens

END_REASONS = ("paid in full", "missed installments")
MIN_PLAN = 15000
"""Minimum remaining balance, in cents, for a plan."""
AGREED = 0.15
"""Share of partial payments that start a plan for the remaining balance."""
INSTALLMENTS = (3, 10)
"""Minimum and maximum number of installments."""
MIN_INSTALLMENT = 2500
"""Minimum installment in cents."""
BREAKS = 0.5
"""Share of missed installments that end the plan."""
NOTICED = (12, 29)
"""Minimum and maximum days into the cycle at which a broken plan is recorded."""


def update_plans(office: Office, cycle: StatementCycle, paid: CyclePayments) -> None:
    """End the plans that were paid off or broken in this cycle, and start new ones after a first payment."""
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

"""Claims: each account's charges are billed in one to four claims and priced under the payer's contract."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from payrank.features.arrays import Floats
from payrank.simulator.ledger import INSURANCE, PATIENT, Ledger
from payrank.simulator.population.benefit_limits import exhaust_benefits
from payrank.simulator.population.coverage import Coverages, payer_class_index
from payrank.simulator.population.payers import CLASSES, PAYERS, SELF_PAY
from payrank.simulator.population.people import People
from payrank.simulator.population.visits import CLINIC, EMERGENCY, INPATIENT, Visits
from payrank.simulator.randomness import Integers, between, happens, stream
from payrank.simulator.seasons import calendar_month

CHARGE_LINES = np.array([4.0, 8.0, 12.0, 45.0, 3.0])
"""Mean number of additional charge rows per account, by patient class."""


@dataclass(frozen=True, slots=True)
class Claims:
    """One entry per claim. Money is in cents; `share` is the patient's portion of `allowed`."""

    account: Integers
    payer: Integers
    charges: Integers
    allowed: Integers
    share: Integers
    billed: Integers
    remitted: Integers

    @property
    def size(self) -> int:
        """Number of claims."""
        return len(self.account)


def split_cents(rng: np.random.Generator, cents: Integers, parts: Integers) -> tuple[Integers, Integers]:
    """Split each amount into the given number of parts that add up exactly.

    Returns the index of the amount that each part belongs to, and the cents of each part.
    """
    which = np.repeat(np.arange(len(cents), dtype=np.int64), parts)
    weights = 0.15 + rng.exponential(size=len(which))
    starts = np.concatenate([[0], np.cumsum(parts)[:-1]]).astype(np.int64)
    total = np.add.reduceat(weights, starts) if len(which) else weights
    split = np.floor(cents[which] * weights / total[which]).astype(np.int64)
    left = cents - np.add.reduceat(split, starts) if len(which) else cents
    split[starts] += left
    return which, split


def bill_claims(people: People, visits: Visits, covered: Coverages, ledger: Ledger, seed: int) -> Claims:
    """Post the charges of every account and bill the insured accounts."""
    rng = stream(seed, "claims")
    _post_charges(rng, visits, covered, ledger)
    insured = np.flatnonzero(covered.payer != SELF_PAY)
    parts = 1 + np.minimum(rng.poisson(np.where(visits.patient_class[insured] == INPATIENT, 1.1, 0.68)), 3)
    which, charges = split_cents(rng, visits.charges[insured], parts)
    account = insured[which]
    payer = covered.payer[account]
    starts = np.concatenate([[0], np.cumsum(parts)[:-1]]).astype(np.int64)
    order_within = np.arange(len(which)) - starts[which]
    billed = visits.service[account] + between(rng, 3, 9, len(account)) + 11 * order_within
    days = np.array([p.remit_days for p in PAYERS])[payer]
    remitted = billed + np.maximum(7, np.rint(days * rng.lognormal(0.0, 0.3, len(account)))).astype(np.int64)
    rate = np.array([p.rate for p in PAYERS])[payer] * np.exp(0.12 * rng.normal(size=len(payer)))
    allowed = np.floor(charges * np.clip(rate, 0.05, 0.98)).astype(np.int64)
    total = np.zeros(visits.size, dtype=np.int64)
    np.add.at(total, account, allowed)
    owed = _patient_share(rng, people, visits, covered, total)
    out, beyond = exhaust_benefits(visits, covered, seed)
    # No contract rate applies to uncovered charges: the patient is billed the full charges.
    allowed = np.where(out[account], charges, allowed)
    total = np.where(out, visits.charges, total)
    owed = np.where(out, beyond, owed)
    share = np.floor(owed[account] * allowed / np.maximum(total[account], 1)).astype(np.int64)
    return Claims(account, payer, charges, allowed, np.minimum(share, allowed), billed, remitted)


def _post_charges(rng: np.random.Generator, visits: Visits, covered: Coverages, ledger: Ledger) -> None:
    lines = 1 + rng.poisson(CHARGE_LINES[visits.patient_class])
    account, cents = split_cents(rng, visits.charges, lines)
    service = visits.service[account]
    posted = service + between(rng, 0, 3, len(account))
    payer = covered.payer[account]
    side = np.where(payer == SELF_PAY, PATIENT, INSURANCE)
    some = cents != 0
    for responsibility in (PATIENT, INSURANCE):
        here = some & (side == responsibility)
        ledger.post(
            "charge", account[here], posted[here], cents[here], responsibility=responsibility, effective=service[here]
        )


def _patient_share(
    rng: np.random.Generator, people: People, visits: Visits, covered: Coverages, allowed: Integers
) -> Integers:
    """Return the patient responsibility per account in cents: deductible, coinsurance, and copay.

    Deductibles reset in January, so patients owe more for winter visits.
    """
    size = visits.size
    dollars: Floats = allowed / 100.0
    classes = payer_class_index(covered.payer)
    inpatient = visits.patient_class == INPATIENT
    clinic = visits.patient_class == CLINIC
    share = np.zeros(size)

    def of(*names: str) -> Integers:
        return np.flatnonzero(np.isin(classes, [CLASSES.index(name) for name in names]))

    here = of("commercial", "other")
    share[here] = _commercial_share(rng, people, visits, dollars, here)
    here = of("medicare")
    part_b = 0.20 * dollars[here]
    share[here] = np.where(inpatient[here], np.minimum(dollars[here], 1632.0), part_b)
    here = of("medicare_advantage", "military")
    steps = np.array(
        [[0, 20, 35, 50], [50, 125, 250, 395], [90, 110, 120, 135], [295, 590, 1180, 1900], [0, 20, 40, 60]]
    )
    copay = steps[visits.patient_class[here], rng.integers(0, 4, len(here))]
    share[here] = np.minimum(copay, dollars[here])
    here = of("medicaid", "managed_medicaid")
    small = np.where(happens(rng, 0.06, len(here)), rng.choice([3.0, 15.0, 40.0, 75.0], len(here)), 0.0)
    share[here] = np.minimum(small, dollars[here])
    copay_only = clinic & happens(rng, 0.45, size) & (classes == CLASSES.index("commercial"))
    share = np.where(copay_only, np.minimum(rng.choice([20.0, 30.0, 40.0, 60.0], size), dollars), share)
    share = np.where(
        (visits.patient_class == EMERGENCY) & (share > 0), np.maximum(share, np.minimum(75, dollars)), share
    )
    return np.rint(share * 100).astype(np.int64)


def _commercial_share(
    rng: np.random.Generator, people: People, visits: Visits, dollars: Floats, here: Integers
) -> Floats:
    high = people.high_deductible[visits.guarantor[here]]
    size = len(here)
    deductible = np.where(high, rng.uniform(1400, 4200, size), rng.uniform(150, 1300, size))
    month = calendar_month(visits.service[here])
    met = np.clip((month - 1) / 12 * rng.uniform(0.0, 1.5, size), 0, 1)
    remaining = deductible * (1 - met)
    before = np.minimum(dollars[here], remaining)
    beyond = (dollars[here] - before) * np.where(happens(rng, 0.22, size), 0.50, 0.20)
    # A few plans have no out-of-pocket maximum. They produce the balances above $10,000.
    limit = np.where(happens(rng, 0.03, size), 60000.0, np.where(high, 4000.0, 2300.0))
    return np.minimum(before + beyond, limit)

"""Remittances: insurance payment, contractual adjustment, and patient responsibility, net of denied charges."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from payrank.simulator.claims.claims import Claims
from payrank.simulator.event_log import MISSING, EventLog
from payrank.simulator.ledger import INSURANCE, PATIENT, Ledger
from payrank.simulator.population.coverage import Coverages
from payrank.simulator.population.payers import SELF_PAY
from payrank.simulator.population.visits import Visits
from payrank.simulator.randomness import Booleans, Integers, between, happens, stream


@dataclass(frozen=True, slots=True)
class Secondary:
    """One entry per claim: the secondary payer (or MISSING) and how many days it pays after the primary."""

    payer: Integers
    days: Integers


@dataclass(frozen=True, slots=True)
class Portion:
    """Parts of claims paid on a given day. Money is in cents; `allowed` <= `charges` and `share` <= `allowed`."""

    claim: Integers
    day: Integers
    charges: Integers
    allowed: Integers
    share: Integers

    def only(self, chosen: Booleans) -> Portion:
        """Return the selected entries."""
        return Portion(
            self.claim[chosen], self.day[chosen], self.charges[chosen], self.allowed[chosen], self.share[chosen]
        )


class Transfers:
    """Amounts transferred to patient responsibility, with dates. Patient balances start from these rows."""

    def __init__(self) -> None:
        self.rows = EventLog({"account": "int64", "day": "int64", "cents": "int64"})


def find_secondary(claims: Claims, covered: Coverages, seed: int) -> Secondary:
    """Return each claim's secondary payer and its payment delay."""
    payer = covered.secondary[claims.account]
    return Secondary(payer, np.where(payer != MISSING, between(stream(seed, "secondary"), 14, 40, claims.size), 0))


def pay_portion(claims: Claims, portion: Portion, secondary: Secondary, ledger: Ledger, transfers: Transfers) -> None:
    """Post the remittance of parts of claims. A secondary payer covers most of the patient share a few weeks later."""
    account, payer = claims.account[portion.claim], claims.payer[portion.claim]
    for kind, cents in (
        ("insurance_payment", portion.share - portion.allowed),
        ("contractual_adjustment", portion.allowed - portion.charges),
    ):
        some = cents != 0
        ledger.post(
            kind,
            account[some],
            portion.day[some],
            cents[some],
            responsibility=INSURANCE,
            payer=payer[some],
            effective=portion.day[some] - 2,
        )
    behind = secondary.payer[portion.claim]
    also = np.where(behind != MISSING, np.floor(portion.share * 0.96), 0).astype(np.int64)
    later = portion.day + secondary.days[portion.claim]
    some = also > 0
    ledger.post(
        "insurance_payment",
        account[some],
        later[some],
        -also[some],
        responsibility=INSURANCE,
        payer=behind[some],
        effective=later[some] - 1,
    )
    left = portion.share - also
    owed = left > 0
    moved = later[owed] + 1
    ledger.transfer_to_patient(account[owed], moved, left[owed], payer[owed])
    transfers.rows.add(account=account[owed], day=moved, cents=left[owed])


def remit_claims(claims: Claims, denied: Integers, secondary: Secondary, ledger: Ledger, transfers: Transfers) -> None:
    """Pay the part of each claim that was not denied. `denied` is the denied charges per claim in cents."""
    charges = claims.charges - denied
    part = charges / np.maximum(claims.charges, 1)
    share = np.floor(claims.share * part).astype(np.int64)
    allowed = np.maximum(np.floor(claims.allowed * part).astype(np.int64), share)
    portion = Portion(np.arange(claims.size), claims.remitted, charges, allowed, share)
    pay_portion(claims, portion.only(charges > 0), secondary, ledger, transfers)


def discount_self_pay(visits: Visits, account: Integers, seed: int, ledger: Ledger, transfers: Transfers) -> None:
    """Apply the uninsured discount to true self-pay accounts and open their patient balances."""
    rng = stream(seed, "self-pay")
    charges = visits.charges[account]
    discount = charges * np.where(happens(rng, 0.8, len(account)), 40, 20) // 100
    day = visits.service[account] + between(rng, 4, 8, len(account))
    ledger.post("other_adjustment", account, day, -discount, responsibility=PATIENT, payer=SELF_PAY)
    transfers.rows.add(account=account, day=day, cents=charges - discount)

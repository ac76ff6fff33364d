"""Remittances: what the payer pays, the contract takes off and the patient is left with; what it denies is held back."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from extracts.simulator.claims import Claims, secondary_days
from extracts.simulator.coverage import Covered
from extracts.simulator.ledger import INSURANCE, PATIENT, Ledger
from extracts.simulator.payers import SELF_PAY
from extracts.simulator.randomness import Integers, between, happens, stream
from extracts.simulator.rows import MISSING, Rows


@dataclass(frozen=True, slots=True)
class Portion:
    """Parts of claims that are paid on a day. Money in cents; `allowed` <= `charges`, `share` <= `allowed`."""

    account: Integers
    payer: Integers
    day: Integers
    charges: Integers
    allowed: Integers
    share: Integers


class Transfers:
    """What was moved to patients and when: the patient's side of life starts from these rows."""

    def __init__(self) -> None:
        self.rows = Rows({"account": "int64", "day": "int64", "cents": "int64"})


def pay_portion(portion: Portion, secondary: Integers, wait: Integers, ledger: Ledger, transfers: Transfers) -> None:
    """Post the remittance of portions of claims; a secondary payer takes most of the patient's share after `wait` days."""
    paid = portion.allowed - portion.share
    _post(ledger, "insurance_payment", portion, -paid, portion.payer)
    _post(ledger, "contractual_adjustment", portion, portion.allowed - portion.charges, portion.payer)
    has = (secondary != MISSING) & (portion.share > 0)
    also = np.where(has, np.floor(portion.share * 0.96).astype(np.int64), 0)
    later = portion.day + np.where(has, wait, 0)
    some = also > 0
    ledger.post(
        "insurance_payment",
        portion.account[some],
        later[some],
        -also[some],
        responsibility=INSURANCE,
        payer=secondary[some],
        effective=later[some] - 1,
    )
    left = portion.share - also
    owed = left > 0
    moved = later[owed] + 1
    ledger.transfer_to_patient(portion.account[owed], moved, left[owed], portion.payer[owed])
    transfers.rows.add(account=portion.account[owed], day=moved, cents=left[owed])


def _post(ledger: Ledger, kind: str, portion: Portion, cents: Integers, payer: Integers) -> None:
    some = cents != 0
    ledger.post(
        kind,
        portion.account[some],
        portion.day[some],
        cents[some],
        responsibility=INSURANCE,
        payer=payer[some],
        effective=portion.day[some] - 2,
    )


def remit_claims(
    claims: Claims, denied: Integers, covered: Covered, ledger: Ledger, transfers: Transfers, seed: int
) -> Integers:
    """Pay what was not denied and return the days that each claim's secondary takes."""
    rng = stream(seed, "remits")
    wait = secondary_days(rng, claims, covered)
    charges = claims.charges - denied
    part = charges / np.maximum(claims.charges, 1)
    share = np.floor(claims.share * part).astype(np.int64)
    allowed = np.maximum(np.floor(claims.allowed * part).astype(np.int64), share)
    some = charges > 0
    portion = Portion(claims.account, claims.payer, claims.remitted, charges, allowed, share)
    chosen = Portion(*(getattr(portion, name)[some] for name in Portion.__slots__))
    pay_portion(chosen, covered.secondary[chosen.account], wait[some], ledger, transfers)
    return wait


def discount_self_pay(
    account: Integers, day: Integers, charges: Integers, ledger: Ledger, transfers: Transfers, seed: int
) -> None:
    """Give true self-pay accounts the uninsured discount and start the patient's side of their life."""
    rng = stream(seed, "self-pay")
    percent = np.where(happens(rng, 0.8, len(account)), 40, 20)
    discount = charges * percent // 100
    on = day + between(rng, 4, 8, len(account))
    ledger.post("other_adjustment", account, on, -discount, responsibility=PATIENT, payer=SELF_PAY)
    transfers.rows.add(account=account, day=on, cents=charges - discount)

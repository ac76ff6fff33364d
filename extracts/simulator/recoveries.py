"""What a denial's end does to the ledger: the insurer pays, or the hospital writes off, or the patient is billed."""

from __future__ import annotations

import numpy as np

from extracts.simulator.appeals import Outcomes
from extracts.simulator.claims import Claims
from extracts.simulator.codes import ALL_CODES
from extracts.simulator.coverage import Covered
from extracts.simulator.denials import Denials
from extracts.simulator.ledger import INSURANCE, Ledger
from extracts.simulator.randomness import Floats, Integers
from extracts.simulator.remits import Portion, Transfers, pay_portion
from extracts.simulator.rows import MISSING


def recovered_cents(claims: Claims, denials: Denials, share: Floats) -> tuple[Integers, Integers, Integers]:
    """Return (charges settled, allowed, patient's share) in cents where `share` of the denied charges is paid after all."""
    settled = np.floor(denials.cents * share).astype(np.int64)
    part = settled / np.maximum(claims.charges[denials.claim], 1)
    patient = np.floor(claims.share[denials.claim] * part).astype(np.int64)
    allowed = np.maximum(np.floor(claims.allowed[denials.claim] * part).astype(np.int64), patient)
    return settled, allowed, patient


def resolve_denials(
    claims: Claims,
    denials: Denials,
    outcomes: Outcomes,
    covered: Covered,
    wait: Integers,
    ledger: Ledger,
    transfers: Transfers,
) -> None:
    """Post the end of every denial: payment of what was recovered, and the rest off the insurance side."""
    real = np.array([code.kind != "not_a_denial" for code in ALL_CODES])[denials.code]
    ends = real & (outcomes.resolved != MISSING)
    settled, allowed, patient = recovered_cents(claims, denials, outcomes.recovered)
    account = claims.account[denials.claim]
    payer = claims.payer[denials.claim]
    paid = np.flatnonzero(ends & (settled > 0))
    portion = Portion(account[paid], payer[paid], outcomes.resolved[paid], settled[paid], allowed[paid], patient[paid])
    pay_portion(portion, covered.secondary[portion.account], wait[denials.claim[paid]], ledger, transfers)
    rest = denials.cents - settled
    # Only group PR makes the patient answer for what the payer refused.
    billed = np.array([code.group == "PR" for code in ALL_CODES])[denials.code]
    lost = np.flatnonzero(ends & (rest > 0) & ~billed)
    ledger.post(
        "other_adjustment",
        account[lost],
        outcomes.resolved[lost],
        -rest[lost],
        responsibility=INSURANCE,
        payer=payer[lost],
    )
    moved = np.flatnonzero(ends & (rest > 0) & billed)
    ledger.transfer_to_patient(account[moved], outcomes.resolved[moved], rest[moved], payer[moved])
    transfers.rows.add(account=account[moved], day=outcomes.resolved[moved], cents=rest[moved])

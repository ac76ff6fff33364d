"""How a resolved denial posts to the ledger: the insurer pays, the hospital writes it off, or the patient is billed."""

from __future__ import annotations

import numpy as np

from payrank.features.arrays import Floats
from payrank.simulator.claims.appeals import Outcomes
from payrank.simulator.claims.claims import Claims
from payrank.simulator.claims.codes import ALL_CODES
from payrank.simulator.claims.denials import Denials
from payrank.simulator.claims.remits import Portion, Secondary, Transfers, pay_portion
from payrank.simulator.ledger import INSURANCE, Ledger
from payrank.simulator.randomness import Integers


def recovered_cents(claims: Claims, denials: Denials, share: Floats) -> tuple[Integers, Integers, Integers]:
    """Return cents (charges settled, allowed amount, patient portion) when `share` of the denied charges is paid."""
    settled = np.floor(denials.cents * share).astype(np.int64)
    part = settled / np.maximum(claims.charges[denials.claim], 1)
    patient = np.floor(claims.share[denials.claim] * part).astype(np.int64)
    allowed = np.maximum(np.floor(claims.allowed[denials.claim] * part).astype(np.int64), patient)
    return settled, allowed, patient


def resolve_denials(
    claims: Claims,
    denials: Denials,
    outcomes: Outcomes,
    *,
    secondary: Secondary,
    ledger: Ledger,
    transfers: Transfers,
) -> None:
    """Post the resolution of every denial: pay what was recovered and remove the rest from the insurance balance."""
    settled, allowed, patient = recovered_cents(claims, denials, outcomes.recovered)
    portion = Portion(denials.claim, outcomes.resolved, settled, allowed, patient)
    pay_portion(claims, portion.only(denials.real & (settled > 0)), secondary, ledger, transfers)
    account, payer, rest = claims.account[denials.claim], claims.payer[denials.claim], denials.cents - settled
    # Only group code PR makes the patient responsible for the denied amount.
    billed = np.array([code.group == "PR" for code in ALL_CODES])[denials.code]
    lost = np.flatnonzero(denials.real & (rest > 0) & ~billed)
    day = outcomes.resolved
    ledger.post("other_adjustment", account[lost], day[lost], -rest[lost], responsibility=INSURANCE, payer=payer[lost])
    moved = np.flatnonzero(denials.real & (rest > 0) & billed)
    ledger.transfer_to_patient(account[moved], day[moved], rest[moved], payer[moved])
    transfers.rows.add(account=account[moved], day=day[moved], cents=rest[moved])

"""Prompt-pay interest on claims that insurers pay late: one row adds the interest and one row pays it."""

from __future__ import annotations

import numpy as np

from payrank.simulator.claims.claims import Claims
from payrank.simulator.claims.denials import Denials
from payrank.simulator.ledger import INSURANCE, Ledger
from payrank.simulator.population.payers import PAYERS

PROMPT_DAYS = 45
"""Days from bill to payment after which interest accrues. Prompt-pay laws use 30 to 45 days."""
DAILY_RATE = 0.12 / 365
"""Daily interest on the insurance payment. State rates range from 10% to 20% per year."""
PAYS_INTEREST = ("commercial", "medicare_advantage", "managed_medicaid")
"""Payer classes that are subject to prompt-pay rules."""


def pay_interest(claims: Claims, denials: Denials, ledger: Ledger) -> None:
    """Post interest on clean claims of these payer classes that were paid late. It nets to zero on the same day."""
    bound = np.array([payer.payer_class in PAYS_INTEREST for payer in PAYERS])[claims.payer]
    bound[denials.claim[denials.real]] = False
    late = claims.remitted - claims.billed - PROMPT_DAYS
    cents = np.floor((claims.allowed - claims.share) * DAILY_RATE * np.maximum(late, 0)).astype(np.int64)
    some = np.flatnonzero(bound & (cents > 0))
    account, day, payer = claims.account[some], claims.remitted[some], claims.payer[some]
    ledger.post("interest", account, day, cents[some], responsibility=INSURANCE, payer=payer)
    ledger.post("insurance_payment", account, day, -cents[some], responsibility=INSURANCE, payer=payer)

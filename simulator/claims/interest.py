"""Interest that insurers owe on claims paid late: a row that raises what they owe, and one that pays it."""

from __future__ import annotations

import numpy as np

from payrank.simulator.claims.claims import Claims
from payrank.simulator.claims.denials import Denials
from payrank.simulator.ledger import INSURANCE, Ledger
from payrank.simulator.population.payers import PAYERS

PROMPT_DAYS = 45
"""Days from bill to payment after which interest is owed (prompt-payment laws name 30 to 45)."""
DAILY_RATE = 0.12 / 365
"""Interest a day, of what the insurer pays: a tenth to a fifth a year by state."""
PAYS_INTEREST = ("commercial", "medicare_advantage", "managed_medicaid")
"""Payer classes under prompt-payment rules."""


def pay_interest(claims: Claims, denials: Denials, ledger: Ledger) -> None:
    """Post interest on the clean claims of these classes that were paid late; it nets to nothing on the same day."""
    bound = np.array([payer.payer_class in PAYS_INTEREST for payer in PAYERS])[claims.payer]
    bound[denials.claim[denials.real]] = False
    late = claims.remitted - claims.billed - PROMPT_DAYS
    cents = np.floor((claims.allowed - claims.share) * DAILY_RATE * np.maximum(late, 0)).astype(np.int64)
    some = np.flatnonzero(bound & (cents > 0))
    account, day, payer = claims.account[some], claims.remitted[some], claims.payer[some]
    ledger.post("interest", account, day, cents[some], responsibility=INSURANCE, payer=payer)
    ledger.post("insurance_payment", account, day, -cents[some], responsibility=INSURANCE, payer=payer)

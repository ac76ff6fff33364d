"""Words of the contract as the simulator's codes use them, and ids as hospitals print them."""

from __future__ import annotations

import numpy as np

from payrank.extracts.contract.tables import table
from payrank.simulator.population.payers import PAYERS
from payrank.simulator.randomness import Integers
from payrank.simulator.rows import MISSING
from payrank.simulator.tables.writing import Build, identify, name_codes


def levels(name: str, column: str) -> tuple[str, ...]:
    """Return the allowed values of a column of the contract.

    >>> levels("transactions", "responsibility")
    ('patient', 'insurance')
    """
    found = table(name).column(column)
    return found.levels if found else ()


def known_before(days: Integers, as_of: int) -> Integers:
    """Return days of later events, MISSING where they are not known before `as_of`."""
    return np.where((days != MISSING) & (days < as_of), days, MISSING)


def account_ids(numbers: Integers) -> Build:
    """Account numbers: digits, with leading zeros."""
    return identify("", numbers, 10)


def guarantor_ids(numbers: Integers) -> Build:
    """Guarantor numbers."""
    return identify("G", numbers, 8)


def denial_ids(numbers: Integers) -> Build:
    """Denial numbers, in order of the day of the denial."""
    return identify("D", numbers, 8)


def claim_ids(numbers: Integers) -> Build:
    """Claim numbers."""
    return identify("C", numbers, 9)


def payer_ids(numbers: Integers) -> Build:
    """Payer ids of the region's list."""
    return name_codes(numbers, [payer.payer_id for payer in PAYERS])

"""Identifiers in the format that hospitals use, and dates limited to what is known."""

from __future__ import annotations

import numpy as np

from payrank.simulator.event_log import MISSING
from payrank.simulator.population.payers import PAYERS
from payrank.simulator.randomness import Integers
from payrank.simulator.tables.write_parquet import ColumnBuilder, write_ids, write_names


def known_before(days: Integers, as_of: int) -> Integers:
    """Return the days of later events, or MISSING if the event is not known before `as_of`."""
    return np.where((days != MISSING) & (days < as_of), days, MISSING)


def account_ids(numbers: Integers) -> ColumnBuilder:
    """Account numbers: 10 digits with leading zeros."""
    return write_ids("", numbers, 10)


def guarantor_ids(numbers: Integers) -> ColumnBuilder:
    """Guarantor numbers."""
    return write_ids("G", numbers, 8)


def denial_ids(numbers: Integers) -> ColumnBuilder:
    """Denial numbers, in order of the denial date."""
    return write_ids("D", numbers, 8)


def claim_ids(numbers: Integers) -> ColumnBuilder:
    """Claim numbers."""
    return write_ids("C", numbers, 9)


def payer_ids(numbers: Integers) -> ColumnBuilder:
    """Payer IDs of the region."""
    return write_names(numbers, [payer.payer_id for payer in PAYERS])

"""One result of a check on an extract."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Check = Literal["contract", "keys", "sums", "dates", "volume", "codes"]
CHECKS: tuple[Check, ...] = ("contract", "keys", "sums", "dates", "volume", "codes")


@dataclass(frozen=True, slots=True)
class Finding:
    """A finding of one check: a count of rows, days, or codes in a table, and a sentence that describes it.

    The text contains table names, column names, and counts, never a value from a row.
    """

    check: Check
    table: str
    count: int
    text: str

"""One thing that an extract's rows say of themselves and a person should know."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Check = Literal["contract", "keys", "sums", "dates", "volume", "codes"]
CHECKS: tuple[Check, ...] = ("contract", "keys", "sums", "dates", "volume", "codes")


@dataclass(frozen=True, slots=True)
class Finding:
    """A finding of one check: how many rows (or days, or codes) of a table, and the sentence that says so.

    The text names tables, columns and counts, never a value of a row.
    """

    check: Check
    table: str
    count: int
    text: str

"""Check the balances that a remittance must satisfy, to the cent. Faults are reported, never corrected.

Source: ASC X12 005010X221A1, section 1.10.2.1 (balancing): service line, claim, transaction. The balance of a claim
file (line charges against the claim charge) follows from 005010X222A1 and X223A2, CLM02.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

LEVELS = ("line", "claim", "transaction", "charges")
"""`line`: SVC02 - CAS = SVC03. `claim`: CLP03 - CAS of claim and lines = CLP04. `transaction`: the sum of CLP04 - PLB =
BPR02 (a positive PLB amount reduces the payment). `charges` (837): the sum of line charges = CLM02.
"""
_MONEY = re.compile(r"-?(?=\.?\d)\d{0,16}(?:\.(\d{0,2}))?")


def read_cents(text: str) -> float:
    """Parse an amount as whole cents. Returns NaN if it is not an amount, so that a sum with it is NaN too.

    >>> read_cents("12.5"), read_cents("-.05"), read_cents("7."), read_cents("12.345"), read_cents("")
    (1250, -5, 700, nan, nan)
    """
    # Nearly all amounts are plain, and a file has millions of them. In Latin-1, `isdecimal` accepts only 0 to 9.
    if len(text) < 19:
        if text[-3:-2] == ".":
            digits = text[:-3] + text[-2:]
            if digits.isdecimal():
                return int(digits)
        elif text.isdecimal():
            return int(text) * 100
    match = _MONEY.fullmatch(text)
    if match is None:
        return math.nan
    integer_part, _, decimals = text.lstrip("-").partition(".")
    value = int(integer_part or "0") * 100 + int(decimals.ljust(2, "0") or "0")
    return -value if text.startswith("-") else value


@dataclass(slots=True)
class Balance:
    """Counts for one balance level: checked, out of balance, and containing an unreadable amount."""

    checked: int = 0
    off: int = 0
    unreadable: int = 0


@dataclass(slots=True)
class Balances:
    """A file's balance counts by level, and its faults: level, segment position, and `off` or `unreadable`."""

    levels: dict[str, Balance] = field(default_factory=lambda: {level: Balance() for level in LEVELS})
    faults: list[tuple[str, int, str]] = field(default_factory=list)

    def check_balance(self, level: str, position: int, difference: float) -> None:
        """Record one balance by its difference in cents. NaN means an amount was unreadable."""
        balance = self.levels[level]
        balance.checked += 1
        if not difference:
            return
        if math.isnan(difference):
            balance.unreadable += 1
        else:
            balance.off += 1
        self.faults.append((level, position, "unreadable" if math.isnan(difference) else "off"))

    def check_balances(
        self, level: str, positions: npt.NDArray[np.int64], differences: npt.NDArray[np.float64]
    ) -> None:
        """Record many balances at once; `differences` are in cents."""
        balance = self.levels[level]
        unreadable = np.isnan(differences)
        off = (differences != 0) & ~unreadable
        balance.checked += len(differences)
        balance.off += int(off.sum())
        balance.unreadable += int(unreadable.sum())
        for flags, fault in ((off, "off"), (unreadable, "unreadable")):
            self.faults += [(level, position, fault) for position in positions[flags].tolist()]

    def describe(self, name: str) -> list[str]:
        """Return one notice per level with faults.

        >>> balances = Balances()
        >>> balances.check_balance("claim", 7, 0)
        >>> balances.check_balance("claim", 9, -100)
        >>> balances.describe("may.835")
        ['may.835: 1 of 2 claim balances is off; loaded as stated']
        """
        notices = []
        for level, balance in self.levels.items():
            parts = []
            if balance.off:
                parts.append(f"{balance.off:,} of {balance.checked:,} {level} balances {_be(balance.off)} off")
            if balance.unreadable:
                parts.append(f"{balance.unreadable:,} of {balance.checked:,} {level} balances are unreadable")
            if parts:
                notices.append(f"{name}: {', '.join(parts)}; loaded as stated")
        return notices


def _be(count: int) -> str:
    return "is" if count == 1 else "are"

"""The balances that a remittance must keep, checked to the cent, reported and never mended.

Source: ASC X12 005010X221A1, section 1.10.2.1 (balancing): service line, claim, transaction. A claim file's own (the
charges of its lines against the claim's) follows from 005010X222A1 and X223A2, CLM02.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

LEVELS = ("line", "claim", "transaction", "charges")
"""`line`: SVC02 - CAS = SVC03. `claim`: CLP03 - CAS of claim and lines = CLP04. `transaction`: CLP04 of all claims -
PLB = BPR02 (a positive PLB amount lowers the payment). `charges` (837): the lines' charges = CLM02."""
_MONEY = re.compile(r"-?(?=\.?\d)\d{0,16}(?:\.(\d{0,2}))?")


def read_cents(text: str) -> float:
    """Read an amount as whole cents; NaN where it is none, so that a sum with it is none either.

    >>> read_cents("12.5"), read_cents("-.05"), read_cents("7."), read_cents("12.345"), read_cents("")
    (1250, -5, 700, nan, nan)
    """
    # Nearly all amounts are plain, and a file holds millions. `isdecimal` is true of 0 to 9 alone in Latin-1.
    if len(text) < 19:
        if text[-3:-2] == ".":
            digits = text[:-3] + text[-2:]
            if digits.isdecimal():
                return int(digits)
        elif text.isdecimal():
            return int(text) * 100
    found = _MONEY.fullmatch(text)
    if found is None:
        return math.nan
    whole, _, decimals = text.lstrip("-").partition(".")
    value = int(whole or "0") * 100 + int(decimals.ljust(2, "0") or "0")
    return -value if text.startswith("-") else value


@dataclass(slots=True)
class Balance:
    """How many balances of a level were looked at, how many are off, and how many hold something that is no amount."""

    checked: int = 0
    off: int = 0
    unreadable: int = 0


@dataclass(slots=True)
class Balances:
    """A file's balances by level, and each that does not keep: level, position of its segment, off or unreadable."""

    levels: dict[str, Balance] = field(default_factory=lambda: {level: Balance() for level in LEVELS})
    found: list[tuple[str, int, str]] = field(default_factory=list)

    def weigh(self, level: str, position: int, difference: float) -> None:
        """Note one balance by what is left over, in cents; NaN: it cannot be told."""
        balance = self.levels[level]
        balance.checked += 1
        if not difference:
            return
        if math.isnan(difference):
            balance.unreadable += 1
        else:
            balance.off += 1
        self.found.append((level, position, "unreadable" if math.isnan(difference) else "off"))

    def weigh_many(self, level: str, positions: npt.NDArray[np.int64], differences: npt.NDArray[np.float64]) -> None:
        """Note many balances at once."""
        balance = self.levels[level]
        unreadable = np.isnan(differences)
        off = (differences != 0) & ~unreadable
        balance.checked += len(differences)
        balance.off += int(off.sum())
        balance.unreadable += int(unreadable.sum())
        for flags, fault in ((off, "off"), (unreadable, "unreadable")):
            self.found += [(level, position, fault) for position in positions[flags].tolist()]

    def describe(self, name: str) -> list[str]:
        """Say which balances do not keep: level and counts.

        >>> balances = Balances()
        >>> balances.weigh("claim", 7, 0)
        >>> balances.weigh("claim", 9, -100)
        >>> balances.describe("may.835")
        ['may.835: 1 of 2 claim balances is off; loaded as stated']
        """
        notices = []
        for level, balance in self.levels.items():
            parts = []
            if balance.off:
                parts.append(f"{balance.off:,} of {balance.checked:,} {level} balances {_be(balance.off)} off")
            if balance.unreadable:
                parts.append(f"{balance.unreadable:,} of {balance.checked:,} {level} balances cannot be told")
            if parts:
                notices.append(f"{name}: {', '.join(parts)}; loaded as stated")
        return notices


def _be(count: int) -> str:
    return "is" if count == 1 else "are"

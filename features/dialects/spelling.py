"""Put rendered SQL into another engine's words, token by token; what stands in quotes is never touched.

Dates are no business of this module: a dialect renders their arithmetic itself, where the meaning is known.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

MONDAY = "DATE '1900-01-01'"
"""A Monday before every day that the contract allows: weekdays can be counted from it without a sign."""

_TOKEN = re.compile(
    r"(?P<day>\bDATE\s+'\d{4}-\d{2}-\d{2}')"
    r"|(?P<literal>'(?:[^']|'')*')"
    r"|(?P<division>\s*/\s*)"
    r"|(?P<joined>\s*\|\|\s*)"
    r"|(?P<number>\bDOUBLE(?:\s+PRECISION)?\b)"
    r"|(?P<text>\bVARCHAR\b(?!\s*\())"
    r"|(?P<union>\bUNION\b(?!\s+(?:ALL|DISTINCT)\b))"
    r"|(?P<part>\bEXTRACT\s*\(\s*(?P<of>YEAR|MONTH|DAY)\s+FROM\s)"
    r"|(?P<rounded>\bROUND\s*\()"
    r"|(?P<word>\b[a-z_]\w*)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Spelling:
    """An engine's words.

    Parameters
    ----------
    number, text
        Types of a 64-bit floating-point number and of a text of any length.
    functions
        Names of functions that the engine calls otherwise, by their name in capitals.
    day
        Form of a date literal, with `{day}`.
    part
        Form of `EXTRACT(MONTH FROM `, with `{part}`; what follows is an expression and a closing bracket.
    joined, union
        Operator that joins texts, and the words that join rows and drop equal ones.
    rounded
        How rounding to a whole number, half of it up, opens.
    backslashes
        Whether a backslash in a text literal must be doubled.
    longest_name
        Bytes that a name may have; longer ones are shortened, each to a name of its own (None: no limit).
    """

    number: str = "DOUBLE PRECISION"
    text: str = "VARCHAR"
    functions: Mapping[str, str] = field(default_factory=dict)
    day: str = "DATE '{day}'"
    part: str = "EXTRACT({part} FROM "
    joined: str = "||"
    union: str = "UNION"
    rounded: str = "ROUND("
    backslashes: bool = False
    longest_name: int | None = None

    def apply(self, sql: str) -> str:
        """Return the SQL in these words.

        A division of two counts or two sums of dollars drops decimals on many engines, so each `/` divides by a real
        number: `a / b` becomes `a * 1.0 / b`, which leaves the order of evaluation alone.

        >>> Spelling(number="FLOAT64", text="STRING").apply("CAST(paid / billed AS DOUBLE PRECISION) || 'a/b'")
        "CAST(paid * CAST(1 AS FLOAT64) / billed AS FLOAT64) || 'a/b'"
        """
        return _TOKEN.sub(self._spell, sql)

    def shorten(self, name: str) -> str:
        """Return a name of allowed length, the same for the same name.

        >>> Spelling(longest_name=20).shorten("denial_rate_by_diagnosis")
        'denial_rate_e3e8cf26'
        """
        if self.longest_name is None or len(name) <= self.longest_name:
            return name
        digest = hashlib.sha256(name.encode()).hexdigest()[:8]
        return f"{name[: self.longest_name - 9].rstrip('_')}_{digest}"

    def _spell(self, found: re.Match[str]) -> str:
        token = found.group()
        if found["literal"]:
            return token.replace("\\", "\\\\") if self.backslashes else token
        if found["word"]:
            return self.functions.get(token.upper()) or self.shorten(token)
        if found["day"]:
            return self.day.format(day=token[-11:-1])
        if found["part"]:
            return self.part.format(part=found["of"].upper())
        fixed = {"division": f" * CAST(1 AS {self.number}) / ", "joined": f" {self.joined} "}
        fixed |= {"number": self.number, "text": self.text, "union": self.union, "rounded": self.rounded}
        return fixed[found.lastgroup or ""]

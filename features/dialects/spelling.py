"""Translate rendered SQL to another engine's spelling, token by token. Quoted text keeps its meaning.

Date arithmetic is not translated here: each dialect renders it where its meaning is known.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

MONDAY = "DATE '1900-01-01'"
"""A Monday before every date that the contract allows, so counting from it never gives a negative number."""

_TOKEN = re.compile(
    r"(?P<literal>'(?:[^']|'')*')"
    r"|(?P<division>\s*/\s*)"
    r"|(?P<number>\bDOUBLE(?:\s+PRECISION)?\b)"
    r"|(?P<text>\bVARCHAR\b(?!\s*\())"
    r"|(?P<word>\b[a-z_]\w*)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Spelling:
    """The tokens that an engine spells differently.

    Parameters
    ----------
    number, text
        Types of a 64-bit floating-point number and of text of any length.
    escapes_backslashes
        Whether a backslash in a text literal must be doubled.
    max_name_bytes
        Longest identifier allowed. Longer ones are shortened, each to a different name (None: no limit).
    """

    number: str = "DOUBLE PRECISION"
    text: str = "VARCHAR"
    escapes_backslashes: bool = False
    max_name_bytes: int | None = None

    def apply(self, sql: str) -> str:
        """Return the SQL in this spelling.

        Dividing two counts or two dollar sums drops decimals on many engines. So `a / b` becomes `a * 1.0 / b`, a
        division of real numbers that leaves the order of evaluation unchanged.

        >>> Spelling(number="DOUBLE", text="STRING").apply("CAST(paid / billed AS DOUBLE PRECISION) || 'a/b'")
        "CAST(paid * CAST(1 AS DOUBLE) / billed AS DOUBLE) || 'a/b'"
        """
        return _TOKEN.sub(self._translate, sql)

    def shorten(self, name: str) -> str:
        """Return a name of allowed length. Equal names stay equal, and different names stay different.

        >>> Spelling(max_name_bytes=20).shorten("denial_rate_by_diagnosis")
        'denial_rate_e3e8cf26'
        """
        if self.max_name_bytes is None or len(name) <= self.max_name_bytes:
            return name
        digest = hashlib.sha256(name.encode()).hexdigest()[:8]
        return f"{name[: self.max_name_bytes - 9].rstrip('_')}_{digest}"

    def _translate(self, match: re.Match[str]) -> str:
        token = match.group()
        if match["literal"]:
            return token.replace("\\", "\\\\") if self.escapes_backslashes else token
        if match["word"]:
            return self.shorten(token)
        if match["division"]:
            return f" * CAST(1 AS {self.number}) / "
        return self.number if match["number"] else self.text

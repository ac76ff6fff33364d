"""How PostgreSQL reads a column of the contract (PostgreSQL manual, chapters 8, 9.3, 9.7 and 9.9).

PostgreSQL has no TRY_CAST before version 16, so each cast stands behind a condition under which it cannot fail. Texts
are put in the order of their bytes ("C"): a hospital's own collation would break ties in another order than files do.
"""

from __future__ import annotations

from typing import ClassVar

from payrank.extracts.contract.source_file import quote_text
from payrank.features.engines.reading import Family

FAMILIES: dict[str, Family] = {
    "date": "day",
    "timestamp without time zone": "moment",
    "timestamp with time zone": "unknown",
    "numeric": "decimal",
    "smallint": "whole",
    "integer": "whole",
    "bigint": "whole",
    "real": "floating",
    "double precision": "floating",
    "boolean": "boolean",
}
"""PostgreSQL's types as information_schema names them; all others are read as the text that it makes of them."""

_LARGEST_WHOLE = 2**31 - 1


class PostgresReading:
    """PostgreSQL's words; every expression is null for what it cannot read."""

    types: ClassVar[dict[str, str]] = {
        "id": "text",
        "text": "text",
        "level": "text",
        "money": "numeric(18,2)",
        "date": "date",
        "integer": "integer",
        "boolean": "integer",
        "number": "double precision",
    }

    def text_of(self, given: str, _kind: str, family: Family) -> str | None:
        """Take every type as the text that PostgreSQL makes of it; a decimal sheds the zeros behind its point."""
        text = f"trim_scale({given})" if family == "decimal" else given
        return f'(CAST({text} AS text) COLLATE "C")'

    def absent(self, kind: str) -> str:
        """Give nothing of the kind's type."""
        absent = f"CAST(NULL AS {self.types[kind]})"
        return f'({absent} COLLATE "C")' if self.types[kind] == "text" else absent

    def matches(self, text: str, pattern: str) -> str:
        """Match the whole text; $ is the text's end alone here."""
        return f"{text} ~ {quote_text(f'^({pattern})$')}"

    def day_of(self, text: str) -> str:
        """Compare the day with its month's last before the date is made."""
        year, month, day = (f"CAST(substr({text}, {place}) AS integer)" for place in ("1, 4", "6, 2", "9, 2"))
        leap = f"({year} % 4 = 0 AND ({year} % 100 <> 0 OR {year} % 400 = 0))"
        last = f"CASE WHEN {month} IN (4, 6, 9, 11) THEN 30 WHEN {month} <> 2 THEN 31 WHEN {leap} THEN 29 ELSE 28 END"
        return (
            f"CASE WHEN {year} >= 1 AND {month} BETWEEN 1 AND 12 AND {day} >= 1 AND {day} <= {last} "
            f"THEN make_date({year}, {month}, {day}) END"
        )

    def number_of(self, text: str, kind: str) -> str:
        """Read it exactly first, then ask whether it fits."""
        return self.exact(f"CAST({text} AS numeric)", kind, "decimal")

    def exact(self, given: str, kind: str, family: Family) -> str:
        """Take what fits the type unchanged; NaN and infinity are greater than all numbers, and so fit nowhere."""
        if kind == "number":
            # A cast to double precision fails beyond the largest double, and for what rounds to 0.
            small, large = f"abs({given}) < 2.5e-324", f"abs({given}) <= 1.7976931348623157e308"
            return f"CASE WHEN {small} THEN 0 WHEN {large} THEN CAST({given} AS double precision) END"
        if kind == "integer":
            fits = f"abs({given}) <= {_LARGEST_WHOLE}"
            value = f"CAST({given} AS integer)"
            return f"CASE WHEN {fits} THEN CASE WHEN {value} = {given} THEN {value} END END"
        value = f"CAST({given} AS numeric(18,2))"
        same = f"abs({value} - {given}) <= 1e-9" if family == "floating" else f"{value} = {given}"
        return (
            f"CASE WHEN abs(CAST({given} AS numeric)) <= 9999999999999999.99 THEN CASE WHEN {same} THEN {value} END END"
        )

    def day_from(self, given: str, family: Family) -> str:
        """Take a finite date, or a finite moment at midnight."""
        if family == "day":
            return f"CASE WHEN isfinite({given}) THEN {given} END"
        midnight = f"CASE WHEN CAST({given} AS time) = '00:00' THEN CAST({given} AS date) END"
        return f"CASE WHEN isfinite({given}) THEN {midnight} END"

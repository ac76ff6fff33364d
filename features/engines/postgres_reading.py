"""How PostgreSQL reads a column of the contract (PostgreSQL manual, chapters 8, 9.3, 9.7, and 9.9).

PostgreSQL has no TRY_CAST before version 16, so a condition guards each cast that could fail. Text sorts by its bytes
(collation "C"), because a hospital's own collation would break ties in a different order than files do.
"""

from __future__ import annotations

from typing import ClassVar

from payrank.extracts.contract.source_file import quote_text
from payrank.features.engines.reading import TypeFamily

TYPE_FAMILIES: dict[str, TypeFamily] = {
    "date": "date",
    "timestamp without time zone": "timestamp",
    "timestamp with time zone": "unknown",
    "numeric": "decimal",
    "smallint": "whole",
    "integer": "whole",
    "bigint": "whole",
    "real": "floating",
    "double precision": "floating",
    "boolean": "boolean",
}
"""PostgreSQL types by their name in information_schema. All others are cast to text."""

_LARGEST_WHOLE = 2**31 - 1


class PostgresReading:
    """PostgreSQL's SQL. Every expression is null for a value that it cannot read."""

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

    def as_text(self, source: str, _kind: str, family: TypeFamily) -> str | None:
        """Cast every type to text, without the trailing zeros of a decimal."""
        text = f"trim_scale({source})" if family == "decimal" else source
        return f'(CAST({text} AS text) COLLATE "C")'

    def typed_null(self, kind: str) -> str:
        """Cast null to the kind's type."""
        null = f"CAST(NULL AS {self.types[kind]})"
        return f'({null} COLLATE "C")' if self.types[kind] == "text" else null

    def matches(self, text: str, pattern: str) -> str:
        """Match the whole text. Here $ matches only the end of the text."""
        return f"{text} ~ {quote_text(f'^({pattern})$')}"

    def parse_date(self, text: str) -> str:
        """Compare the day with the last of its month before making the date."""
        year, month, day = (f"CAST(substr({text}, {place}) AS integer)" for place in ("1, 4", "6, 2", "9, 2"))
        leap = f"({year} % 4 = 0 AND ({year} % 100 <> 0 OR {year} % 400 = 0))"
        last = f"CASE WHEN {month} IN (4, 6, 9, 11) THEN 30 WHEN {month} <> 2 THEN 31 WHEN {leap} THEN 29 ELSE 28 END"
        return (
            f"CASE WHEN {year} >= 1 AND {month} BETWEEN 1 AND 12 AND {day} >= 1 AND {day} <= {last} "
            f"THEN make_date({year}, {month}, {day}) END"
        )

    def parse_number(self, text: str, kind: str) -> str:
        """Read the number exactly, then check that it fits."""
        return self.cast_exactly(f"CAST({text} AS numeric)", kind, "decimal")

    def cast_exactly(self, source: str, kind: str, family: TypeFamily) -> str:
        """Accept a value that fits the type unchanged. NaN and infinity exceed all numbers, so they never fit."""
        if kind == "number":
            # A cast to double precision fails above the largest double, and for a value that rounds to 0.
            small, large = f"abs({source}) < 2.5e-324", f"abs({source}) <= 1.7976931348623157e308"
            return f"CASE WHEN {small} THEN 0 WHEN {large} THEN CAST({source} AS double precision) END"
        if kind == "integer":
            fits = f"abs({source}) <= {_LARGEST_WHOLE}"
            value = f"CAST({source} AS integer)"
            return f"CASE WHEN {fits} THEN CASE WHEN {value} = {source} THEN {value} END END"
        value = f"CAST({source} AS numeric(18,2))"
        same = f"abs({value} - {source}) <= 1e-9" if family == "floating" else f"{value} = {source}"
        fits = f"abs(CAST({source} AS numeric)) <= 9999999999999999.99"
        return f"CASE WHEN {fits} THEN CASE WHEN {same} THEN {value} END END"

    def cast_date(self, source: str, family: TypeFamily) -> str:
        """Accept a finite date, or a finite timestamp at midnight."""
        if family == "date":
            return f"CASE WHEN isfinite({source}) THEN {source} END"
        midnight = f"CASE WHEN CAST({source} AS time) = '00:00' THEN CAST({source} AS date) END"
        return f"CASE WHEN isfinite({source}) THEN {midnight} END"

"""How Spark reads a column of the contract (Spark SQL reference: data types, ANSI compliance, literals)."""

from __future__ import annotations

from typing import ClassVar

from payrank.features.engines.reading import Family

_LARGEST = "1.7976931348623157E308D"
"""The largest finite double; infinity is above it, and NaN above all numbers (Spark SQL reference, NaN semantics)."""


def family_of(type_name: str) -> Family:
    """Return the family of a Spark type, by its simple name.

    >>> family_of("decimal(18,2)"), family_of("timestamp_ntz"), family_of("array<int>")
    ('decimal', 'moment', 'unknown')
    """
    word = type_name.split("(", maxsplit=1)[0]
    return _FAMILIES.get(word, "unknown")


_FAMILIES: dict[str, Family] = {
    "string": "text",
    "varchar": "text",
    "char": "text",
    "date": "day",
    "timestamp_ntz": "moment",
    "decimal": "decimal",
    "tinyint": "whole",
    "smallint": "whole",
    "int": "whole",
    "bigint": "whole",
    "float": "floating",
    "double": "floating",
    "boolean": "boolean",
    "void": "nothing",
}


class SparkReading:
    """Spark's words, in its ANSI mode: what cannot be read is null through TRY_CAST alone."""

    types: ClassVar[dict[str, str]] = {
        "id": "STRING",
        "text": "STRING",
        "level": "STRING",
        "money": "DECIMAL(18,2)",
        "date": "DATE",
        "integer": "INT",
        "boolean": "INT",
        "number": "DOUBLE",
    }

    def text_of(self, given: str, kind: str, family: Family) -> str | None:
        """Take texts, and whole numbers as ids."""
        if family == "text":
            return given
        return f"CAST({given} AS STRING)" if family == "whole" and kind != "level" else None

    def absent(self, kind: str) -> str:
        """Give nothing of the kind's type."""
        return f"CAST(NULL AS {self.types[kind]})"

    def matches(self, text: str, pattern: str) -> str:
        r"""Match the whole text: in Java's expressions $ would allow a line end after it, \z does not."""
        return rf"{text} RLIKE r'\A({pattern})\z'"

    def day_of(self, text: str) -> str:
        """Read the calendar day."""
        return f"TRY_CAST({text} AS DATE)"

    def number_of(self, text: str, kind: str) -> str:
        """Read the number; one too large for a double is infinite, and no number."""
        value = f"TRY_CAST({text} AS {self.types[kind]})"
        return f"CASE WHEN ABS({value}) <= {_LARGEST} THEN {value} END" if kind == "number" else value

    def exact(self, given: str, kind: str, family: Family) -> str:
        """Take what the type holds unchanged; dollars in floating-point numbers within a billionth."""
        if kind == "number":
            value = f"CAST({given} AS DOUBLE)"
            return f"CASE WHEN ABS({value}) <= {_LARGEST} THEN {value} END"
        value = f"TRY_CAST({given} AS {self.types[kind]})"
        if family == "floating":
            return f"CASE WHEN ABS(CAST({value} AS DOUBLE) - {given}) <= 1E-9D THEN {value} END"
        return f"CASE WHEN {value} = {given} THEN {value} END"

    def day_from(self, given: str, family: Family) -> str:
        """Take a date, or a moment at midnight."""
        if family == "day":
            return given
        return f"CASE WHEN CAST(CAST({given} AS DATE) AS TIMESTAMP_NTZ) = {given} THEN CAST({given} AS DATE) END"

"""How Spark reads a column of the contract (Spark SQL reference: data types, ANSI compliance, literals)."""

from __future__ import annotations

from typing import ClassVar

from payrank.features.engines.reading import TypeFamily

_LARGEST = "1.7976931348623157E308D"
"""The largest finite double. Infinity and NaN are above it (Spark SQL reference, NaN semantics)."""


def type_family(type_name: str) -> TypeFamily:
    """Return the family of a Spark type by its simple name.

    >>> type_family("decimal(18,2)"), type_family("timestamp_ntz"), type_family("array<int>")
    ('decimal', 'timestamp', 'unknown')
    """
    name = type_name.split("(", maxsplit=1)[0]
    return _TYPE_FAMILIES.get(name, "unknown")


_TYPE_FAMILIES: dict[str, TypeFamily] = {
    "string": "text",
    "varchar": "text",
    "char": "text",
    "date": "date",
    "timestamp_ntz": "timestamp",
    "decimal": "decimal",
    "tinyint": "whole",
    "smallint": "whole",
    "int": "whole",
    "bigint": "whole",
    "float": "floating",
    "double": "floating",
    "boolean": "boolean",
    "void": "empty",
}


class SparkReading:
    """Spark's SQL in its ANSI mode. TRY_CAST returns null for a value that it cannot read."""

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

    def as_text(self, source: str, kind: str, family: TypeFamily) -> str | None:
        """Accept text, and whole numbers as IDs."""
        if family == "text":
            return source
        return f"CAST({source} AS STRING)" if family == "whole" and kind != "level" else None

    def typed_null(self, kind: str) -> str:
        """Cast null to the kind's type."""
        return f"CAST(NULL AS {self.types[kind]})"

    def matches(self, text: str, pattern: str) -> str:
        r"""Match the whole text. In Java's expressions $ would allow a trailing line end; \z does not."""
        return rf"{text} RLIKE r'\A({pattern})\z'"

    def parse_date(self, text: str) -> str:
        """Read the calendar date."""
        return f"TRY_CAST({text} AS DATE)"

    def parse_number(self, text: str, kind: str) -> str:
        """Read the number. One too large for a double would be infinite, so it is null."""
        value = f"TRY_CAST({text} AS {self.types[kind]})"
        return f"CASE WHEN ABS({value}) <= {_LARGEST} THEN {value} END" if kind == "number" else value

    def cast_exactly(self, source: str, kind: str, family: TypeFamily) -> str:
        """Accept a value that the cast leaves unchanged; for floating-point dollars, within a billionth."""
        if kind == "number":
            value = f"CAST({source} AS DOUBLE)"
            return f"CASE WHEN ABS({value}) <= {_LARGEST} THEN {value} END"
        value = f"TRY_CAST({source} AS {self.types[kind]})"
        if family == "floating":
            return f"CASE WHEN ABS(CAST({value} AS DOUBLE) - {source}) <= 1E-9D THEN {value} END"
        return f"CASE WHEN {value} = {source} THEN {value} END"

    def cast_date(self, source: str, family: TypeFamily) -> str:
        """Accept a date, or a timestamp at midnight."""
        if family == "date":
            return source
        return f"CASE WHEN CAST(CAST({source} AS DATE) AS TIMESTAMP_NTZ) = {source} THEN CAST({source} AS DATE) END"

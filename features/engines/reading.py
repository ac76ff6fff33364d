"""How an engine reads one column of a canonical table: `payrank.extracts.contract.parsing` in the engine's own SQL.

Text is parsed strictly: a value meets its rule, or its row breaks the rule. Typed columns are used directly where that
loses nothing. Every expression returns null, and never an error, for a value that it cannot read.
"""

from __future__ import annotations

from typing import ClassVar, Literal, Protocol

from payrank.extracts.contract.parsing import Parsed
from payrank.extracts.contract.source_file import quote_name
from payrank.extracts.contract.tables import Column
from payrank.extracts.errors import ExtractRefusedError

TypeFamily = Literal["text", "date", "timestamp", "decimal", "whole", "floating", "boolean", "unknown", "empty"]
"""Family of a column's type. A `timestamp` has no time zone, and an `empty` column has no values at all."""

TYPED = {
    "id": "integers (without leading zeros)",
    "text": "integers (without leading zeros)",
    "level": "text only",
    "money": "decimals, integers, or floating-point numbers exact to the cent",
    "date": "dates, or timestamps at midnight without a time zone",
    "integer": "integers, or numbers that are whole",
    "boolean": "booleans, or the integers 1 and 0",
    "number": "integers, decimals, or floating-point numbers",
}


class Reading(Protocol):
    """How an engine's SQL reads a column."""

    types: ClassVar[dict[str, str]]
    """The engine's type of each kind of column. A boolean is stored as 1 or 0, which all engines compare alike."""

    def as_text(self, source: str, kind: str, family: TypeFamily, /) -> str | None:
        """SQL of an ID, text, or level as text that sorts by its bytes; None if the type cannot be read."""

    def typed_null(self, kind: str) -> str:
        """SQL of a null of that kind."""

    def matches(self, text: str, pattern: str) -> str:
        """SQL condition that the whole text matches a plain regular expression."""

    def parse_date(self, text: str) -> str:
        """SQL of the date in a text of the form 2026-11-20; null if the calendar has no such date."""

    def parse_number(self, text: str, kind: str) -> str:
        """SQL of the money, integer, or number in a text of valid form; null if it is out of range."""

    def cast_exactly(self, source: str, kind: str, family: TypeFamily) -> str:
        """SQL of a number as money, integer, or number; null if the cast would change it."""

    def cast_date(self, source: str, family: TypeFamily) -> str:
        """SQL of the date in a date, or in a timestamp at midnight; null otherwise."""


TEXT_FORMS = {
    "money": r"-?[0-9]{1,16}(\.[0-9]{1,2})?",
    "integer": "-?[0-9]{1,10}",
    "number": r"-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]{1,3})?",
}
"""The forms that `payrank.extracts.contract.parsing` allows for a number in text."""
_TEXT_KINDS = ("id", "text", "level")


def read_column(column: Column, family: TypeFamily, type_name: str, reading: Reading, place: str) -> Parsed:
    """Return the SQL that reads a column of a type family.

    Parameters
    ----------
    type_name, place
        The engine's name of the type, and the table, for error messages.

    Raises
    ------
    ExtractRefusedError
        When the type cannot be read without loss, such as a floating-point ID.
    """
    source = f"source.{quote_name(column.name)}"
    if family == "empty":
        return Parsed(column, reading.typed_null(column.kind), reading.typed_null(column.kind))
    text = reading.as_text(source, column.kind, family) if family == "text" or column.kind in _TEXT_KINDS else None
    if text is not None:
        text = f"NULLIF({text}, '')"
        return Parsed(column, text, _from_text(column, text, reading))
    value = _from_typed(column, source, family, reading)
    if value is None:
        raise ExtractRefusedError(
            f"{place}: column {column.name} is of type {type_name}, which cannot be read as {column.kind} without "
            f"loss. Allowed: text, or {TYPED[column.kind]}. Export the column as text, and load again."
        )
    return Parsed(column, source, value)


def _from_text(column: Column, text: str, reading: Reading) -> str:
    if column.kind == "boolean":
        return f"CASE WHEN {text} IN ('true', '1') THEN 1 WHEN {text} IN ('false', '0') THEN 0 END"
    if column.kind == "date":
        return f"CASE WHEN {reading.matches(text, '[0-9]{4}-[0-9]{2}-[0-9]{2}')} THEN {reading.parse_date(text)} END"
    if column.kind in TEXT_FORMS:
        value = reading.parse_number(text, column.kind)
        return f"CASE WHEN {reading.matches(text, TEXT_FORMS[column.kind])} THEN {value} END"
    return text


def _from_typed(column: Column, source: str, family: TypeFamily, reading: Reading) -> str | None:
    kind = column.kind
    if kind == "date" and family in {"date", "timestamp"}:
        return reading.cast_date(source, family)
    if kind == "boolean" and family == "boolean":
        return f"CASE WHEN {source} THEN 1 WHEN NOT {source} THEN 0 END"
    if kind == "boolean" and family == "whole":
        return f"CASE WHEN {source} IN (0, 1) THEN CAST({source} AS {reading.types[kind]}) END"
    if kind in {"money", "integer", "number"} and family in {"whole", "decimal", "floating"}:
        return reading.cast_exactly(source, kind, family)
    return None

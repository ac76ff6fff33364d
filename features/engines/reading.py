"""How an engine reads one column of a canonical table: `payrank.extracts.contract.parsing` in the engine's own SQL.

Text is parsed strictly: a value is what its rule allows, or its row breaks the rule. Typed columns are taken as they
are where that loses nothing. Every expression gives null, and never an error, for what it cannot read.
"""

from __future__ import annotations

from typing import ClassVar, Literal, Protocol

from payrank.extracts.contract.parsing import Parsed
from payrank.extracts.contract.source_file import quote_name
from payrank.extracts.contract.tables import Column
from payrank.extracts.errors import ExtractRefusedError

Family = Literal["text", "day", "moment", "decimal", "whole", "floating", "boolean", "unknown", "nothing"]
"""What a column's type is to the contract: `moment` has no time zone, `nothing` holds no value at all."""

TYPED = {
    "id": "integers (whose leading zeros are gone)",
    "text": "integers (whose leading zeros are gone)",
    "level": "text alone",
    "money": "decimals, integers, or floating-point numbers exact to the cent",
    "date": "days, or moments at midnight without a time zone",
    "integer": "integers, or numbers that are whole",
    "boolean": "booleans, or the integers 1 and 0",
    "number": "integers, decimals or floating-point numbers",
}


class Reading(Protocol):
    """An engine's words for reading a column."""

    types: ClassVar[dict[str, str]]
    """The engine's type of each kind of column; a yes/no is a whole number, 1 or 0, so that all engines compare it."""

    def text_of(self, given: str, kind: str, family: Family, /) -> str | None:
        """SQL of an id, text or level as text in the order of its bytes; None when the type cannot be taken."""

    def absent(self, kind: str) -> str:
        """SQL of no value of that kind."""

    def matches(self, text: str, pattern: str) -> str:
        """SQL of whether a whole text matches a plain regular expression."""

    def day_of(self, text: str) -> str:
        """SQL of the date that a text of the form 2026-11-20 names; null where the calendar has none."""

    def number_of(self, text: str, kind: str) -> str:
        """SQL of the money, integer or number in a text that already has its form; null where it does not fit."""

    def exact(self, given: str, kind: str, family: Family) -> str:
        """SQL of a number as money, integer or number; null where that would change it."""

    def day_from(self, given: str, family: Family) -> str:
        """SQL of the date in a date, or in a moment at midnight; null otherwise."""


FORMS = {
    "money": r"-?[0-9]{1,16}(\.[0-9]{1,2})?",
    "integer": "-?[0-9]{1,10}",
    "number": r"-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]{1,3})?",
}
"""The forms that `payrank.extracts.contract.parsing` allows a number in text."""
_TEXTS = ("id", "text", "level")


def read_column(column: Column, family: Family, type_name: str, reading: Reading, place: str) -> Parsed:
    """Say how a column of that family is read.

    Parameters
    ----------
    type_name, place
        The engine's name of the type, and where the column is, for the message.

    Raises
    ------
    ExtractRefusedError
        When the type cannot hold such a column without loss, as a floating-point id.
    """
    given = f"source.{quote_name(column.name)}"
    if family == "nothing":
        return Parsed(column, reading.absent(column.kind), reading.absent(column.kind))
    text = reading.text_of(given, column.kind, family) if family == "text" or column.kind in _TEXTS else None
    if text is not None:
        text = f"NULLIF({text}, '')"
        return Parsed(column, text, _from_text(column, text, reading))
    value = _from_typed(column, given, family, reading)
    if value is None:
        raise ExtractRefusedError(
            f"{place}: column {column.name} is of type {type_name}, which cannot be read as {column.kind} without "
            f"loss. Allowed: text, or {TYPED[column.kind]}. Write the column as text and load again."
        )
    return Parsed(column, given, value)


def _from_text(column: Column, text: str, reading: Reading) -> str:
    if column.kind == "boolean":
        return f"CASE WHEN {text} IN ('true', '1') THEN 1 WHEN {text} IN ('false', '0') THEN 0 END"
    if column.kind == "date":
        return f"CASE WHEN {reading.matches(text, '[0-9]{4}-[0-9]{2}-[0-9]{2}')} THEN {reading.day_of(text)} END"
    if column.kind in FORMS:
        value = reading.number_of(text, column.kind)
        return f"CASE WHEN {reading.matches(text, FORMS[column.kind])} THEN {value} END"
    return text


def _from_typed(column: Column, given: str, family: Family, reading: Reading) -> str | None:
    kind = column.kind
    if kind == "date" and family in {"day", "moment"}:
        return reading.day_from(given, family)
    if kind == "boolean" and family == "boolean":
        return f"CASE WHEN {given} THEN 1 WHEN NOT {given} THEN 0 END"
    if kind == "boolean" and family == "whole":
        return f"CASE WHEN {given} IN (0, 1) THEN CAST({given} AS {reading.types[kind]}) END"
    if kind in {"money", "integer", "number"} and family in {"whole", "decimal", "floating"}:
        return reading.exact(given, kind, family)
    return None

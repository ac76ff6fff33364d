"""The handful of SQL primitives that differ between engines; everything else that we render is portable."""

from __future__ import annotations

from typing import Protocol


class Dialect(Protocol):
    """What an engine must be able to spell."""

    name: str

    def days_between(self, earlier: str, later: str) -> str:
        """SQL of the whole days from one date to another (negative when reversed)."""

    def add_days(self, day: str, days: str) -> str:
        """SQL of a date moved by a number of days."""

    def weekday(self, day: str) -> str:
        """SQL of the ISO weekday, Monday = 1."""

    def text_hash(self, text: str) -> str:
        """SQL of a hash of a text, the same on every engine: hexadecimal MD5."""

    def spell(self, sql: str) -> str:
        """Put a rendered SELECT into the engine's words: names of types and functions, and `/` as a real division."""


class DuckDBDialect:
    """The embedded default, in whose words steps are rendered."""

    name = "duckdb"

    def days_between(self, earlier: str, later: str) -> str:
        """Subtract dates: DuckDB gives whole days."""
        return f"({later} - {earlier})"

    def add_days(self, day: str, days: str) -> str:
        """Add an integer to a date."""
        return f"({day} + CAST({days} AS INTEGER))"

    def weekday(self, day: str) -> str:
        """Read the ISO day of the week."""
        return f"EXTRACT(ISODOW FROM {day})"

    def text_hash(self, text: str) -> str:
        """MD5 in hexadecimal."""
        return f"md5({text})"

    def spell(self, sql: str) -> str:
        """Leave it as it is."""
        return sql

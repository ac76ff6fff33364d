"""The few SQL primitives that differ between engines. All other rendered SQL is portable."""

from __future__ import annotations

from typing import Protocol


class Dialect(Protocol):
    """What an engine must be able to render."""

    name: str

    def days_between(self, earlier: str, later: str) -> str:
        """SQL of the whole days from one date to another (negative when reversed)."""

    def add_days(self, day: str, days: str) -> str:
        """SQL of a date plus a number of days."""

    def weekday(self, day: str) -> str:
        """SQL of the ISO day of the week, Monday = 1."""

    def text_hash(self, text: str) -> str:
        """SQL of the hexadecimal MD5 of a text, the same on every engine."""

    def spell(self, sql: str) -> str:
        """Translate a rendered SELECT: names of types, `/` as a division of real numbers, and identifiers."""


class DuckDBDialect:
    """DuckDB, the embedded default. Steps are rendered in its SQL."""

    name = "duckdb"

    def days_between(self, earlier: str, later: str) -> str:
        """Subtract the dates: DuckDB returns whole days."""
        return f"({later} - {earlier})"

    def add_days(self, day: str, days: str) -> str:
        """Add an integer to the date."""
        return f"({day} + CAST({days} AS INTEGER))"

    def weekday(self, day: str) -> str:
        """Extract the ISO day of the week."""
        return f"EXTRACT(ISODOW FROM {day})"

    def text_hash(self, text: str) -> str:
        """Hexadecimal MD5."""
        return f"md5({text})"

    def spell(self, sql: str) -> str:
        """Return the SQL unchanged."""
        return sql

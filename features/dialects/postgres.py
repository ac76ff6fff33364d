"""PostgreSQL: runs in the tests (features/engines/postgres.py)."""

from __future__ import annotations

from payrank.features.dialects.spelling import Spelling

LONGEST_NAME = 63
"""Bytes of a name; PostgreSQL cuts longer ones with no more than a notice (NAMEDATALEN, PostgreSQL manual, 4.1.1)."""


class PostgresDialect:
    """PostgreSQL 15 and later."""

    name = "postgres"
    spelling = Spelling(longest_name=LONGEST_NAME)

    def days_between(self, earlier: str, later: str) -> str:
        """Subtract dates: a whole number of days."""
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
        """Divide by real numbers, and keep names within 63 bytes."""
        return self.spelling.apply(sql)

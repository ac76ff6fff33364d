"""PostgreSQL. `features/engines/postgres.py` runs it in the tests."""

from __future__ import annotations

from payrank.features.dialects.spelling import Spelling

MAX_NAME_BYTES = 63
"""PostgreSQL truncates longer names with only a notice (NAMEDATALEN, PostgreSQL manual, 4.1.1)."""


class PostgresDialect:
    """PostgreSQL 15 and later."""

    name = "postgres"
    spelling = Spelling(max_name_bytes=MAX_NAME_BYTES)

    def days_between(self, earlier: str, later: str) -> str:
        """Subtract the dates: PostgreSQL returns whole days."""
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
        """Divide real numbers, and keep identifiers within 63 bytes."""
        return self.spelling.apply(sql)

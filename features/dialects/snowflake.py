"""Snowflake: rendered and parsed, never run."""

from __future__ import annotations

from payrank.features.dialects.spelling import Spelling


class SnowflakeDialect:
    """Snowflake SQL, by its reference of date functions and data types."""

    name = "snowflake"
    spelling = Spelling(backslashes=True)

    def days_between(self, earlier: str, later: str) -> str:
        """Count days from date to date."""
        return f"DATEDIFF(DAY, {earlier}, {later})"

    def add_days(self, day: str, days: str) -> str:
        """Add an integer to a date."""
        return f"DATEADD(DAY, {days}, {day})"

    def weekday(self, day: str) -> str:
        """DAYOFWEEKISO, unlike DAYOFWEEK, depends on no parameter of the session."""
        return f"DAYOFWEEKISO({day})"

    def text_hash(self, text: str) -> str:
        """MD5 in hexadecimal."""
        return f"MD5({text})"

    def spell(self, sql: str) -> str:
        """Divide by real numbers: Snowflake keeps six more decimals in a division of decimals, no more."""
        return self.spelling.apply(sql)

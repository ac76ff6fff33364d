"""Spark SQL. `features/engines/spark.py` runs it in the tests."""

from __future__ import annotations

from payrank.features.dialects.spelling import MONDAY, Spelling


class SparkDialect:
    """Spark 4 in its ANSI mode."""

    name = "spark"
    spelling = Spelling(number="DOUBLE", text="STRING", escapes_backslashes=True)

    def days_between(self, earlier: str, later: str) -> str:
        """Count the days from date to date."""
        return f"DATEDIFF({later}, {earlier})"

    def add_days(self, day: str, days: str) -> str:
        """Add an integer to the date."""
        return f"DATE_ADD({day}, CAST({days} AS INT))"

    def weekday(self, day: str) -> str:
        """Count from a Monday, because Spark's own functions number the days of the week in three different ways."""
        return f"(MOD({self.days_between(MONDAY, day)}, 7) + 1)"

    def text_hash(self, text: str) -> str:
        """Hexadecimal MD5."""
        return f"MD5({text})"

    def spell(self, sql: str) -> str:
        """Use Spark's names of types, and divide real numbers."""
        return self.spelling.apply(sql)

"""Spark SQL: runs in the tests (features/engines/spark.py); Databricks speaks it too."""

from __future__ import annotations

from payrank.features.dialects.spelling import MONDAY, Spelling


class SparkDialect:
    """Spark 4 in its ANSI mode."""

    name = "spark"
    spelling = Spelling(number="DOUBLE", text="STRING", backslashes=True)

    def days_between(self, earlier: str, later: str) -> str:
        """Count days from date to date."""
        return f"DATEDIFF({later}, {earlier})"

    def add_days(self, day: str, days: str) -> str:
        """Add an integer to a date."""
        return f"DATE_ADD({day}, CAST({days} AS INT))"

    def weekday(self, day: str) -> str:
        """Count from a Monday, 1900-01-01: Spark and Databricks name three days of the week, each its own way."""
        return f"(MOD({self.days_between(MONDAY, day)}, 7) + 1)"

    def text_hash(self, text: str) -> str:
        """MD5 in hexadecimal."""
        return f"MD5({text})"

    def spell(self, sql: str) -> str:
        """Name the types as Spark does, and divide by real numbers."""
        return self.spelling.apply(sql)


class DatabricksDialect(SparkDialect):
    """Databricks SQL: Spark's words; rendered and parsed, never run."""

    name = "databricks"

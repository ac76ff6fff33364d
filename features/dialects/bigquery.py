"""BigQuery: rendered and parsed, never run."""

from __future__ import annotations

from payrank.features.dialects.spelling import MONDAY, Spelling


class BigQueryDialect:
    """GoogleSQL, by its reference of date functions and data types."""

    name = "bigquery"
    spelling = Spelling(number="FLOAT64", text="STRING", union="UNION DISTINCT", backslashes=True)

    def days_between(self, earlier: str, later: str) -> str:
        """Count days; the later date comes first."""
        return f"DATE_DIFF({later}, {earlier}, DAY)"

    def add_days(self, day: str, days: str) -> str:
        """Add an interval of days."""
        return f"DATE_ADD({day}, INTERVAL CAST({days} AS INT64) DAY)"

    def weekday(self, day: str) -> str:
        """Count from a Monday: BigQuery's own day of the week calls Sunday 1."""
        return f"(MOD({self.days_between(MONDAY, day)}, 7) + 1)"

    def text_hash(self, text: str) -> str:
        """MD5 gives bytes; TO_HEX writes them in small letters."""
        return f"TO_HEX(MD5({text}))"

    def spell(self, sql: str) -> str:
        """Name the types as BigQuery does, and divide by real numbers."""
        return self.spelling.apply(sql)

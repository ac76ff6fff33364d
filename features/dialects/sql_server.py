"""SQL Server: rendered and parsed, never run."""

from __future__ import annotations

from payrank.features.dialects.spelling import MONDAY, Spelling


class SqlServerDialect:
    """Transact-SQL of SQL Server 2022, by its reference of date functions and data types.

    Ids must be VARCHAR in a UTF-8 or Latin collation: the MD5 of an NVARCHAR is that of UTF-16, and training would draw
    other snapshots than elsewhere.
    """

    name = "sql_server"
    spelling = Spelling(
        text="VARCHAR(8000)",
        functions={"LN": "LOG"},
        day="CAST('{day}' AS DATE)",
        part="DATEPART({part}, ",
        joined="+",
        rounded="FLOOR(0.5 + ",  # ROUND wants a number of decimals here
        longest_name=128,
    )

    def days_between(self, earlier: str, later: str) -> str:
        """Count days from date to date."""
        return f"DATEDIFF(DAY, {earlier}, {later})"

    def add_days(self, day: str, days: str) -> str:
        """Add an integer to a date."""
        return f"DATEADD(DAY, {days}, {day})"

    def weekday(self, day: str) -> str:
        """Count from a Monday: DATEPART(WEEKDAY) would follow the session's DATEFIRST."""
        return f"({self.days_between(MONDAY, day)} % 7 + 1)"

    def text_hash(self, text: str) -> str:
        """HASHBYTES gives bytes; style 2 writes them in capitals without 0x."""
        return f"LOWER(CONVERT(VARCHAR(32), HASHBYTES('MD5', {text}), 2))"

    def spell(self, sql: str) -> str:
        """Name types and functions as SQL Server does, and divide by real numbers."""
        return self.spelling.apply(sql)

"""Limit an as-of date that is derived from the last row, so that a mistyped date cannot make an extract look fresh.

An extract without an as-of date is assumed to contain everything up to its last row. A single row from the year 2099
would then make it look fresh for decades. Rows over a year after 99.9% of the rows therefore do not count.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

import duckdb

from payrank.extracts.contract.source_file import quote_name
from payrank.extracts.contract.tables import Table
from payrank.extracts.fetch_row import fetch_one_row

MAX_DAYS_BEYOND = 366
"""Days that a row may be dated after the day by which 99.9% of the rows are known."""
MIN_ROWS = 100
"""With fewer rows than this, no row counts as an outlier."""


def limit_as_of(connection: duckdb.DuckDBPyConnection, tables: Iterable[Table], as_of: date) -> tuple[date, int]:
    """Limit an as-of date that was derived from the last row to the day after the last plausible row.

    Parameters
    ----------
    connection
        A connection with the loaded tables.
    tables
        The loaded tables. Tables without a date column are ignored.

    Returns
    -------
    The as-of date, and the number of rows that it leaves out (0 if the date did not change).
    """
    known = [f"SELECT {table.known_on} AS day FROM {quote_name(table.name)}" for table in tables if table.known_on]
    if not known:
        return as_of, 0
    days = f"SELECT day, count(*) AS n FROM ({' UNION ALL '.join(known)}) WHERE day IS NOT NULL GROUP BY day"
    (rows,) = fetch_one_row(connection, f"SELECT coalesce(sum(n), 0) FROM ({days})")
    if rows < MIN_ROWS:
        return as_of, 0
    (usual,) = fetch_one_row(
        connection,
        f"SELECT max(day) FROM (SELECT day, sum(n) OVER (ORDER BY day DESC) AS since FROM ({days})) "
        f"WHERE since > {max(1, rows // 1000)}",
    )
    bound = usual + timedelta(days=MAX_DAYS_BEYOND)
    if as_of <= bound + timedelta(days=1):
        return as_of, 0
    last, beyond = fetch_one_row(
        connection,
        f"SELECT max(day) FILTER (day <= DATE '{bound}'), sum(n) FILTER (day > DATE '{bound}') FROM ({days})",
    )
    return last + timedelta(days=1), int(beyond or 0)

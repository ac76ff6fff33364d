"""The as-of day of an extract that does not state one, where a mistyped day must not make it look fresh.

An extract is taken to know everything up to its last row. One row of the year 2099 would then call it fresh for
decades, so rows that lie more than a year after all but the last 0.1% do not count.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

import duckdb

from payrank.extracts.contract.source_file import quote_name
from payrank.extracts.contract.tables import Table
from payrank.extracts.fetch_row import fetch_one_row

FARTHEST = 366
"""Days that a row may lie after the day by which 99.9% of the rows are known."""
FEWEST = 100
"""Rows below which none is called an outlier."""


def limit_as_of(connection: duckdb.DuckDBPyConnection, tables: Iterable[Table], as_of: date) -> tuple[date, int]:
    """Limit an as-of day that was derived from the last row to the day after the last plausible one.

    Parameters
    ----------
    connection
        Holds the loaded tables.
    tables
        Those of them that say when a row was known.

    Returns
    -------
    The day, and how many rows are known on it or later: 0 where the day stands as it was.
    """
    known = [f"SELECT {table.known_on} AS day FROM {quote_name(table.name)}" for table in tables if table.known_on]
    if not known:
        return as_of, 0
    days = f"SELECT day, count(*) AS n FROM ({' UNION ALL '.join(known)}) WHERE day IS NOT NULL GROUP BY day"
    (rows,) = fetch_one_row(connection, f"SELECT coalesce(sum(n), 0) FROM ({days})")
    if rows < FEWEST:
        return as_of, 0
    (usual,) = fetch_one_row(
        connection,
        f"SELECT max(day) FROM (SELECT day, sum(n) OVER (ORDER BY day DESC) AS since FROM ({days})) "
        f"WHERE since > {max(1, rows // 1000)}",
    )
    bound = usual + timedelta(days=FARTHEST)
    if as_of <= bound + timedelta(days=1):
        return as_of, 0
    last, beyond = fetch_one_row(
        connection,
        f"SELECT max(day) FILTER (day <= DATE '{bound}'), sum(n) FILTER (day > DATE '{bound}') FROM ({days})",
    )
    return last + timedelta(days=1), int(beyond or 0)

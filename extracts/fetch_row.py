"""Asks DuckDB for one row and leaves the connection free."""

from __future__ import annotations

from typing import Any

import duckdb


def fetch_one_row(connection: duckdb.DuckDBPyConnection, query: str) -> tuple[Any, ...]:
    """Return the one row of a query.

    `fetchone` alone would leave the result open, and DuckDB 2.0 then refuses `connection.sql` to whoever comes next.

    >>> fetch_one_row(duckdb.connect(), "SELECT 1, 'a'")
    (1, 'a')
    """
    (row,) = connection.execute(query).fetchall()
    return tuple(row)

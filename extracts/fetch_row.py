"""Fetch a single row from DuckDB."""

from __future__ import annotations

from typing import Any

import duckdb


def fetch_one_row(connection: duckdb.DuckDBPyConnection, query: str) -> tuple[Any, ...]:
    """Return the only row of a query.

    `fetchone` would leave the result open, and DuckDB 2.0 then refuses the next call of `connection.sql`.

    >>> fetch_one_row(duckdb.connect(), "SELECT 1, 'a'")
    (1, 'a')
    """
    (row,) = connection.execute(query).fetchall()
    return tuple(row)

"""Run a plan in DuckDB, the embedded default."""

from __future__ import annotations

from collections.abc import Sequence

import duckdb
import pandas as pd

from payrank.features.engines.to_pandas import rows_to_pandas
from payrank.features.feature import Feature
from payrank.features.sql.plan import SqlPlan


def run_plan(connection: duckdb.DuckDBPyConnection, plan: SqlPlan, features: Sequence[Feature]) -> pd.DataFrame:
    """Run the steps in order and return the rows of the last one, sorted by as-of date and unit.

    Each step except the last becomes a temporary table, or a view if it is inlined into its reader. All are dropped at
    the end. Numbers are float64 with NaN for unknown, categories text with missing values, and `as_of` a date without
    a time zone.
    """
    created: list[str] = []
    # No step depends on the row order of another, and preserving order costs time and memory.
    connection.execute("SET preserve_insertion_order = false")
    try:
        for step in plan.steps[:-1]:
            kind = "VIEW" if step.inline else "TABLE"
            connection.execute(f"CREATE OR REPLACE TEMP {kind} {step.name} AS {step.sql}")
            created.append(f"{kind} IF EXISTS temp.{step.name}")
        # Fetch the wide rows unsorted: sorting two narrow Arrow columns and taking rows by index is less work.
        rows = connection.sql(plan.steps[-1].sql).to_arrow_table()
    finally:
        for table in reversed(created):
            connection.execute(f"DROP {table}")
        connection.execute("RESET preserve_insertion_order")
    return rows_to_pandas(rows.sort_by([("as_of", "ascending"), ("unit_id", "ascending")]), features)

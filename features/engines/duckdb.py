"""Run a plan inside DuckDB, the embedded default."""

from __future__ import annotations

from collections.abc import Sequence

import duckdb
import pandas as pd

from payrank.features.engines.to_pandas import settle
from payrank.features.feature import Feature
from payrank.features.sql.plan import Plan


def run_plan(connection: duckdb.DuckDBPyConnection, plan: Plan, features: Sequence[Feature]) -> pd.DataFrame:
    """Run the steps in order and return the last one's rows, sorted by as-of date and unit.

    Each step but the last becomes a temporary table, or a view where it is computed inside its reader; all are dropped
    at the end. Numbers come back as float64 with NaN for unknown, categories as text with missing values, `as_of` as a
    date without a time zone.
    """
    done: list[str] = []
    # No step reads the order of another's rows, and keeping it costs time and memory.
    connection.execute("SET preserve_insertion_order = false")
    try:
        for step in plan.steps[:-1]:
            kind = "VIEW" if step.inline else "TABLE"
            connection.execute(f"CREATE OR REPLACE TEMP {kind} {step.name} AS {step.sql}")
            done.append(f"{kind} IF EXISTS temp.{step.name}")
        # The wide rows leave DuckDB as they come: sorting two narrow columns and fetching by place is the lesser work.
        rows = connection.sql(plan.steps[-1].sql).to_arrow_table()
    finally:
        for made in reversed(done):
            connection.execute(f"DROP {made}")
        connection.execute("RESET preserve_insertion_order")
    return settle(rows.sort_by([("as_of", "ascending"), ("unit_id", "ascending")]), features)

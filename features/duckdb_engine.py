"""Run a plan inside DuckDB, the embedded default."""

from __future__ import annotations

from collections.abc import Sequence

import duckdb
import pandas as pd

from features.catalog import Feature
from features.plan import Plan


def run_plan(connection: duckdb.DuckDBPyConnection, plan: Plan, features: Sequence[Feature]) -> pd.DataFrame:
    """Run the steps in order and return the last one's rows, sorted by as-of date and unit.

    Each step becomes a temporary table, dropped at the end. Numbers come back as float64 with NaN for unknown,
    categories as text with missing values, `as_of` as a date without a time zone.
    """
    done: list[str] = []
    try:
        for step in plan.steps:
            connection.execute(f"CREATE OR REPLACE TEMP TABLE {step.name} AS {step.sql}")
            done.append(step.name)
        arrow = connection.sql(f"SELECT * FROM {plan.steps[-1].name} ORDER BY as_of, unit_id").to_arrow_table()
    finally:
        for name in done:
            connection.execute(f"DROP TABLE IF EXISTS temp.{name}")
    data: pd.DataFrame = arrow.to_pandas()
    for name in {"as_of", "known_on"} & set(data.columns):
        data[name] = data[name].astype("datetime64[s]")
    numbers = [feature.name for feature in features if not feature.is_category]
    words = [feature.name for feature in features if feature.is_category]
    data[["amount", "age_days"]] = data[["amount", "age_days"]].astype("float64")
    data[numbers] = data[numbers].astype("float64")
    data[words] = data[words].astype("str")
    return data

"""Run a plan inside DuckDB, the embedded default."""

from __future__ import annotations

from collections.abc import Sequence

import duckdb
import pandas as pd
import pyarrow as pa

from features.catalog import Feature
from features.plan import Plan


def run_plan(connection: duckdb.DuckDBPyConnection, plan: Plan, features: Sequence[Feature]) -> pd.DataFrame:
    """Run the steps in order and return the last one's rows, sorted by as-of date and unit.

    Each step but the last becomes a temporary table, dropped at the end. Numbers come back as float64 with NaN for
    unknown, categories as text with missing values, `as_of` as a date without a time zone.
    """
    done: list[str] = []
    try:
        for step in plan.steps[:-1]:
            connection.execute(f"CREATE OR REPLACE TEMP TABLE {step.name} AS {step.sql}")
            done.append(step.name)
        # The wide rows leave DuckDB as they come: sorting two narrow columns and fetching by place is the lesser work.
        rows = connection.sql(plan.steps[-1].sql).to_arrow_table()
    finally:
        for name in done:
            connection.execute(f"DROP TABLE IF EXISTS temp.{name}")
    return frame_of(rows.sort_by([("as_of", "ascending"), ("unit_id", "ascending")]), features)


def frame_of(rows: pa.Table, features: Sequence[Feature]) -> pd.DataFrame:
    """Return the rows as a frame's data, each column converted once."""
    numbers = {"amount", "age_days", *(feature.name for feature in features if not feature.is_category)}
    words = {feature.name for feature in features if feature.is_category}
    types = {**dict.fromkeys(numbers, pa.float64()), **dict.fromkeys(words, pa.string())}
    schema = pa.schema([(one.name, types.get(one.name, one.type)) for one in rows.schema])
    data: pd.DataFrame = rows.cast(schema).to_pandas(date_as_object=False)
    for name in {"as_of", "known_on"} & set(data.columns):
        data[name] = data[name].astype("datetime64[s]")
    return data

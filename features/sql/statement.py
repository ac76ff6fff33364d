"""A whole plan as one SELECT, for engines that others run: each step a common table expression."""

from __future__ import annotations

from payrank.features.dialects.bigquery import BigQueryDialect
from payrank.features.dialects.dialect import Dialect
from payrank.features.dialects.postgres import PostgresDialect
from payrank.features.dialects.snowflake import SnowflakeDialect
from payrank.features.dialects.spark import DatabricksDialect, SparkDialect
from payrank.features.dialects.sql_server import SqlServerDialect
from payrank.features.sql.plan import Plan

DIALECTS: dict[str, Dialect] = {
    dialect.name: dialect
    for dialect in (
        PostgresDialect(),
        SparkDialect(),
        DatabricksDialect(),
        SnowflakeDialect(),
        BigQueryDialect(),
        SqlServerDialect(),
    )
}
"""What can be rendered besides DuckDB, by name."""


def render_statement(plan: Plan, dialect: Dialect) -> str:
    """Return the plan as one SELECT over the canonical tables, rows ordered by as-of date and unit.

    The plan must have been made with the same dialect: dates are already in its words.
    """
    named = ",\n".join(f"{dialect.spell(step.name)} AS (\n  {dialect.spell(step.sql)}\n)" for step in plan.steps)
    return f"WITH {named}\nSELECT * FROM {dialect.spell(plan.steps[-1].name)} ORDER BY as_of, unit_id\n"

"""A frame of some of the catalog's features alone, for comparisons on the same work."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date

import pandas as pd

from payrank.extracts.extract import Extract
from payrank.features.catalog.accounts import ACCOUNT_FEATURES
from payrank.features.dialects.dialect import DuckDBDialect
from payrank.features.engines.duckdb import run_plan
from payrank.features.sql.plan import plan_sql
from payrank.features.targets import PaymentTarget


def frame_of(extract: Extract, days: Sequence[date], names: Collection[str]) -> pd.DataFrame:
    """Return the rows of some nights with the named features of accounts, in one plan; the steps of no others run."""
    chosen = [feature for feature in ACCOUNT_FEATURES if feature.name in names]

    def has(need: str) -> bool:
        table, _, column = need.partition(".")
        return extract.has(table, column) if column else extract.has(table)

    plan = plan_sql(PaymentTarget(), chosen, days, DuckDBDialect(), has, (), None)
    return run_plan(extract.connection, plan, chosen)

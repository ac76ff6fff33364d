"""A frame with only some of the catalog's features, to compare other tools on the same work."""

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


def make_subset_frame(extract: Extract, days: Sequence[date], names: Collection[str]) -> pd.DataFrame:
    """Return the rows of some snapshot days with the named account features, in one plan without any other step."""
    features = [feature for feature in ACCOUNT_FEATURES if feature.name in names]

    def has(need: str) -> bool:
        table, _, column = need.partition(".")
        return extract.has(table, column) if column else extract.has(table)

    plan = plan_sql(PaymentTarget(), features, days, DuckDBDialect(), has, (), None)
    return run_plan(extract.connection, plan, features)

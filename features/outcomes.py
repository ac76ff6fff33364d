"""Outcomes of a whole population: labels without features, to compare predictions with what happened."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

import pandas as pd

from payrank.extracts.extract import Extract
from payrank.features.dialects.dialect import DuckDBDialect
from payrank.features.engines.duckdb import run_plan
from payrank.features.frame import Definition, make_is_available
from payrank.features.sql.plan import plan_sql

COLUMNS = ("unit_id", "household", "as_of", "amount", "label", "share", "recovered")


def find_outcomes(extract: Extract, target: Definition, days: Sequence[date], as_of: date) -> pd.DataFrame:
    """Return the outcomes, known by a later date, of the whole population as of some days.

    Parameters
    ----------
    target
        What counts as an outcome. All units are included, whatever `rows_per_unit` says.
    days
        Snapshots. A snapshot whose label has not matured by `as_of` has no rows.
    as_of
        Only rows known before this date are read.

    Returns
    -------
    DataFrame
        `unit_id`, `household`, `as_of`, `amount` (dollars at stake then), `label` (0 or 1), `share` (0 to 1, NaN
        unknown), and `recovered` (dollars, NaN unknown); sorted by as-of date and unit.
    """
    matured = [day for day in days if day + timedelta(days=target.label_lag_days) <= as_of]
    if not matured:
        return pd.DataFrame(columns=list(COLUMNS))
    all_units = target.model_copy(update={"rows_per_unit": None})
    plan = plan_sql(all_units, (), matured, DuckDBDialect(), make_is_available(extract), (), as_of)
    return run_plan(extract.connection, plan, ())[list(COLUMNS)]

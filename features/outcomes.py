"""What became of everyone in a population: labels alone, of any days, for looking back at what was promised."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

import pandas as pd

from payrank.extracts.extract import Extract
from payrank.features.dialects.dialect import DuckDBDialect
from payrank.features.engines.duckdb import run_plan
from payrank.features.frame import Definition, holds
from payrank.features.sql.plan import plan_frame

COLUMNS = ("unit_id", "household", "as_of", "amount", "label", "share", "recovered")


def find_outcomes(extract: Extract, target: Definition, days: Sequence[date], as_of: date) -> pd.DataFrame:
    """Return the outcomes of everyone in the population as of some days, known by a later day.

    Parameters
    ----------
    target
        What counts as an outcome; every unit is looked at, whatever its `rows_per_unit`.
    days
        Snapshots. Those whose label is not ripe by `as_of` have no rows.
    as_of
        The day of looking back: only rows known before it are seen.

    Returns
    -------
    DataFrame
        `unit_id`, `household`, `as_of`, `amount` (dollars at stake then), `label` (0 or 1), `share` (0 to 1, NaN
        unknown) and `recovered` (dollars, NaN unknown); sorted by as-of date and unit.
    """
    ripe = [day for day in days if day + timedelta(days=target.label_lag_days) <= as_of]
    if not ripe:
        return pd.DataFrame(columns=list(COLUMNS))
    every = target.model_copy(update={"rows_per_unit": None})
    plan = plan_frame(every, (), ripe, DuckDBDialect(), holds(extract), (), as_of)
    found = run_plan(extract.connection, plan, ())
    return found[list(COLUMNS)]

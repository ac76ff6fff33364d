"""The last day to appeal each denial. A date never appears without its source."""

from __future__ import annotations

from datetime import date

import duckdb
import pandas as pd

from payrank.features.dialects.dialect import DuckDBDialect
from payrank.features.relations.appeal_deadlines import due_on, due_on_source


def appeal_deadlines(connection: duckdb.DuckDBPyConnection, as_of: date) -> pd.DataFrame:
    """Return denial_id, due_on, and due_on_source of every denial known before the as-of date."""
    return connection.execute(
        f"SELECT n.denial_id, CAST({due_on(DuckDBDialect())} AS DATE) AS due_on, {due_on_source()} AS due_on_source "
        f"FROM denials n LEFT JOIN payers y ON y.payer_id = n.payer_id WHERE n.denied_on < DATE '{as_of}' "
        "ORDER BY n.denial_id"
    ).df()

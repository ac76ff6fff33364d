"""The last day to appeal a denial, and where that day comes from: a date never appears without its source."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import duckdb
import pandas as pd

from scoring.rules import Deadline

ASSUMED_DAYS = 60


def appeal_deadlines(connection: duckdb.DuckDBPyConnection, deadlines: Sequence[Deadline], as_of: date) -> pd.DataFrame:
    """Return denial_id, due_on and due_on_source of every denial known before the as-of day.

    The denial's own date comes first, then the payer's contract, then what the law gives the payer's class, then 60
    days, said to be assumed (rules.md).
    """
    by_class = pd.DataFrame(
        {
            "payer_class": [row.payer_class for row in deadlines],
            "days": [row.days for row in deadlines],
            "citation": [row.citation for row in deadlines],
        }
    )
    connection.register("class_deadlines", by_class)
    try:
        return connection.execute(
            "SELECT n.denial_id, "
            "CAST(COALESCE(n.appeal_due_on, n.denied_on + p.appeal_days, n.denied_on + CAST(c.days AS INTEGER), "
            f"n.denied_on + {ASSUMED_DAYS}) AS DATE) AS due_on, "
            "CASE WHEN n.appeal_due_on IS NOT NULL THEN 'stated on the denial' "
            "WHEN p.appeal_days IS NOT NULL THEN 'payer''s contract: ' || p.appeal_days || ' days from the denial' "
            "WHEN c.days IS NOT NULL THEN c.citation || ', from the denial' "
            f"ELSE 'assumed: {ASSUMED_DAYS} days from the denial' END AS due_on_source "
            "FROM denials n LEFT JOIN payers p ON p.payer_id = n.payer_id "
            f"LEFT JOIN class_deadlines c ON c.payer_class = p.payer_class WHERE n.denied_on < DATE '{as_of}' "
            "ORDER BY n.denial_id"
        ).df()
    finally:
        connection.unregister("class_deadlines")

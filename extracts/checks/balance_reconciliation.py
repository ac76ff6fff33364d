"""Reconcile the ledger with the balances that the source states, to the cent, and list the mismatches."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import duckdb

from payrank.extracts.atomic import create_private
from payrank.extracts.fetch_row import fetch_one_row
from payrank.extracts.formula_safe import safe_cell

COMPARISON = """
SELECT stated.account_id, stated.responsibility, stated.balance AS stated, coalesce(ledger.balance, 0) AS ledger
FROM stated_balances AS stated LEFT JOIN (
  SELECT account_id, responsibility, sum(amount) AS balance FROM transactions
  GROUP BY GROUPING SETS ((account_id, responsibility), (account_id))
) AS ledger
ON ledger.account_id = stated.account_id AND ledger.responsibility IS NOT DISTINCT FROM stated.responsibility
"""


@dataclass(frozen=True, slots=True)
class BalanceReconciliation:
    """Count the stated balances that match the ledger to the cent.

    `stated` = `matched` + `mismatched`. `unstated` counts accounts in the ledger that have no stated balance.
    """

    stated: int
    matched: int
    mismatched: int
    unstated: int


def reconcile_balances(connection: duckdb.DuckDBPyConnection) -> BalanceReconciliation:
    """Compare the ledger of a loaded extract with its `stated_balances`, to the cent.

    `unstated` includes accounts whose ledger balance is zero.
    """
    stated, off = fetch_one_row(
        connection, f"SELECT count(*), coalesce(count_if(stated <> ledger), 0) FROM ({COMPARISON})"
    )
    (unstated,) = fetch_one_row(
        connection,
        "SELECT count(DISTINCT account_id) FROM transactions WHERE account_id NOT IN "
        "(SELECT account_id FROM stated_balances)",
    )
    return BalanceReconciliation(stated, stated - off, off, unstated)


def write_unreconciled(connection: duckdb.DuckDBPyConnection, path: Path) -> None:
    """Write the mismatched balances as a private CSV file: account, responsibility, stated balance, ledger balance."""
    rows = connection.execute(
        f"SELECT * FROM ({COMPARISON}) WHERE stated <> ledger ORDER BY account_id, responsibility NULLS FIRST"
    ).fetchall()
    create_private(path)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["account_id", "responsibility", "stated", "ledger"])
        writer.writerows([safe_cell(value) for value in row] for row in rows)

"""Control totals: compare the declared rows and dollars of a table with the rows and dollars that arrived."""

from __future__ import annotations

from decimal import Decimal

import duckdb

from payrank.extracts.contract.metadata import FILE_NAME, ControlTotal, money_column
from payrank.extracts.contract.source_file import quote_name
from payrank.extracts.contract.tables import Table
from payrank.extracts.errors import ExtractRefusedError
from payrank.extracts.fetch_row import fetch_one_row
from payrank.extracts.load.stage import RULE, Staged
from payrank.extracts.pluralize import pluralize


def check_control_total(
    connection: duckdb.DuckDBPyConnection, staged: Staged, total: ControlTotal | None
) -> tuple[str, ...]:
    """Compare the rows and dollars of the staged table with the declared ones, including rows to be quarantined.

    Call this while those rows are still in the staged table.

    Returns
    -------
    tuple of str
        A notice if dollars cannot be compared because a row's amount cannot be read.

    Raises
    ------
    ExtractRefusedError
        With the rows or dollars expected and found.
    """
    if total is None:
        return ()
    name = quote_name(staged.table.name)
    money = money_column(staged.table.name)
    amount = "0, 0"
    if money:  # count_if over no rows is null
        unreadable = f"{RULE} IS NOT NULL AND {quote_name(money)} IS NULL"
        amount = f"sum({quote_name(money)}), coalesce(count_if({unreadable}), 0)"
    count, dollars, unread = fetch_one_row(connection, f"SELECT count(*), {amount} FROM {name}")
    rows = count + len(staged.unreadable)
    unread += len(staged.unreadable)
    if total.rows is not None and rows != total.rows:
        raise refuse_total(staged.table, staged.source.name, pluralize(total.rows, "row"), pluralize(rows, "row"))
    if total.amount is None:
        return ()
    if unread:
        return (
            f"{staged.source.name}: the dollar total in {FILE_NAME} was not compared, because "
            f"{pluralize(unread, 'quarantined row')} may have an amount",
        )
    if (dollars or Decimal(0)) != total.amount:
        raise refuse_total(staged.table, staged.source.name, f"{total.amount:,} dollars", f"{dollars or 0:,} dollars")
    return ()


def refuse_total(table: Table, file: str, expected: str, actual: str) -> ExtractRefusedError:
    """Return the error for a control total that differs. Both values are totals of a table, not of a patient."""
    return ExtractRefusedError(
        f"{file}: the control total of {table.name} in {FILE_NAME} does not match: expected {expected}, found "
        f"{actual}. Allowed: exactly equal rows and cents. The file may be truncated or duplicated: send it again, or "
        "correct the total."
    )

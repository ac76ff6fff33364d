"""The allowed values of a column in the extract contract."""

from __future__ import annotations

from payrank.extracts.contract.tables import table


def allowed_values(table_name: str, column_name: str) -> tuple[str, ...]:
    """Return the allowed values of a column, in the contract's order; empty if any value is allowed.

    >>> allowed_values("transactions", "responsibility")
    ('patient', 'insurance')
    """
    column = table(table_name).column(column_name)
    return column.levels if column else ()

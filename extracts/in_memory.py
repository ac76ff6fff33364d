"""Load an extract from tables in memory, under the same contract as files."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from payrank.extracts.atomic import create_private
from payrank.extracts.contract.metadata import Metadata, read_attributes, write_metadata
from payrank.extracts.contract.tables import STATED_BALANCES, TABLE_NAMES, any_table
from payrank.extracts.errors import ExtractRefusedError, WrongUsageError, did_you_mean
from payrank.extracts.extract import Extract
from payrank.extracts.load.load_extract import load_extract

if TYPE_CHECKING:
    import pandas as pd

NAMES = (*TABLE_NAMES, STATED_BALANCES.name)


def load_tables(
    tables: Mapping[str, pd.DataFrame | pa.Table],
    *,
    as_of: date | None = None,
    attributes: Mapping[str, Mapping[str, str]] | None = None,
) -> Extract:
    """Load an extract from pandas DataFrames or Arrow tables.

    The tables are written as Parquet to a private folder, loaded with `load_extract`, and deleted. The index of a
    DataFrame is dropped. IDs must be text. Money must be Decimal, or float exact to the cent. Dates must be
    `datetime.date`, or timestamps at midnight without a time zone.

    Parameters
    ----------
    tables
        Table name of the contract -> rows.
    as_of
        The as-of date, as in `extract.toml`: the tables contain everything known before this day.
    attributes
        Declared site attributes: table -> column -> category, number, or boolean.

    Returns
    -------
    Extract
        Close it, or use it as a context manager.

    Raises
    ------
    WrongUsageError
        When the contract has no table of that name, or the table is neither a DataFrame nor an Arrow table.
    ExtractRefusedError
        When the rows violate the contract, as for files.

    Examples
    --------
    >>> import pandas as pd
    >>> accounts = pd.DataFrame({
    ...     "account_id": ["007", "008"], "guarantor_id": ["G1", "G1"], "opened_on": pd.to_datetime(["2026-01-05"] * 2),
    ... })
    >>> with load_tables({"accounts": accounts}) as extract:
    ...     extract.tables["accounts"].rows_loaded
    2
    >>> load_tables({"acounts": accounts})
    Traceback (most recent call last):
        ...
    payrank.extracts.errors.WrongUsageError: the contract has no table 'acounts'; did you mean 'accounts'?
    """
    declared = read_attributes({name: dict(columns) for name, columns in (attributes or {}).items()})
    folder = Path(tempfile.mkdtemp(prefix="payrank-"))
    try:
        for name, rows in tables.items():
            if name not in NAMES:
                raise WrongUsageError(f"the contract has no table {name!r}; {did_you_mean(str(name), NAMES)}")
            path = folder / f"{name}.parquet"
            create_private(path)
            pq.write_table(_to_arrow(name, rows, declared.get(name, {})), path)
        write_metadata(Metadata(source_system="tables in memory", as_of=as_of, attributes=declared), folder)
        return load_extract(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _to_arrow(name: str, rows: pd.DataFrame | pa.Table, attributes: Mapping[str, str]) -> pa.Table:
    if isinstance(rows, pa.Table):
        return rows
    if not hasattr(rows, "columns") or not hasattr(rows, "to_numpy"):
        raise WrongUsageError(
            f"table {name!r} is of type {type(rows).__name__}; pass a pandas DataFrame or an Arrow table"
        )
    try:
        return pa.Table.from_pandas(rows, preserve_index=False).replace_schema_metadata(None)
    except (pa.ArrowException, TypeError, ValueError) as error:
        columns = [str(column) for column in rows.columns if not _fits(rows, column)]
        known = {column.name: column.kind for column in any_table(name).columns} | dict(attributes)
        named = ", ".join(f"{column} ({known.get(column, 'not in the contract')})" for column in columns)
        raise ExtractRefusedError(
            f"table {name!r}: {named or 'a column'} mixes values of several types ({type(error).__name__}). "
            "Allowed: one type per column: text, numbers, Decimal, or dates. Convert the column and load again."
        ) from None


def _fits(rows: pd.DataFrame, column: object) -> bool:
    try:
        pa.Array.from_pandas(rows[column])
    except (pa.ArrowException, TypeError, ValueError):
        return False
    return True

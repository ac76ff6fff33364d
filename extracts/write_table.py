"""Write a DuckDB table as Parquet. The same rows give the same bytes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import duckdb
import pyarrow.parquet as pq

from payrank.extracts.atomic import create_private
from payrank.extracts.contract.metadata import ControlTotal, money_column
from payrank.extracts.contract.source_file import quote_name
from payrank.extracts.fetch_row import fetch_one_row

BATCH_ROWS = 200_000


def write_table(connection: duckdb.DuckDBPyConnection, name: str, folder: Path, columns: Sequence[str]) -> ControlTotal:
    """Write a table's columns as a private Parquet file, in the table's row order. The same rows give the same bytes.

    Returns
    -------
    ControlTotal
        Rows and dollars written.
    """
    table = quote_name(name)
    path = folder / f"{name}.parquet"
    create_private(path)
    money = money_column(name)
    amount = f"coalesce(sum({quote_name(money)}), 0)" if money is not None and money in columns else "NULL"
    names = ", ".join(map(quote_name, columns))
    rows, dollars = fetch_one_row(connection, f"SELECT count(*), {amount} FROM {table}")
    schema = connection.sql(f"SELECT {names} FROM {table} LIMIT 0").to_arrow_table().schema
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        for start in range(0, rows, BATCH_ROWS):
            batch = connection.sql(f"SELECT {names} FROM {table} ORDER BY rowid LIMIT {BATCH_ROWS} OFFSET {start}")
            writer.write_table(batch.to_arrow_table())
    return ControlTotal(rows, dollars)

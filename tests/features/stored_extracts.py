"""Small extracts stored for engines: as Parquet files in a folder, or as tables in a PostgreSQL schema."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

import pandas as pd
import psycopg
import pyarrow as pa
import pyarrow.parquet as pq

from payrank.extracts.contract.metadata import Metadata, write_metadata
from payrank.extracts.contract.source_file import quote_name
from payrank.extracts.contract.tables import TABLES
from tests.features.small_extracts import SITE, Rows, list_columns, make_extract

Attributes = Mapping[str, Mapping[str, str]]

POSTGRES_TYPES = {
    "money": "numeric(18,2)",
    "date": "date",
    "integer": "integer",
    "boolean": "boolean",
    "number": "double precision",
}


def write_parquet(rows: Rows, folder: Path, *, absent: Collection[str] = (), attributes: Attributes = SITE) -> Path:
    """Write an extract's tables as Parquet with the contract's types; without the absent tables and columns."""
    folder.mkdir(parents=True, exist_ok=True)
    write_metadata(Metadata(attributes=attributes), folder)
    with make_extract(rows, attributes=attributes) as extract:
        for table in TABLES:
            if table.name in absent or not rows.get(table.name):
                continue
            columns = [name for name in list_columns(table.name, attributes) if f"{table.name}.{name}" not in absent]
            stored = extract.connection.sql(
                f"SELECT {', '.join(map(quote_name, columns))} FROM {table.name}"
            ).to_arrow_table()
            pq.write_table(stored, folder / f"{table.name}.parquet")
    return folder


def write_columns(folder: Path, table: str, **columns: pa.Array) -> Path:
    """Write one table's Parquet with columns of any type."""
    folder.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table(columns), folder / f"{table}.parquet")
    return folder


def store_in_postgres(rows: Rows, url: str, schema: str, folder: Path, *, attributes: Attributes = SITE) -> str:
    """Create a schema of the contract's tables with these rows, and return its address with an `extract.toml`."""
    folder.mkdir(parents=True, exist_ok=True)
    write_metadata(Metadata(attributes=attributes), folder)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"DROP SCHEMA IF EXISTS {schema} CASCADE; CREATE SCHEMA {schema}".encode())
        for table in TABLES:
            columns = list_columns(table.name, attributes)
            fields = ", ".join(f'"{name}" {POSTGRES_TYPES.get(kind, "text")}' for name, kind in columns.items())
            connection.execute(f"CREATE TABLE {schema}.{table.name} ({fields})".encode())
            with connection.cursor().copy(f"COPY {schema}.{table.name} FROM STDIN".encode()) as copy:
                for row in rows.get(table.name, []):
                    copy.write_row([row.get(name) for name in columns])
    return f"{url}&schema={schema}&metadata={folder / 'extract.toml'}"


def assert_same_frame(actual: pd.DataFrame, expected: pd.DataFrame) -> None:
    """Assert the same rows in the same order, columns, and dtypes; floats within a billionth, all else exactly."""
    pd.testing.assert_frame_equal(actual, expected, check_exact=False, rtol=1e-9, atol=1e-12)

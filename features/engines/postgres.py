"""Run a plan inside PostgreSQL, where the canonical tables are. Only the finished frame leaves the database.

Nothing is written except temporary tables, which the session drops when it ends. The user needs SELECT on the schema's
tables and TEMPORARY on the database (which PostgreSQL grants to everyone). All queries read the same database snapshot.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from payrank.extracts.contract.metadata import FILE_NAME, Metadata, read_metadata
from payrank.extracts.contract.source_file import quote_name
from payrank.extracts.errors import ExtractRefusedError
from payrank.extracts.finding import Finding
from payrank.extracts.load.database import Address, find_metadata, open_snapshot, read_address
from payrank.features.dialects.dialect import Dialect
from payrank.features.dialects.postgres import PostgresDialect
from payrank.features.engines.planning import FramePlan, plan_frame
from payrank.features.engines.postgres_reading import TYPE_FAMILIES, PostgresReading
from payrank.features.engines.reading import Reading, TypeFamily
from payrank.features.engines.to_pandas import arrow_schema, rows_to_pandas
from payrank.features.engines.validate import validate_tables
from payrank.features.feature import Feature
from payrank.features.frame import Definition, Frame
from payrank.features.site.features import NO_SITE_FEATURES, SiteFeatures
from payrank.features.sql.plan import SqlPlan

if TYPE_CHECKING:
    from psycopg import Connection


class PostgresTables:
    """The validated canonical tables of a schema, while the connection is open.

    `tables` has the state of each table, and `findings` what a user should know about them.
    """

    dialect: Dialect = PostgresDialect()
    reading: Reading = PostgresReading()

    def __init__(self, connection: Connection[tuple[object, ...]], address: Address) -> None:
        self.connection, self.shown, self.schema = connection, address.shown, address.schema
        self.metadata = _read_metadata(address)
        self._check_privileges()
        self._columns = self._find_columns()
        validated = validate_tables(self, self.metadata)
        self.tables = validated.tables
        self.findings: tuple[Finding, ...] = validated.findings

    def list_columns(self, table: str) -> Mapping[str, tuple[TypeFamily, str]] | None:
        """Return the columns that this user may read, each with its type family and PostgreSQL's name of the type."""
        return self._columns.get(table)

    def source_relation(self, table: str) -> str:
        """Return the table name with its schema."""
        return f"{quote_name(self.schema)}.{quote_name(table)}"

    def query(self, sql: str) -> Sequence[Sequence[object]]:
        """Run a query that returns a few rows."""
        return self.connection.execute(sql.encode()).fetchall()

    def create_view(self, name: str, sql: str) -> None:
        """Create a temporary view, which takes precedence over any table of the same name."""
        self.connection.execute(f"CREATE TEMPORARY VIEW {quote_name(name)} AS {sql}".encode())

    def run(self, plan: SqlPlan, features: Sequence[Feature]) -> pd.DataFrame:
        """Run each step into a temporary table, and fetch the rows of the last one by as-of date and unit.

        Raises
        ------
        ExtractRefusedError
            When the server runs out of disk or memory, or a site feature cannot be computed.
        """
        spell = self.dialect.spell
        for step in plan.steps:
            name = spell(step.name)
            self.connection.execute(f"CREATE TEMPORARY TABLE {name} ON COMMIT DROP AS {spell(step.sql)}".encode())
            self.connection.execute(f"ANALYZE {name}".encode())
        data = self._fetch(spell(plan.steps[-1].name), features)
        for step in reversed(plan.steps):
            self.connection.execute(f"DROP TABLE {spell(step.name)}".encode())
        return data

    def _fetch(self, frame: str, features: Sequence[Feature]) -> pd.DataFrame:
        """Copy the frame as CSV, which keeps empty text apart from null and floating-point numbers exact."""
        import pyarrow as pa  # noqa: PLC0415 - only this engine needs Arrow's CSV reader
        from pyarrow import csv  # noqa: PLC0415

        cursor = self.connection.execute(f"SELECT * FROM {frame} LIMIT 0".encode())
        returned = [column.name for column in cursor.description or ()]
        full = {PostgresDialect.spelling.shorten(feature.name): feature.name for feature in features}
        names = [full.get(name, name) for name in returned]
        query = f"COPY (SELECT * FROM {frame} ORDER BY as_of, unit_id) TO STDOUT (FORMAT csv)"
        schema = arrow_schema(names, features)
        with tempfile.TemporaryFile() as file:
            with self.connection.cursor().copy(query.encode()) as rows:
                file.writelines(rows)
            if not file.tell():
                return rows_to_pandas(schema.empty_table(), features)
            file.seek(0)
            table = csv.read_csv(
                pa.PythonFile(file),
                read_options=csv.ReadOptions(column_names=names),
                parse_options=csv.ParseOptions(newlines_in_values=True),
                convert_options=csv.ConvertOptions(
                    column_types=schema, null_values=[""], strings_can_be_null=True, quoted_strings_can_be_null=False
                ),
            )
        return rows_to_pandas(table, features)

    def _check_privileges(self) -> None:
        ((temporary, read_only),) = self.query(
            "SELECT has_database_privilege(current_database(), 'TEMPORARY'), pg_is_in_recovery()"
        )
        if read_only or not temporary:
            problem = "it is a standby, which cannot have temporary tables" if read_only else "TEMPORARY is not granted"
            raise ExtractRefusedError(
                f"{self.shown}: {problem}. Allowed: SELECT on the tables and GRANT TEMPORARY ON DATABASE, on a server "
                "that is not a standby. Or use --engine duckdb, which only reads."
            )

    def _find_columns(self) -> dict[str, dict[str, tuple[TypeFamily, str]]]:
        # Columns that this user may not read are not listed, so they count as missing, as with files.
        listed = self.connection.execute(
            "SELECT table_name, column_name, data_type FROM information_schema.columns WHERE table_schema = %s "
            "AND has_column_privilege(format('%%I.%%I', table_schema, table_name), column_name, 'SELECT') "
            "ORDER BY table_name, ordinal_position",
            (self.schema,),
        ).fetchall()
        columns: dict[str, dict[str, tuple[TypeFamily, str]]] = {}
        for table, column, name in listed:
            columns.setdefault(str(table), {})[str(column)] = (TYPE_FAMILIES.get(str(name), "text"), str(name))
        return columns


@contextmanager
def open_tables(address: str) -> Iterator[PostgresTables]:
    """Validate the canonical tables of a schema, and yield them: `postgresql://USER@HOST/DATABASE?schema=ar`.

    Raises
    ------
    ExtractRefusedError
        When the server cannot be reached, privileges are missing, or the tables break the contract.
    WrongUsageError
        When the address is malformed, or the driver is not installed.
    """
    parsed = read_address(address)
    with open_snapshot(parsed, read_only=False) as connection:
        # JIT-compiling these wide queries takes longer than running them.
        connection.execute("SET LOCAL jit = off")
        # Temporary views and tables always come first. No other table may be found by its unqualified name.
        connection.execute("SET LOCAL search_path = pg_catalog")
        yield PostgresTables(connection, parsed)
        connection.rollback()


def frame_from_database(
    address: str,
    target: Definition,
    as_of: date,
    *,
    labeled: bool = False,
    site_features: SiteFeatures = NO_SITE_FEATURES,
    grace_days: int | None = None,
) -> Frame:
    """Return the nightly frame as of a date, or the labeled frame of a training day, computed in the database.

    Parameters
    ----------
    address
        `postgresql://USER@HOST:PORT/DATABASE?schema=SCHEMA`, optionally followed by `&metadata=/path/to/extract.toml`.
    site_features
        Features that the site's settings add.
    grace_days
        As in `payrank.features.engines.planning.plan_frame`.

    Raises
    ------
    ExtractRefusedError, WrongUsageError
        As in `open_tables` and `payrank.features.engines.planning.plan_frame`.
    """
    with open_tables(address) as tables:
        plan = plan_frame(tables, target, as_of, labeled=labeled, site_features=site_features, grace_days=grace_days)
        return run_frame(tables, plan)


def run_frame(tables: PostgresTables, plan: FramePlan) -> Frame:
    """Run a plan, and return its frame."""
    data = tables.run(plan.sql, plan.features)
    return Frame(plan.target.unit, data, plan.features, plan.target, plan.sql.unavailable)


def _read_metadata(address: Address) -> Metadata:
    if address.metadata is None:
        return Metadata()
    with tempfile.TemporaryDirectory(prefix="payrank-") as folder:
        Path(folder, FILE_NAME).write_bytes(find_metadata(address).read_bytes())
        return read_metadata(Path(folder))

"""Run a plan inside PostgreSQL, where the canonical tables are: only the finished frame leaves the database.

Nothing is written beyond temporary tables of the session, dropped when it ends; the user needs SELECT on the schema's
tables and TEMPORARY on the database (which PostgreSQL grants to everyone). All queries see one moment of the database.
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
from payrank.features.engines.planning import Planned, plan_on
from payrank.features.engines.postgres_reading import FAMILIES, PostgresReading
from payrank.features.engines.reading import Family, Reading
from payrank.features.engines.to_pandas import arrow_schema, settle
from payrank.features.engines.validate import judge_tables
from payrank.features.feature import Feature
from payrank.features.frame import Definition, Frame
from payrank.features.site.features import NO_SITE_FEATURES, SiteFeatures
from payrank.features.sql.plan import Plan

if TYPE_CHECKING:
    from psycopg import Connection


class PostgresTables:
    """The judged canonical tables of a schema, for as long as the connection is open.

    `tables` says how each arrived, `findings` what a person should know of them.
    """

    dialect: Dialect = PostgresDialect()
    reading: Reading = PostgresReading()

    def __init__(self, connection: Connection[tuple[object, ...]], address: Address) -> None:
        self.connection, self.shown, self.schema = connection, address.shown, address.schema
        self.metadata = _read_metadata(address)
        self._check_rights()
        self._columns = self._find_columns()
        judged = judge_tables(self, self.metadata)
        self.tables = judged.tables
        self.findings: tuple[Finding, ...] = judged.findings

    def columns_of(self, table: str) -> Mapping[str, tuple[Family, str]] | None:
        """Columns of a table that this user may read, with the family and PostgreSQL's name of their type."""
        return self._columns.get(table)

    def relation_of(self, table: str) -> str:
        """Return the table in its schema."""
        return f"{quote_name(self.schema)}.{quote_name(table)}"

    def ask(self, sql: str) -> Sequence[Sequence[object]]:
        """Run a query of a few rows."""
        return self.connection.execute(sql.encode()).fetchall()

    def define(self, name: str, sql: str) -> None:
        """Make a temporary view: it is found before any table of that name."""
        self.connection.execute(f"CREATE TEMPORARY VIEW {quote_name(name)} AS {sql}".encode())

    def run(self, plan: Plan, features: Sequence[Feature]) -> pd.DataFrame:
        """Run the steps, each into a temporary table, and fetch the last one's rows by as-of date and unit.

        Raises
        ------
        ExtractRefusedError
            When the server runs out of disk or memory, or a site's own expression cannot be worked out.
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
        """Copy the frame out as CSV, in which PostgreSQL tells an empty text from null and writes floats to the bit."""
        import pyarrow as pa  # noqa: PLC0415 - with the CSV reader, only for this engine
        from pyarrow import csv  # noqa: PLC0415

        cursor = self.connection.execute(f"SELECT * FROM {frame} LIMIT 0".encode())
        found = [column.name for column in cursor.description or ()]
        full = {PostgresDialect.spelling.shorten(feature.name): feature.name for feature in features}
        names = [full.get(name, name) for name in found]
        query = f"COPY (SELECT * FROM {frame} ORDER BY as_of, unit_id) TO STDOUT (FORMAT csv)"
        schema = arrow_schema(names, features)
        with tempfile.TemporaryFile() as file:
            with self.connection.cursor().copy(query.encode()) as rows:
                file.writelines(rows)
            if not file.tell():
                return settle(schema.empty_table(), features)
            file.seek(0)
            table = csv.read_csv(
                pa.PythonFile(file),
                read_options=csv.ReadOptions(column_names=names),
                parse_options=csv.ParseOptions(newlines_in_values=True),
                convert_options=csv.ConvertOptions(
                    column_types=schema, null_values=[""], strings_can_be_null=True, quoted_strings_can_be_null=False
                ),
            )
        return settle(table, features)

    def _check_rights(self) -> None:
        ((temporary, read_only),) = self.ask(
            "SELECT has_database_privilege(current_database(), 'TEMPORARY'), pg_is_in_recovery()"
        )
        if read_only or not temporary:
            found = "a standby, which takes no temporary tables" if read_only else "no right to make temporary tables"
            raise ExtractRefusedError(
                f"{self.shown}: {found}. Allowed: SELECT on the tables, and GRANT TEMPORARY ON DATABASE, on a server "
                "that is no standby; nothing else is written. Or run on DuckDB, which only reads: --engine duckdb."
            )

    def _find_columns(self) -> dict[str, dict[str, tuple[Family, str]]]:
        # A view or table that may not be read is not listed, and is absent as with files.
        found = self.connection.execute(
            "SELECT table_name, column_name, data_type FROM information_schema.columns WHERE table_schema = %s "
            "AND has_column_privilege(format('%%I.%%I', table_schema, table_name), column_name, 'SELECT') "
            "ORDER BY table_name, ordinal_position",
            (self.schema,),
        ).fetchall()
        columns: dict[str, dict[str, tuple[Family, str]]] = {}
        for table, column, name in found:
            columns.setdefault(str(table), {})[str(column)] = (FAMILIES.get(str(name), "text"), str(name))
        return columns


@contextmanager
def open_tables(address: str) -> Iterator[PostgresTables]:
    """Judge the canonical tables of a schema and hold them: `postgresql://USER@HOST/DATABASE?schema=ar`.

    Raises
    ------
    ExtractRefusedError
        When the server cannot be reached, the rights do not suffice, or the tables break their contract.
    WrongUsageError
        When the address cannot be read, or the driver is not installed.
    """
    where = read_address(address)
    with open_snapshot(where, read_only=False) as connection:
        # Compiling these wide queries takes longer than running them.
        connection.execute("SET LOCAL jit = off")
        # Temporary views and tables come first by themselves; nothing else may be found by its bare name.
        connection.execute("SET LOCAL search_path = pg_catalog")
        yield PostgresTables(connection, where)
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
    """Return the nightly frame as of a day, or the labeled frame of a training day, computed inside the database.

    Parameters
    ----------
    address
        `postgresql://USER@HOST:PORT/DATABASE?schema=SCHEMA`, and optionally `&metadata=/path/to/extract.toml`.
    site_features
        The features that the site's settings add.
    grace_days
        As `payrank.features.engines.planning.plan_on` takes them.

    Raises
    ------
    ExtractRefusedError, WrongUsageError
        As `open_tables` and `payrank.features.frame.training_frame` do.
    """
    with open_tables(address) as tables:
        return frame_on(
            tables, plan_on(tables, target, as_of, labeled=labeled, site_features=site_features, grace_days=grace_days)
        )


def frame_on(tables: PostgresTables, planned: Planned) -> Frame:
    """Run what was planned, and return the frame."""
    data = tables.run(planned.plan, planned.features)
    return Frame(planned.target.unit, data, planned.features, planned.target, planned.plan.unavailable)


def _read_metadata(address: Address) -> Metadata:
    if address.metadata is None:
        return Metadata()
    with tempfile.TemporaryDirectory(prefix="payrank-") as folder:
        Path(folder, FILE_NAME).write_bytes(find_metadata(address).read_bytes())
        return read_metadata(Path(folder))

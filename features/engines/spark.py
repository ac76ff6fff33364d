"""Run a plan on Spark: Parquet in, Parquet out. The driver only sees counts; no row passes through it."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from payrank.extracts.contract.metadata import FILE_NAME, Metadata, read_metadata
from payrank.extracts.contract.source_file import quote_name
from payrank.extracts.contract.tables import TABLES
from payrank.extracts.contract.tables import table as contract_table
from payrank.extracts.errors import ExtractRefusedError
from payrank.extracts.finding import Finding
from payrank.extracts.publish_folder import publish_folder
from payrank.features.dialects.dialect import Dialect
from payrank.features.dialects.identifiers import Step
from payrank.features.dialects.spark import SparkDialect
from payrank.features.engines.planning import FramePlan, plan_frame
from payrank.features.engines.reading import Reading, TypeFamily
from payrank.features.engines.spark_reading import SparkReading, type_family
from payrank.features.engines.spark_session import open_session, read_if_exists
from payrank.features.engines.to_pandas import arrow_schema, rows_to_pandas
from payrank.features.engines.validate import validate_tables
from payrank.features.feature import Feature
from payrank.features.frame import UNIT_KEYS, Definition, Frame
from payrank.features.site.features import NO_SITE_FEATURES, SiteFeatures
from payrank.features.sql.plan import SqlPlan

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

SUCCESS_FILE = "_SUCCESS"
"""File that Spark writes when a folder is complete."""
_REMOTE_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)
_SPARK_TYPES = {"string": "STRING", "date32[day]": "DATE", "double": "DOUBLE"}


class SparkTables:
    """The validated canonical tables of a folder of Parquet files, in their own session.

    `tables` has the state of each table, and `findings` what a user should know about them.
    """

    dialect: Dialect = SparkDialect()
    reading: Reading = SparkReading()

    def __init__(self, session: SparkSession, source: Path | str) -> None:
        self.session, self.source, self.shown = session, str(source).rstrip("/"), str(source)
        self._sources = self._find_tables()
        self.metadata = self._read_metadata()
        validated = validate_tables(self, self.metadata)
        self.tables = validated.tables
        self.findings: tuple[Finding, ...] = validated.findings

    def list_columns(self, table: str) -> Mapping[str, tuple[TypeFamily, str]] | None:
        """Return the columns of a table, each with its type family and Spark's name of the type."""
        if table not in self._sources:
            return None
        types = {field.name: field.dataType.simpleString() for field in self._sources[table].schema}
        if len({name.casefold() for name in types}) < len(self._sources[table].schema):
            raise ExtractRefusedError(
                f"{self.shown}, table {table}: two columns have the same name, ignoring case. Allowed: each name once. "
                "Rename or drop one."
            )
        return {name: (self._find_family(table, name, type_name), type_name) for name, type_name in types.items()}

    def _find_family(self, table: str, name: str, type_name: str) -> TypeFamily:
        """Return a column's type family. Spark reads a column without any value as `int`, whatever it should be."""
        column = contract_table(table).column(name)
        if type_name == "int" and column is not None and column.kind in {"date", "level"}:
            ((values,),) = self.query(f"SELECT COUNT({quote_name(name)}) FROM {self.source_relation(table)}")
            if not values:
                return "empty"
        return type_family(type_name)

    def source_relation(self, table: str) -> str:
        """Return the view of the source Parquet."""
        return quote_name(f"source_{table}")

    def query(self, sql: str) -> Sequence[Sequence[object]]:
        """Run a query that returns a few rows."""
        return self.session.sql(sql).collect()

    def create_view(self, name: str, sql: str) -> None:
        """Create a view in this session."""
        self.session.sql(sql).createOrReplaceTempView(name)

    @contextmanager
    def run(self, plan: SqlPlan, features: Sequence[Feature]) -> Iterator[DataFrame]:
        """Yield the frame's rows, sorted and in the frame's types, not yet computed.

        A step with several readers is computed once and stored by the executors, or on shared storage if the
        application has a checkpoint folder. Inlined into every reader, it would make the query plan so large that
        planning takes longer than running.
        """
        stored = []
        try:
            for step, readers in zip(plan.steps, _later(plan.steps), strict=True):
                rows = self.session.sql(self.dialect.spell(step.sql))
                if readers > 1:
                    rows = self._keep(rows)
                    stored.append(rows)
                rows.createOrReplaceTempView(step.name)
            frame = self.session.table(plan.steps[-1].name)
            types = arrow_schema(frame.columns, features)
            frame = frame.selectExpr(
                *(f"CAST({quote_name(t.name)} AS {_SPARK_TYPES[str(t.type)]}) AS {quote_name(t.name)}" for t in types)
            )
            yield frame.orderBy("as_of", "unit_id")
        finally:
            for rows in stored:
                rows.unpersist()

    def _keep(self, rows: DataFrame) -> DataFrame:
        if self.session.sparkContext.getCheckpointDir() is not None:
            return rows.checkpoint()
        return rows.localCheckpoint()

    def _find_tables(self) -> dict[str, DataFrame]:
        if not _REMOTE_ADDRESS.match(self.source) and not Path(self.source).is_dir():
            raise ExtractRefusedError(
                f"{self.shown}: no such folder. Allowed: a folder, on storage that every worker can read, with one "
                "Parquet file or folder per table. Name the folder of the extract."
            )
        sources = {}
        for table in TABLES:
            self._refuse_csv(table.name)
            rows = read_if_exists(self.session.read.parquet, f"{self.source}/{table.name}.parquet")
            if rows is not None:
                rows.createOrReplaceTempView(f"source_{table.name}")
                sources[table.name] = rows
        return sources

    def _refuse_csv(self, table: str) -> None:
        """Refuse a CSV file, because silently skipping it would look like a missing table."""
        if _REMOTE_ADDRESS.match(self.source):
            return
        for suffix in ("csv", "csv.gz"):
            if Path(self.source, f"{table}.{suffix}").exists():
                raise ExtractRefusedError(
                    f"{table}.{suffix}: the engine spark reads only Parquet. Allowed: {table}.parquet. Export the "
                    "table as Parquet, or use --engine duckdb, which reads CSV."
                )

    def _read_metadata(self) -> Metadata:
        if not _REMOTE_ADDRESS.match(self.source):
            return read_metadata(Path(self.source))
        lines = read_if_exists(self.session.read.option("wholetext", value=True).text, f"{self.source}/{FILE_NAME}")
        if lines is None:
            return Metadata()
        ((text,),) = lines.collect()
        with tempfile.TemporaryDirectory(prefix="payrank-") as folder:
            Path(folder, FILE_NAME).write_text(text, encoding="utf-8")
            return read_metadata(Path(folder))


@dataclass(frozen=True, slots=True)
class WrittenFrame:
    """A frame that Spark wrote: its folder, its plan, and findings about the tables."""

    out: str
    plan: FramePlan
    findings: tuple[Finding, ...]


def write_frame(
    source: Path | str,
    target: Definition,
    as_of: date,
    out: Path | str,
    *,
    master: str | None = None,
    settings: Mapping[str, str] = {},
    labeled: bool = False,
    site_features: SiteFeatures = NO_SITE_FEATURES,
    grace_days: int | None = None,
) -> WrittenFrame:
    """Compute a frame with Spark, and write it as a folder of Parquet files.

    Rows are sorted by as-of date and key. The key column is `account_id` or `denial_id`.

    Parameters
    ----------
    source
        Folder, or an address such as `s3a://bucket/extract`, with a file or folder `<table>.parquet` for each table.
    out
        Folder to write. On this machine it appears complete, by one rename, and only its owner may read it. Files in
        name order have the rows in order.
    master, settings
        As in `payrank.features.engines.spark_session.open_session`.
    labeled
        Whether this is the frame of a training day.
    site_features
        Features that the site's settings add.
    grace_days
        As in `payrank.features.engines.planning.plan_frame`.

    Raises
    ------
    ExtractRefusedError
        When the tables break the contract, or Spark fails.
    WrongUsageError
        When pyspark or Java is missing, no snapshot has matured, the date is out of range, or `out` has other
        contents.
    """
    with open_session(master, settings) as session:
        tables = SparkTables(session, source)
        plan = plan_frame(tables, target, as_of, labeled=labeled, site_features=site_features, grace_days=grace_days)
        with tables.run(plan.sql, plan.features) as rows:
            frame = rows.withColumnRenamed("unit_id", UNIT_KEYS[target.unit])
            if _REMOTE_ADDRESS.match(str(out)):
                frame.write.parquet(str(out))
            else:
                with publish_folder(Path(out), replaces=SUCCESS_FILE) as aside:
                    frame.write.mode("append").parquet(str(aside))
        return WrittenFrame(str(out), plan, tables.findings)


def frame_from_folder(
    source: Path | str,
    target: Definition,
    as_of: date,
    *,
    master: str | None = None,
    settings: Mapping[str, str] = {},
    labeled: bool = False,
    site_features: SiteFeatures = NO_SITE_FEATURES,
    grace_days: int | None = None,
) -> Frame:
    """Compute a frame with Spark, and read it back on this machine, where models run.

    The workers must be able to write to this machine's temporary folder. If they cannot, `write_frame` to shared
    storage and `read_frame` from there.
    """
    with tempfile.TemporaryDirectory(prefix="payrank-frame-") as folder:
        written = write_frame(
            source,
            target,
            as_of,
            Path(folder, "frame"),
            master=master,
            settings=settings,
            labeled=labeled,
            site_features=site_features,
            grace_days=grace_days,
        )
        return read_frame(Path(written.out), written.plan)


def read_frame(folder: Path, plan: FramePlan) -> Frame:
    """Read a folder of Parquet files that `write_frame` wrote, in the order of their names."""
    import pyarrow as pa  # noqa: PLC0415 - heavy, and only needed here
    import pyarrow.parquet as pq  # noqa: PLC0415

    parts = [pq.read_table(path) for path in sorted(folder.glob("part-*.parquet"))]
    rows = pa.concat_tables(parts)
    key = UNIT_KEYS[plan.target.unit]
    rows = rows.rename_columns(["unit_id" if name == key else name for name in rows.column_names])
    data = rows_to_pandas(rows, plan.features)
    return Frame(plan.target.unit, data, plan.features, plan.target, plan.sql.unavailable)


def _later(steps: Sequence[Step]) -> list[int]:
    """Return the number of later steps that read each step."""
    names = [set(re.findall(r"\w+", step.sql)) for step in steps]
    return [sum(step.name in read for read in names[at + 1 :]) for at, step in enumerate(steps)]

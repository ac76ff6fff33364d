"""Run a plan on Spark: Parquet in, Parquet out. The driver sees counts; no row passes through it."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from payrank.extracts.publish_folder import publish_folder
from payrank.extracts.contract.metadata import FILE_NAME, Metadata, read_metadata
from payrank.extracts.contract.source_file import quote_name
from payrank.extracts.contract.tables import TABLES
from payrank.extracts.contract.tables import table as contract_table
from payrank.extracts.errors import ExtractRefusedError
from payrank.extracts.finding import Finding
from payrank.features.dialects.dialect import Dialect
from payrank.features.dialects.identifiers import Step
from payrank.features.dialects.spark import SparkDialect
from payrank.features.engines.planning import Planned, plan_on
from payrank.features.engines.reading import Family, Reading
from payrank.features.engines.spark_reading import SparkReading, family_of
from payrank.features.engines.spark_session import open_session, read_if_there
from payrank.features.engines.to_pandas import arrow_schema, settle
from payrank.features.engines.validate import judge_tables
from payrank.features.feature import Feature
from payrank.features.frame import Definition, Frame
from payrank.features.site.features import NO_SITE_FEATURES, SiteFeatures
from payrank.features.sql.plan import Plan

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

DONE = "_SUCCESS"
"""The file by which Spark says that a folder is whole."""
_ELSEWHERE = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)
_SPARK_TYPES = {"string": "STRING", "date32[day]": "DATE", "double": "DOUBLE"}


class SparkTables:
    """The judged canonical tables of a folder of Parquet, in a session of their own.

    `tables` says how each arrived, `findings` what a person should know of them.
    """

    dialect: Dialect = SparkDialect()
    reading: Reading = SparkReading()

    def __init__(self, session: SparkSession, source: Path | str) -> None:
        self.session, self.source, self.shown = session, str(source).rstrip("/"), str(source)
        self._found = self._find()
        self.metadata = self._read_metadata()
        judged = judge_tables(self, self.metadata)
        self.tables = judged.tables
        self.findings: tuple[Finding, ...] = judged.findings

    def columns_of(self, table: str) -> Mapping[str, tuple[Family, str]] | None:
        """Columns of a table with the family and Spark's name of their type."""
        if table not in self._found:
            return None
        types = {field.name: field.dataType.simpleString() for field in self._found[table].schema}
        if len({name.casefold() for name in types}) < len(self._found[table].schema):
            raise ExtractRefusedError(
                f"{self.shown}, table {table}: two columns have the same name (capitals aside). Allowed: each name "
                "once. Rename or drop one."
            )
        return {name: (self._family(table, name, found), found) for name, found in types.items()}

    def _family(self, table: str, name: str, found: str) -> Family:
        """A column in which nothing was ever written is an `int` to Spark, whatever it should hold."""
        column = contract_table(table).column(name)
        if found == "int" and column is not None and column.kind in {"date", "level"}:
            ((values,),) = self.ask(f"SELECT COUNT({quote_name(name)}) FROM {self.relation_of(table)}")
            if not values:
                return "nothing"
        return family_of(found)

    def relation_of(self, table: str) -> str:
        """Return the view of the Parquet as it was found."""
        return quote_name(f"as_found_{table}")

    def ask(self, sql: str) -> Sequence[Sequence[object]]:
        """Run a query of a few rows."""
        return self.session.sql(sql).collect()

    def define(self, name: str, sql: str) -> None:
        """Make a view of this session."""
        self.session.sql(sql).createOrReplaceTempView(name)

    @contextmanager
    def run(self, plan: Plan, features: Sequence[Feature]) -> Iterator[DataFrame]:
        """Give the frame's rows, sorted and in the frame's types, not yet computed.

        Steps that several others read are computed once and kept by the executors, or on shared storage where the
        application has a checkpoint folder: a plan that held them all unfolded would take longer to read than to run.
        """
        kept = []
        try:
            for step, later in zip(plan.steps, _later(plan.steps), strict=True):
                rows = self.session.sql(self.dialect.spell(step.sql))
                if later > 1:
                    rows = self._keep(rows)
                    kept.append(rows)
                rows.createOrReplaceTempView(step.name)
            frame = self.session.table(plan.steps[-1].name)
            types = arrow_schema(frame.columns, features)
            frame = frame.selectExpr(
                *(f"CAST({quote_name(f.name)} AS {_SPARK_TYPES[str(f.type)]}) AS {quote_name(f.name)}" for f in types)
            )
            yield frame.orderBy("as_of", "unit_id")
        finally:
            for rows in kept:
                rows.unpersist()

    def _keep(self, rows: DataFrame) -> DataFrame:
        if self.session.sparkContext.getCheckpointDir() is not None:
            return rows.checkpoint()
        return rows.localCheckpoint()

    def _find(self) -> dict[str, DataFrame]:
        if not _ELSEWHERE.match(self.source) and not Path(self.source).is_dir():
            raise ExtractRefusedError(
                f"{self.shown}: no such folder. Allowed: a folder, on storage that every worker sees, with one file or "
                "folder of Parquet a table. Give the folder of the extract."
            )
        found = {}
        for table in TABLES:
            self._refuse_text(table.name)
            rows = read_if_there(self.session.read.parquet, f"{self.source}/{table.name}.parquet")
            if rows is not None:
                rows.createOrReplaceTempView(f"as_found_{table.name}")
                found[table.name] = rows
        return found

    def _refuse_text(self, table: str) -> None:
        """A CSV left aside in silence would be a table that is absent."""
        if _ELSEWHERE.match(self.source):
            return
        for suffix in ("csv", "csv.gz"):
            if Path(self.source, f"{table}.{suffix}").exists():
                raise ExtractRefusedError(
                    f"{table}.{suffix}: the engine spark reads Parquet alone. Allowed: {table}.parquet. Write the "
                    "table as Parquet, or use --engine duckdb, which reads CSV."
                )

    def _read_metadata(self) -> Metadata:
        if not _ELSEWHERE.match(self.source):
            return read_metadata(Path(self.source))
        lines = read_if_there(self.session.read.option("wholetext", value=True).text, f"{self.source}/{FILE_NAME}")
        if lines is None:
            return Metadata()
        ((text,),) = lines.collect()
        with tempfile.TemporaryDirectory(prefix="payrank-") as folder:
            Path(folder, FILE_NAME).write_text(text, encoding="utf-8")
            return read_metadata(Path(folder))


@dataclass(frozen=True, slots=True)
class Written:
    """A frame that Spark wrote: where, what was planned, and what a person should know of the tables."""

    out: str
    planned: Planned
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
) -> Written:
    """Compute a frame with Spark and write it as a folder of Parquet, rows sorted by as-of date and unit.

    Parameters
    ----------
    source
        Folder, or address such as `s3a://bucket/extract`, with `<table>.parquet` for each table (a file or a folder).
    out
        Folder to write; on this machine it appears whole, by one rename, and is its owner's alone. Files in the order
        of their names hold the rows in order.
    master, settings
        As `payrank.features.engines.spark_session.open_session` takes them.
    labeled
        Whether this is the frame of a training day.
    site_features
        The features that the site's settings add.
    grace_days
        As `payrank.features.engines.planning.plan_on` takes them.

    Raises
    ------
    ExtractRefusedError
        When the tables break their contract, or Spark refuses.
    WrongUsageError
        When pyspark or Java is absent, no snapshot is ripe, the day is outside what the tables know, or `out` holds
        something else.
    """
    with open_session(master, settings) as session:
        tables = SparkTables(session, source)
        planned = plan_on(tables, target, as_of, labeled=labeled, site_features=site_features, grace_days=grace_days)
        with tables.run(planned.plan, planned.features) as frame:
            if _ELSEWHERE.match(str(out)):
                frame.write.parquet(str(out))
            else:
                with publish_folder(Path(out), replaces=DONE) as aside:
                    frame.write.mode("append").parquet(str(aside))
        return Written(str(out), planned, tables.findings)


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
    """Compute a frame with Spark, and read it here from what the workers wrote: for models, which run on one machine.

    The workers must see this machine's temporary folder; where they do not, `write_frame` to shared storage and
    `read_frame` from there.
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
        return read_frame(Path(written.out), written.planned)


def read_frame(folder: Path, planned: Planned) -> Frame:
    """Read a frame's folder of Parquet, file by file in the order of their names."""
    import pyarrow as pa  # noqa: PLC0415 - heavy, only here
    import pyarrow.parquet as pq  # noqa: PLC0415

    parts = [pq.read_table(path) for path in sorted(folder.glob("part-*.parquet"))]
    data = settle(pa.concat_tables(parts), planned.features)
    return Frame(planned.target.unit, data, planned.features, planned.target, planned.plan.unavailable)


def _later(steps: Sequence[Step]) -> list[int]:
    """Return how many later steps read each step."""
    words = [set(re.findall(r"\w+", step.sql)) for step in steps]
    return [sum(step.name in read for read in words[at + 1 :]) for at, step in enumerate(steps)]

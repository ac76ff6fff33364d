"""Start Spark, or join the session that is already there: the one place that needs pyspark and Java."""

from __future__ import annotations

import logging
import shutil
import tempfile
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from typing import TYPE_CHECKING

from payrank.extracts.errors import ExtractRefusedError, WrongUsageError

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

SESSION = {
    "spark.sql.session.timeZone": "UTC",
    # Overflow and a cast that fails are errors, never silent nulls; names may stand in double quotes.
    "spark.sql.ansi.enabled": "true",
    "spark.sql.ansi.doubleQuotedIdentifiers": "true",
    "spark.sql.caseSensitive": "true",
}
"""What a frame needs of a session, whatever the cluster's own settings say."""

STARTED = {
    "spark.app.name": "payrank",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.log.level": "OFF",
    # What the driver writes holds patients' rows: its owner's alone.
    "spark.hadoop.fs.permissions.umask-mode": "077",
}
"""What a session that we start needs besides."""
HERE = {"spark.driver.host": "127.0.0.1", "spark.driver.bindAddress": "127.0.0.1", "spark.sql.shuffle.partitions": "8"}
"""And on one machine: no port that others can reach, and no more parts than cores can work on."""


@contextmanager
def open_session(master: str | None = None, settings: Mapping[str, str] = {}) -> Iterator[SparkSession]:
    """Give a session of our own: its views and settings are nobody else's.

    Parameters
    ----------
    master
        `local[4]`, `spark://HOST:PORT`, `yarn`, `k8s://…`; None joins the application that is running (a notebook on a
        cluster, spark-submit), or starts one on this machine with a thread a core.
    settings
        Spark's own settings, such as `spark.executor.memory`, for an application that we start.

    Raises
    ------
    WrongUsageError
        When pyspark or Java is not installed, or the master is none.
    ExtractRefusedError
        When Spark refuses a query: its condition is named, and nothing of a row.
    """
    try:
        with _quiet():
            from pyspark.errors import PySparkException  # noqa: PLC0415 - the one place that needs it
            from pyspark.sql import SparkSession  # noqa: PLC0415
    except ImportError:
        raise WrongUsageError(
            "the engine spark needs pyspark, which is not installed. Install payrank with its extra: "
            "pip install 'payrank[spark]', and Java 17 or later."
        ) from None
    # pyspark prints each refused query with a Java stack; a message of ours says what matters.
    logging.getLogger("SQLQueryContextLogger").setLevel(logging.CRITICAL + 1)
    running = SparkSession.getActiveSession()
    workspace = tempfile.mkdtemp(prefix="payrank-spark-")
    try:
        if running is None:
            with _quiet():
                running = _start(SparkSession, master, settings, workspace)
            stop = running.stop
        else:
            stop = None
        try:
            session = running.newSession()
            for name, value in SESSION.items():
                session.conf.set(name, value)
            yield session
        finally:
            if stop is not None:
                stop()
    except (PySparkException, import_module("py4j.protocol").Py4JError) as error:
        condition = getattr(error, "getCondition", lambda: None)() or type(error).__name__
        raise ExtractRefusedError(
            f"Spark refused ({condition}). Allowed: whole Parquet files of the "
            "types that docs/reference/engines.md lists, and a cluster with room for them. Check the files and the cluster's log."
        ) from None
    finally:
        shutil.rmtree(workspace, ignore_errors=True)


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep from a person that pyspark 4.3 does not know pandas 3: no pandas passes through Spark here."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        yield


def read_if_there(read: Callable[[str], DataFrame], path: str) -> DataFrame | None:
    """Return what a reader of Spark's makes of a path, or None where there is nothing."""
    from pyspark.errors import AnalysisException  # noqa: PLC0415 - as above

    try:
        return read(path)
    except AnalysisException as error:
        if error.getCondition() == "PATH_NOT_FOUND":
            return None
        raise


def _start(
    session: type[SparkSession], master: str | None, settings: Mapping[str, str], workspace: str
) -> SparkSession:
    from pyspark.errors import PySparkException  # noqa: PLC0415 - as above

    where = master or "local[*]"
    wanted = {**STARTED, **(HERE if where.startswith("local") else {}), "spark.local.dir": workspace, **settings}
    builder = session.builder.master(where)
    for name, value in wanted.items():
        builder = builder.config(name, value)
    try:
        return builder.getOrCreate()
    except (PySparkException, OSError) as error:
        found = getattr(error, "getCondition", lambda: None)() or type(error).__name__
        raise WrongUsageError(
            f"Spark does not start with master {where!r} ({found}). Allowed: Java 17 or later on the PATH or in "
            "JAVA_HOME, and a master that answers: local[4], spark://HOST:PORT, yarn, k8s://HOST:PORT. Check both."
        ) from None

"""Start Spark, or join a running session. Only this module needs pyspark and Java."""

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
from payrank.extracts.optional import require

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

SESSION_SETTINGS = {
    "spark.sql.session.timeZone": "UTC",
    # Overflow and failed casts raise errors instead of returning null. Double quotes delimit identifiers.
    "spark.sql.ansi.enabled": "true",
    "spark.sql.ansi.doubleQuotedIdentifiers": "true",
    "spark.sql.caseSensitive": "true",
}
"""Session settings that a frame needs, whatever the cluster's defaults are."""

APPLICATION_SETTINGS = {
    "spark.app.name": "payrank",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.log.level": "OFF",
    # Files that the driver writes contain patient rows, so only their owner may read them.
    "spark.hadoop.fs.permissions.umask-mode": "077",
}
"""More settings for an application that payrank starts itself."""
LOCAL_SETTINGS = {
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.sql.shuffle.partitions": "8",
}
"""More settings on one machine: no port that others can reach, and few partitions."""


@contextmanager
def open_session(master: str | None = None, settings: Mapping[str, str] = {}) -> Iterator[SparkSession]:
    """Yield a new session, with views and settings of its own.

    Parameters
    ----------
    master
        `local[4]`, `spark://HOST:PORT`, `yarn`, or `k8s://...`. None joins the running application (a notebook on a
        cluster, or spark-submit), or starts one on this machine with one thread per core.
    settings
        Spark settings, such as `spark.executor.memory`, for an application that payrank starts.

    Raises
    ------
    WrongUsageError
        When pyspark or Java is not installed, or the master does not answer.
    ExtractRefusedError
        When Spark rejects a query. The message names Spark's error condition and no value of a row.
    """
    require("pyspark", extra="spark", needed_for="the Spark engine (with Java 17 or newer)")
    with _ignore_pandas_warning():
        from pyspark.errors import PySparkException  # noqa: PLC0415 - only this module needs it
        from pyspark.sql import SparkSession  # noqa: PLC0415
    # pyspark logs each rejected query with a Java stack trace, which may show values. The error below is enough.
    logging.getLogger("SQLQueryContextLogger").setLevel(logging.CRITICAL + 1)
    running = SparkSession.getActiveSession()
    workspace = tempfile.mkdtemp(prefix="payrank-spark-")
    try:
        if running is None:
            with _ignore_pandas_warning():
                running = _start(SparkSession, master, settings, workspace)
            stop = running.stop
        else:
            stop = None
        try:
            session = running.newSession()
            for name, value in SESSION_SETTINGS.items():
                session.conf.set(name, value)
            yield session
        finally:
            if stop is not None:
                stop()
    except (PySparkException, import_module("py4j.protocol").Py4JError) as error:
        condition = getattr(error, "getCondition", lambda: None)() or type(error).__name__
        raise ExtractRefusedError(
            f"Spark stopped with an error ({condition}). Allowed: complete Parquet files of the types listed in "
            "docs/reference/engines.md, and a cluster with enough memory and disk. Check the files and the cluster's "
            "log."
        ) from None
    finally:
        shutil.rmtree(workspace, ignore_errors=True)


@contextmanager
def _ignore_pandas_warning() -> Iterator[None]:
    """Hide the warning that pyspark 4.3 does not support pandas 3: no pandas data passes through Spark here."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        yield


def read_if_exists(read: Callable[[str], DataFrame], path: str) -> DataFrame | None:
    """Return what a Spark reader reads from a path, or None if the path does not exist."""
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

    address = master or "local[*]"
    combined = {
        **APPLICATION_SETTINGS,
        **(LOCAL_SETTINGS if address.startswith("local") else {}),
        "spark.local.dir": workspace,
        **settings,
    }
    builder = session.builder.master(address)
    for name, value in combined.items():
        builder = builder.config(name, value)
    try:
        return builder.getOrCreate()
    except (PySparkException, OSError) as error:
        condition = getattr(error, "getCondition", lambda: None)() or type(error).__name__
        raise WrongUsageError(
            f"Spark does not start with master {address!r} ({condition}). Allowed: Java 17 or later on the PATH or in "
            "JAVA_HOME, and a master that answers: local[4], spark://HOST:PORT, yarn, or k8s://HOST:PORT. Check both."
        ) from None

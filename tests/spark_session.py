"""A real Spark on one thread of this machine, started once a worker: a JVM costs as much as all of its tests."""

from __future__ import annotations

import importlib.util
import shutil
from collections.abc import Iterator, Mapping
from os import environ
from typing import Any

import pytest

from features.engines.spark_session import open_session

QUICK: Mapping[str, str] = {
    # Small data: one part, no compiled code, and a JVM that does not optimize itself, for it will not live long enough.
    "spark.sql.shuffle.partitions": "1",
    "spark.sql.adaptive.enabled": "false",
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
    "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC -Xshare:auto",
    "spark.driver.memory": "1g",
}


def why_not() -> str | None:
    """Say what Spark lacks here, or None."""
    if importlib.util.find_spec("pyspark") is None:
        return "no pyspark here: install payrank's extra spark"
    if shutil.which("java") is None and "JAVA_HOME" not in environ:
        return "no Java here: install Java 17 or later"
    return None


@pytest.fixture(scope="session")
def spark() -> Iterator[Any]:
    """Give a running Spark, which every later `open_session` of this worker joins."""
    lacking = why_not()
    if lacking:
        pytest.skip(lacking)
    with open_session("local[1]", QUICK) as session:
        yield session

"""A real Spark on one thread of this machine, started once: a JVM that has just started is slow for a minute."""

from __future__ import annotations

import importlib.util
import shutil
from collections.abc import Iterator, Mapping
from os import environ
from typing import Any

import pytest

from payrank.features.engines.spark_session import open_session

QUICK: Mapping[str, str] = {
    # Small data: one part, no compiled code, and a JVM that does not optimize itself, for it will not live long enough.
    "spark.sql.shuffle.partitions": "1",
    "spark.sql.adaptive.enabled": "false",
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
    "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC -Xshare:auto -Xms700m -Xmn400m",
    "spark.driver.memory": "1g",
}


FILES = ("tests/features/test_spark.py", "tests/models/test_served_model.py")
"""Whose tests want a Spark: one worker runs them all."""


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Give each worker whole files, as `--dist loadfile` does, and one worker those that want a Spark."""
    from xdist.scheduler import LoadFileScheduling  # noqa: PLC0415 - only where xdist distributes

    class OneSpark(LoadFileScheduling):  # type: ignore[misc]  # xdist has no type hints
        def _split_scope(self, nodeid: str) -> str:
            file = super()._split_scope(nodeid)
            return "spark" if file in FILES else file

    return OneSpark(config, log)


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

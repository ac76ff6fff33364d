"""An engine is chosen by name, and refused for a source that it cannot read."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from payrank.extracts.errors import WrongUsageError
from payrank.features.build_frames import nightly_frame, training_frame
from payrank.features.engine_frame import build_engine_frame
from payrank.features.targets import PaymentTarget
from tests.features.small_extracts import DAY, draw_rows, make_extract
from tests.features.stored_extracts import assert_same_frame, store_in_postgres, write_parquet

pytestmark = pytest.mark.slow

PAYMENT = PaymentTarget(horizon_days=20, every_days=13, snapshots=2, history_days=1)


def test_duckdb_and_postgres_give_the_frame_of_a_loaded_extract(postgres_url: str, tmp_path: Path) -> None:
    rows = draw_rows(5)
    folder = write_parquet(rows, tmp_path / "files")
    address = store_in_postgres(rows, postgres_url, "named", tmp_path / "toml")
    with make_extract(rows) as extract:
        nightly, labeled = nightly_frame(extract, PAYMENT, DAY), training_frame(extract, PAYMENT, DAY)
    for engine, source in (("duckdb", folder), ("duckdb", address), ("postgres", address)):
        assert_same_frame(build_engine_frame(engine, source, PAYMENT, DAY).data, nightly.data)
        assert_same_frame(build_engine_frame(engine, source, PAYMENT, DAY, labeled=True).data, labeled.data)


def test_no_driver_is_imported_before_it_is_used() -> None:
    modules = "payrank.features.engine_frame, payrank.features.engines.spark, payrank.features.engines.postgres, sys"
    script = f"import {modules}; print(sorted({{'pyspark', 'py4j', 'psycopg'}} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


@pytest.mark.parametrize(
    ("engine", "source", "message"),
    [
        ("sparc", "extract", "did you mean 'spark'"),
        ("postgres", "extract", "runs inside a database"),
        ("spark", "postgresql://h/d?schema=a", "reads a folder of Parquet files, not a database"),
    ],
)
def test_an_engine_that_cannot_read_the_source_is_refused_with_one_that_can(
    engine: str, source: str, message: str
) -> None:
    with pytest.raises(WrongUsageError, match=message):
        build_engine_frame(engine, source, PAYMENT, DAY)

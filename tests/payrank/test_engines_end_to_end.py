"""`--engine postgres` from the command line: the same frame and the same scores as the embedded engine's."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from extracts.load import load_extract
from extracts.simulator import simulate
from tests.features.small_extracts import rows_of
from tests.features.stored_extracts import assert_same_frame, store_in_postgres

AS_OF = date(2026, 11, 20)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A hospital of 300 accounts."""
    folder = tmp_path_factory.mktemp("small") / "extract"
    simulate(folder, accounts=300, seed=5, as_of=AS_OF)
    return folder


@pytest.fixture
def in_database(small: Path, postgres_url: str, tmp_path: Path) -> str:
    """The address of the same rows in a database."""
    with load_extract(small) as extract:
        return store_in_postgres(rows_of(extract), postgres_url, "cli", tmp_path / "toml", attributes={})


def test_a_database_gives_the_embedded_engines_features(
    payrank: Any, small: Path, in_database: str, tmp_path: Path
) -> None:
    wanted, found = tmp_path / "wanted.parquet", tmp_path / "found.parquet"
    asked = ("--unit", "account", "--as-of", AS_OF, "--out")
    assert payrank("features", small, *asked, wanted).code == 0
    told = payrank("features", in_database, *asked, found, "--engine", "postgres")
    assert told.code == 0, told.err
    frame = pd.read_parquet(wanted)
    assert len(frame) > 20
    assert_same_frame(pd.read_parquet(found), frame)


def test_scores_of_frames_made_in_a_database_are_those_of_the_folder(
    payrank: Any, hospital: Any, small: Path, in_database: str, tmp_path: Path
) -> None:
    models = ("--payment", hospital.bundles["payment"], "--overturn", hospital.bundles["overturn"])
    for place, out, more in ((small, "folder", ()), (in_database, "database", ("--engine", "postgres"))):
        told = payrank("score", place, "--as-of", AS_OF, *models, "--out", tmp_path / out, *more)
        assert told.code == 0, told.err
    for name in ("payment_scores", "denial_scores"):
        wanted, found = (
            pd.read_parquet(tmp_path / out / str(AS_OF) / f"{name}.parquet") for out in ("folder", "database")
        )
        assert len(wanted) > 5
        columns = [column for column in wanted.columns if column not in ("reasons", "suppressed_by")]
        assert_same_frame(found[columns], wanted[columns])

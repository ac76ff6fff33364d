"""`--engine postgres` from the command line: the same frame, scores and refusals as the embedded engine's."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from payrank.extracts.contract.metadata import Metadata, write_metadata
from payrank.extracts.load.load_extract import load_extract
from payrank.simulator import simulate
from tests.conftest import Hospital
from tests.features.small_extracts import draw_rows, read_rows
from tests.features.stored_extracts import assert_same_frame, store_in_postgres, write_parquet
from tests.payrank.conftest import Run

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
        return store_in_postgres(read_rows(extract), postgres_url, "cli", tmp_path / "toml", attributes={})


def test_postgres_and_duckdb_compute_the_same_features(
    payrank: Run, small: Path, in_database: str, tmp_path: Path
) -> None:
    wanted, actual = tmp_path / "wanted.parquet", tmp_path / "found.parquet"
    asked = ("--unit", "account", "--as-of", AS_OF, "--out")
    assert payrank("features", small, *asked, wanted).code == 0
    result = payrank("features", in_database, *asked, actual, "--engine", "postgres")
    assert result.code == 0, result.err
    frame = pd.read_parquet(wanted)
    assert len(frame) > 20
    assert_same_frame(pd.read_parquet(actual), frame)


def test_scores_are_the_same_whether_features_come_from_postgres_or_a_folder(
    payrank: Run, hospital: Hospital, small: Path, in_database: str, tmp_path: Path
) -> None:
    models = ("--payment", hospital.bundles["payment"], "--overturn", hospital.bundles["overturn"])
    for place, out, more in ((small, "folder", ()), (in_database, "database", ("--engine", "postgres"))):
        result = payrank("score", place, "--as-of", AS_OF, *models, "--out", tmp_path / out, *more)
        assert result.code == 0, result.err
    for name in ("payment_scores", "denial_scores"):
        wanted, actual = (
            pd.read_parquet(tmp_path / out / str(AS_OF) / f"{name}.parquet") for out in ("folder", "database")
        )
        assert len(wanted) > 5
        columns = [column for column in wanted.columns if column not in ("reasons", "suppressed_by")]
        assert_same_frame(actual[columns], wanted[columns])


BEFORE, AFTER = date(2001, 1, 1), date(2026, 12, 20)


@pytest.mark.parametrize("unit", ["account", "denial"])
@pytest.mark.parametrize(
    ("day", "says"),
    [
        (BEFORE, "the as-of date 2001-01-01 precedes the first {unit} in the extract. Allowed: from"),
        (
            AFTER,
            "is after the extract's own as-of date 2026-11-20, so rows would be missing. Allowed:",
        ),
    ],
)
def test_every_engine_refuses_a_date_outside_the_extract_with_the_same_message(
    payrank: Run, postgres_url: str, tmp_path: Path, unit: str, day: date, says: str
) -> None:
    rows = draw_rows(3)
    folder = write_parquet(rows, tmp_path / "small", attributes={})
    address = store_in_postgres(rows, postgres_url, "outside", tmp_path / "toml", attributes={})
    for place in (folder, tmp_path / "toml"):
        write_metadata(Metadata(as_of=AS_OF), place)
    out = tmp_path / "frame.parquet"
    asked = ("--unit", unit, "--as-of", day, "--out", out)
    wanted = payrank("features", folder, *asked)
    result = payrank("features", address, *asked, "--engine", "postgres")
    assert (wanted.code, result.code) == (2, 2), wanted.err + result.err
    assert says.format(unit=unit) in " ".join(result.last.split())
    assert result.last == wanted.last
    assert not out.exists()


@pytest.mark.parametrize("engine", ["duckdb", "postgres"])
def test_no_list_is_published_for_a_date_outside_the_extract(
    payrank: Run, hospital: Hospital, small: Path, in_database: str, tmp_path: Path, engine: str
) -> None:
    models = ("--payment", hospital.bundles["payment"], "--overturn", hospital.bundles["overturn"])
    place = small if engine == "duckdb" else in_database
    asked = (*models, "--out", tmp_path / "lists", "--engine", engine)
    result = payrank("score", place, "--as-of", BEFORE, *asked)
    assert result.code == 2, result.err
    assert "precedes the first account or denial in the extract. Allowed: from 20" in result.last
    if engine == "duckdb":
        result = payrank("score", place, "--as-of", AFTER, *asked)
        assert result.code == 4
        assert "3 days are allowed" in result.last
    assert not (tmp_path / "lists" / "current").exists()

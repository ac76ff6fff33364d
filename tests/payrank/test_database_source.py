"""Every command reads a database schema as it reads a folder: the same tables give the same result."""

from __future__ import annotations

from pathlib import Path

import duckdb
import psycopg
import pytest

from payrank.extracts.contract.tables import SQL_TYPES, TABLES
from tests.conftest import Hospital
from tests.payrank.conftest import Run


@pytest.fixture
def in_database(postgres_url: str, hospital: Hospital, tmp_path: Path) -> str:
    """Give the address of a schema that holds the simulated hospital, and its extract.toml."""
    with psycopg.connect(postgres_url, autocommit=True) as connection, duckdb.connect() as reader:
        connection.execute("DROP SCHEMA IF EXISTS hospital CASCADE; CREATE SCHEMA hospital")
        for table in TABLES:
            types = {column.name: SQL_TYPES[column.kind] for column in table.columns}
            path = tmp_path / f"{table.name}.csv"
            file = hospital.extract / f"{table.name}.parquet"
            reader.execute(f"COPY (FROM read_parquet('{file}')) TO '{path}' (HEADER false)")
            names = [row[0] for row in reader.execute(f"DESCRIBE FROM read_parquet('{file}')").fetchall()]
            fields = ", ".join(f"{name} {types.get(name, 'text')}" for name in names)
            connection.execute(f"CREATE TABLE hospital.{table.name} ({fields})".replace("DOUBLE", "float8"))
            with connection.cursor().copy(f"COPY hospital.{table.name} FROM STDIN (FORMAT csv)") as copy:
                copy.write(path.read_bytes())
    return f"{postgres_url}&schema=hospital&metadata={hospital.extract / 'extract.toml'}"


def test_a_database_schema_gives_the_same_feature_file_as_a_folder(
    payrank: Run, hospital: Hospital, in_database: str, tmp_path: Path
) -> None:
    for unit in ("account", "denial"):
        arguments = ["--unit", unit, "--as-of", hospital.as_of, "--out"]
        assert payrank("features", hospital.extract, *arguments, tmp_path / "folder.parquet").code == 0
        result = payrank("features", in_database, *arguments, tmp_path / "schema.parquet")
        assert result.code == 0, result.err
        assert (tmp_path / "schema.parquet").read_bytes() == (tmp_path / "folder.parquet").read_bytes()


def test_check_and_combine_read_a_database_schema(
    payrank: Run, hospital: Hospital, in_database: str, tmp_path: Path
) -> None:
    result = payrank("check", in_database, "--as-of", hospital.as_of)
    assert result.code == 0
    assert "?schema=hospital. See the warnings" in result.out.replace("\n", "")
    assert payrank("import", "combine", in_database, hospital.extract, "--out", tmp_path / "both").code == 0
    assert payrank("check", tmp_path / "both").code == 0

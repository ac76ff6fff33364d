"""Spark: its frame is DuckDB's, from Parquet to Parquet, and its judging of the contract is what files get.

All in one file, so that one worker starts one JVM.
"""

from __future__ import annotations

import stat
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from payrank.cli.main import main
from payrank.extracts.contract.metadata import Metadata, write_metadata
from payrank.extracts.errors import ExtractRefusedError, WrongUsageError
from payrank.extracts.load.load_extract import load_extract
from payrank.features.build_frames import nightly_frame, training_frame
from payrank.features.engines.planning import plan_frame
from payrank.features.engines.spark import SparkTables, read_frame, write_frame
from payrank.features.engines.spark_session import open_session
from payrank.features.engines.to_pandas import rows_to_pandas
from payrank.features.targets import OverturnTarget, PaymentTarget
from payrank.simulator import simulate
from tests.features.sample_site_features import some_of_each
from tests.features.small_extracts import DAY, SITE, draw_rows, make_extract
from tests.features.stored_extracts import assert_same_frame, write_columns, write_parquet
from tests.features.unusual_texts import ODD_TEXTS, TEXT_KINDS

PAYMENT = PaymentTarget(horizon_days=20, every_days=13, snapshots=2, history_days=1, min_share=0.3)
OVERTURN = OverturnTarget(maturity_days=20, every_days=13, snapshots=5, history_days=1, rows_per_unit=None)
LONG = "a_rather_long_name_of_an_attribute_that_goes_on_and_on_and_on_"

pytestmark = pytest.mark.usefixtures("spark")


def messy_rows() -> Any:
    """Draw rows with text that engines may treat differently: case, accents, backslashes, ties, and reserved words."""
    rows = draw_rows(11)
    rows["coverages"] += [
        {"account_id": row["account_id"], "payer_id": payer, "priority": 0, "known_on": DAY - timedelta(days=9)}
        for row in rows["accounts"]
        for payer in ("p1", "P2", "Ärzte")
    ]
    for at, row in enumerate(rows["accounts"]):
        row |= {"order": "a\\b" if at % 2 else "a'b", "end": at / 7, LONG: "yz"[at % 2]}
        row["service_line"] = ("Cardiology", "cardiology", None)[at % 3]
    return rows


ATTRIBUTES = {
    "accounts": {"order": "category", "end": "number", LONG: "category", "referred": "boolean"},
    "denials": SITE["denials"],
}


def test_frames_of_a_messy_extract_equal_those_of_duckdb(tmp_path: Path) -> None:
    """Nightly and training frames with site attributes and site features; nightly accounts are tested below."""
    rows = messy_rows()
    absent = ("promises", "transactions.payer_id", "denials.rarc")
    folder = write_parquet(rows, tmp_path / "messy", absent=absent, attributes=ATTRIBUTES)
    with open_session() as session, make_extract(rows, absent=absent, attributes=ATTRIBUTES) as extract:
        tables = SparkTables(session, folder)
        for target, labeled in ((PAYMENT, True), (OVERTURN, True), (OVERTURN, False)):
            site_features = some_of_each(target.unit)
            plan = plan_frame(tables, target, DAY, labeled=labeled, site_features=site_features)
            out = tmp_path / f"{target.unit} {labeled}"
            with tables.run(plan.sql, plan.features) as frame:
                frame.write.parquet(str(out))
            actual = read_frame(out, plan)
            expected = (training_frame if labeled else nightly_frame)(extract, target, DAY, site_features=site_features)
            assert len(expected.data) > 2
            assert (
                len(site_features.for_unit(target.unit))
                == sum(str(name).startswith("own_mine_") for name in actual.data)
                > 5
            )
            assert_same_frame(actual.data, expected.data)
            assert actual.unavailable == expected.unavailable != ()
            assert actual.digest == expected.digest
        assert session.catalog.tableExists("spine")
        with open_session() as other:
            assert not other.catalog.tableExists("spine"), "another run can see the views of this run"


@pytest.mark.parametrize(
    ("day", "says"),
    [
        (
            date(2001, 1, 1),
            "2001-01-01 precedes the first account in the extract. Allowed: from",
        ),
        (DAY + timedelta(days=4), "is after the extract's own as-of date .* Allowed: from"),
    ],
)
def test_a_date_outside_the_extract_is_refused_before_anything_is_written(tmp_path: Path, day: Any, says: str) -> None:
    folder = write_parquet({"accounts": draw_rows(6)["accounts"]}, tmp_path / "small", attributes={})
    write_metadata(Metadata(as_of=DAY), folder)
    with pytest.raises(WrongUsageError, match=says):
        write_frame(folder, PAYMENT, day, tmp_path / "frame", grace_days=3)
    assert not (tmp_path / "frame").exists()


def test_an_empty_population_gives_an_empty_frame_with_the_same_columns(tmp_path: Path) -> None:
    rows = {"accounts": draw_rows(6)["accounts"]}
    folder = write_parquet(rows, tmp_path / "hollow")
    written = write_frame(folder, PAYMENT, DAY, tmp_path / "frame")
    with make_extract(rows, absent=("transactions", "coverages", "payers")) as extract:
        expected = nightly_frame(extract, PAYMENT, DAY)
    actual = read_frame(tmp_path / "frame", written.plan)
    assert actual.data.empty
    assert actual.data.dtypes.to_list() == expected.data.dtypes.to_list()


@pytest.fixture
def brought(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Collect every cell that Spark passes to this process."""
    from pyspark.sql.classic.dataframe import DataFrame  # noqa: PLC0415 - skipped without Spark

    cells: list[object] = []

    def collect(self: DataFrame) -> list[Any]:
        rows = original(self)
        cells.extend(cell for row in rows for cell in row)
        return rows

    original = DataFrame.collect
    monkeypatch.setattr(DataFrame, "collect", collect)
    for other in ("toPandas", "toArrow", "toLocalIterator", "take", "tail"):
        monkeypatch.delattr(DataFrame, other)
    return cells


def test_the_command_writes_the_same_frame_as_duckdb_and_collects_no_row_on_the_driver(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, brought: list[object]
) -> None:
    day = date(2026, 11, 20)
    folder, out = tmp_path / "hospital", tmp_path / "frame"
    simulate(folder, accounts=300, seed=5, as_of=day)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as end:
        main(
            ["features", str(folder), "--unit", "account", "--as-of", str(day), "--engine", "spark", "--out", str(out)]
        )
    assert end.value.code == 0
    with load_extract(folder) as extract:
        expected = nightly_frame(extract, PaymentTarget(), day)
    assert len(expected.data) > 20
    rows = pq.read_table(out)
    assert rows.column_names[0] == "account_id"
    assert rows["account_id"].to_pylist() == expected.data["unit_id"].to_list()
    renamed = rows.rename_columns(["unit_id", *rows.column_names[1:]])
    assert_same_frame(rows_to_pandas(renamed, expected.features), expected.data)
    assert {stat.S_IMODE(path.stat().st_mode) for path in out.iterdir()} == {0o600}
    assert stat.S_IMODE(out.stat().st_mode) == 0o700
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []
    assert brought, "counts are collected"
    assert set(map(str, brought)).isdisjoint(expected.data["unit_id"])


def test_a_folder_with_other_contents_is_not_overwritten(tmp_path: Path) -> None:
    folder = write_parquet({"accounts": draw_rows(6)["accounts"]}, tmp_path / "small")
    out = tmp_path / "mine"
    out.mkdir()
    (out / "letter.txt").write_text("mine")
    with pytest.raises(WrongUsageError, match="was not made by this command"):
        write_frame(folder, PAYMENT, date(2001, 1, 1), out)
    assert [path.name for path in out.iterdir()] == ["letter.txt"]


def test_a_source_that_is_not_a_folder_of_parquet_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(ExtractRefusedError, match="no such folder"):
        write_frame(tmp_path / "nowhere", PAYMENT, DAY, tmp_path / "out")
    (tmp_path / "accounts.csv").write_text("account_id\n")
    with pytest.raises(ExtractRefusedError, match=r"accounts\.csv: the engine spark reads only Parquet"):
        write_frame(tmp_path, PAYMENT, DAY, tmp_path / "out")
    (tmp_path / "accounts.csv").unlink()
    (tmp_path / "accounts.parquet").write_bytes(b"PAR1 this is none")
    with pytest.raises(ExtractRefusedError, match="Spark stopped with an error"):
        write_frame(tmp_path, PAYMENT, DAY, tmp_path / "out")


GOOD = 9000


def accounts(**changed: pa.Array) -> dict[str, pa.Array]:
    columns = {
        "account_id": pa.array([f"A{at}" for at in range(300)]),
        "guarantor_id": pa.array(["G"] * 300),
        "opened_on": pa.array([date(2026, 1, 1)] * 300),
    }
    return columns | changed


def test_unusual_texts_are_read_or_excluded_as_from_a_file(tmp_path: Path) -> None:
    rows = [("2026-01-01", "1.50", "2026-02-01", "2.5", "true", "7")] * GOOD + list(ODD_TEXTS)
    columns = dict(zip(TEXT_KINDS[1:], zip(*rows, strict=True), strict=True))
    ids = [f"D{at}" for at in range(len(rows))]
    write_columns(tmp_path, "denials", denial_id=pa.array(ids), **{n: pa.array(v) for n, v in columns.items()})
    (tmp_path / "extract.toml").write_text(
        '[attributes.denials]\nbeds = "number"\nurgent = "boolean"\nlevel_of_care = "number"\n'
        f"[control_totals]\ndenials = {{ rows = {len(rows)} }}\n"
    )
    query = f"SELECT {', '.join(TEXT_KINDS)} FROM denials".replace("urgent", "CAST(urgent AS INT)")
    with load_extract(tmp_path) as extract:
        expected = set(extract.connection.execute(query).fetchall())
        left_out = extract.tables["denials"].rows_quarantined
    with open_session() as session:
        tables = SparkTables(session, tmp_path)
        actual = {tuple(row) for row in tables.query(query)}
        state = tables.tables["denials"]
    assert actual ^ expected == set()
    assert state.rows_quarantined == left_out > 40
    assert state.rows_loaded + left_out == state.rows_read == len(rows)


def test_lossless_types_are_accepted_as_by_duckdb(tmp_path: Path) -> None:
    """IDs as integers, dollars as floats and wide decimals, dates as timestamps, whole floats, and empty columns."""
    count = 600
    cents = [round(at / 100, 2) for at in range(count)]
    day = date(2026, 1, 1)
    moments = [datetime.combine(day, time())] * (count - 1) + [datetime.combine(day, time(0, 0, 1))]
    write_columns(tmp_path, "accounts", **accounts(account_id=pa.array(range(300)), service_on=pa.nulls(300)))
    write_columns(
        tmp_path,
        "denials",
        denial_id=pa.array(range(count)),
        denied_on=pa.array(moments, pa.timestamp("us")),
        denied_amount=pa.array([0.005, float("nan"), *cents[2:]]),
    )
    write_columns(
        tmp_path,
        "promises",
        promise_id=pa.array([f"P{at}" for at in range(count)]),
        account_id=pa.array([str(at % 300) for at in range(count)]),
        made_on=pa.array([day] * count),
        due_on=pa.array([day] * count),
        amount=pa.array([Decimal("1.2300")] * (count - 1) + [Decimal("1.2345")], pa.decimal128(30, 4)),
    )
    query = "SELECT denial_id, denied_on, denied_amount FROM denials"
    with load_extract(tmp_path) as extract:
        expected = set(extract.connection.execute(query).fetchall())
        counts = {name: (state.rows_loaded, state.rows_quarantined) for name, state in extract.tables.items()}
    with open_session() as session:
        tables = SparkTables(session, tmp_path)
        assert {tuple(row) for row in tables.query(query)} == expected
        assert {name: (state.rows_loaded, state.rows_quarantined) for name, state in tables.tables.items()} == counts
    assert counts["denials"] == (count - 3, 3)
    assert counts["promises"] == (count - 1, 1)


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        (accounts(account_id=pa.array([1.5] * 300)), "account_id is of type double, which cannot be read as id"),
        (
            accounts(opened_on=pa.array([date(2026, 1, 1)] * 300).cast(pa.timestamp("us", "UTC"))),
            "opened_on is of type",
        ),
        ({"account_id": pa.array(["A"])}, "required column guarantor_id, opened_on is missing"),
        (accounts(account_id=pa.array(["A"] * 300), guarantor_id=pa.array([f"G{at}" for at in range(300)])), "1 key"),
        (accounts(guarantor_id=pa.array([None] * 4 + ["G"] * 296)), "4 of 300 rows .* required in guarantor_id 4"),
        ({name: column.slice(0, 0) for name, column in accounts().items()}, "the extract is empty"),
    ],
    ids=["floating id", "time zone", "missing column", "two rows a key", "broken rows", "empty"],
)
def test_spark_refuses_what_duckdb_refuses(tmp_path: Path, columns: dict[str, Any], message: str) -> None:
    write_columns(tmp_path, "accounts", **columns)
    with pytest.raises(ExtractRefusedError):
        load_extract(tmp_path)
    with pytest.raises(ExtractRefusedError, match=message), open_session() as session:
        SparkTables(session, tmp_path)

"""Frames computed in PostgreSQL equal those of DuckDB, on messy rows and on a simulated hospital, on any server."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import pytest
from hypothesis import given

from payrank.extracts.errors import ExtractRefusedError, WrongUsageError
from payrank.extracts.load.load_extract import load_extract
from payrank.features.build_frames import nightly_frame, training_frame
from payrank.features.engines.postgres import frame_from_database, open_tables
from payrank.features.targets import OverturnTarget, PaymentTarget
from payrank.simulator import simulate
from tests.features.draws import SEEDS, draws
from tests.features.sample_site_features import some_of_each
from tests.features.small_extracts import DAY, Rows, draw_rows, make_extract, read_rows
from tests.features.stored_extracts import assert_same_frame, store_in_postgres

PAYMENT = PaymentTarget(horizon_days=20, every_days=13, snapshots=4, history_days=1, min_share=0.3)
OVERTURN = OverturnTarget(maturity_days=20, every_days=13, snapshots=5, history_days=1)
BOTH = pytest.mark.parametrize("target", [PAYMENT, OVERTURN], ids=["account", "denial"])


@pytest.fixture(scope="module")
def server(postgres_url: str) -> str:
    return postgres_url


def change(url: str, *statements: Any) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement)


def assert_agree(address: str, rows: Rows, target: PaymentTarget | OverturnTarget, **extract: Any) -> None:
    with make_extract(rows, **extract) as loaded:
        assert_same_frame(frame_from_database(address, target, DAY).data, nightly_frame(loaded, target, DAY).data)
        assert_same_frame(
            frame_from_database(address, target, DAY, labeled=True).data, training_frame(loaded, target, DAY).data
        )


@given(seed=SEEDS)
@draws(3)
def test_frames_of_small_messy_extracts_equal_those_of_duckdb(
    server: str, tmp_path_factory: pytest.TempPathFactory, seed: Any
) -> None:
    rows = draw_rows(seed)
    address = store_in_postgres(rows, server, "messy", tmp_path_factory.mktemp("messy"))
    assert_agree(address, rows, PAYMENT)
    assert_agree(address, rows, OVERTURN)


@BOTH
@pytest.mark.parametrize("labeled", [False, True], ids=["night", "training"])
def test_site_features_equal_those_of_duckdb(server: str, tmp_path: Path, target: Any, labeled: bool) -> None:
    rows, site_features = draw_rows(11), some_of_each(target.unit)
    address = store_in_postgres(rows, server, "mine", tmp_path)
    actual = frame_from_database(address, target, DAY, labeled=labeled, site_features=site_features)
    with make_extract(rows) as extract:
        expected = (training_frame if labeled else nightly_frame)(extract, target, DAY, site_features=site_features)
    assert {"own_mine_0", "own_mine_5"} <= set(actual.data.columns)
    assert_same_frame(actual.data, expected.data)


def test_frames_of_a_simulated_hospital_equal_those_of_duckdb(server: str, tmp_path: Path) -> None:
    day = date(2026, 11, 20)
    simulate(tmp_path / "hospital", accounts=600, seed=5, as_of=day)
    with load_extract(tmp_path / "hospital") as extract:
        address = store_in_postgres(read_rows(extract), server, "hospital", tmp_path / "toml", attributes={})
        for target in (PaymentTarget(snapshots=3), OverturnTarget()):
            actual = frame_from_database(address, target, day)
            expected = nightly_frame(extract, target, day)
            assert len(expected.data) > 20
            assert_same_frame(actual.data, expected.data)
            assert (actual.features, actual.unavailable, actual.digest) == (
                expected.features,
                expected.unavailable,
                expected.digest,
            )
            assert_same_frame(
                frame_from_database(address, target, day, labeled=True).data, training_frame(extract, target, day).data
            )


@BOTH
def test_missing_tables_and_columns_make_the_same_features_unavailable(
    server: str, tmp_path: Path, target: Any
) -> None:
    rows = draw_rows(6)
    address = store_in_postgres(rows, server, "poorer", tmp_path)
    change(
        server,
        "DROP TABLE poorer.contacts",
        "ALTER TABLE poorer.transactions DROP COLUMN payer_id",
        "ALTER TABLE poorer.denials DROP COLUMN carc",
        "ALTER TABLE poorer.accounts DROP COLUMN clinic",
    )
    absent = ("contacts", "transactions.payer_id", "denials.carc", "accounts.clinic")
    actual = frame_from_database(address, target, DAY)
    with make_extract(rows, absent=absent) as extract:
        expected = nightly_frame(extract, target, DAY)
    assert actual.unavailable == expected.unavailable != ()
    assert_same_frame(actual.data, expected.data)


@BOTH
def test_empty_tables_give_an_empty_frame_with_the_same_columns(server: str, tmp_path: Path, target: Any) -> None:
    rows = draw_rows(6)
    subset = {"accounts": rows["accounts"], "denials": rows["denials"]}
    address = store_in_postgres(subset, server, "hollow", tmp_path)
    with make_extract(subset) as extract:
        for day in (DAY, date(2001, 1, 1)):
            assert_same_frame(frame_from_database(address, target, day).data, nightly_frame(extract, target, day).data)


def test_a_database_with_another_locale_sorts_by_bytes_and_reads_the_same_dates(server: str, tmp_path: Path) -> None:
    """In English "p1" sorts before "P2"; by bytes, as in files, it sorts after."""
    rows = draw_rows(4)
    rows["coverages"] = [
        {"account_id": row["account_id"], "payer_id": payer, "priority": 1, "known_on": DAY - timedelta(days=9)}
        for row in rows["accounts"]
        for payer in ("p1", "P2", "Ärzte")
    ]
    rows["accounts"] = [row | {"account_id": row["account_id"].lower()} for row in rows["accounts"][:4]] + rows[
        "accounts"
    ]
    change(
        server,
        "DROP DATABASE IF EXISTS english",
        "CREATE DATABASE english TEMPLATE template0 ENCODING 'UTF8' LOCALE_PROVIDER icu ICU_LOCALE 'en-US'",
        "ALTER DATABASE english SET DateStyle = 'German'",
        "ALTER DATABASE english SET TimeZone = 'Pacific/Kiritimati'",
        "ALTER DATABASE english SET extra_float_digits = -3",
    )
    other = server.replace("/postgres?", "/english?")
    with psycopg.connect(other) as connection:
        assert connection.execute("SELECT 'p1' < 'P2'").fetchone() == (True,), (
            "the server sorts by bytes, so the test cannot fail"
        )
    address = store_in_postgres(rows, other, "messy", tmp_path)
    assert_agree(address, rows, PAYMENT)
    assert_agree(address, rows, OVERTURN)


def test_attributes_with_reserved_or_long_names_give_the_same_features(server: str, tmp_path: Path) -> None:
    """PostgreSQL truncates names at 63 bytes, and two attributes with the same start must stay separate."""
    long = "a_rather_long_name_of_a_clinic_attribute_that_goes_on_and_on_"
    attributes = {"accounts": {"order": "category", "user": "boolean", "end": "number", long + "x": "category"}}
    attributes["accounts"][long + "y"] = "category"
    rows = draw_rows(3)
    for at, row in enumerate(rows["accounts"]):
        row |= {"order": "ab"[at % 2], "user": at % 3 == 0, "end": at / 7, long + "x": "x", long + "y": "yz"[at % 2]}
    address = store_in_postgres(rows, server, "worded", tmp_path, attributes=attributes)
    assert_agree(address, rows, PAYMENT, attributes=attributes)


def test_a_minimum_share_paid_to_the_cent_counts_on_each_engine(server: str, tmp_path: Path) -> None:
    """30% of $100.10 is exactly $30.03, but not in floating point."""
    bill = {"responsibility": "patient", "kind": "charge", "posted_on": DAY - timedelta(days=60)}
    rows: Rows = {"accounts": [], "transactions": []}
    for at, (owed, paid) in enumerate([("100.10", "30.03"), ("100.10", "30.02"), ("0.70", "0.21"), ("33.30", "9.99")]):
        name = f"A{at}"
        rows["accounts"].append({"account_id": name, "guarantor_id": name, "opened_on": DAY - timedelta(days=60)})
        rows["transactions"] += [
            bill | {"transaction_id": f"{name}c", "account_id": name, "amount": Decimal(owed)},
            bill
            | {"transaction_id": f"{name}p", "account_id": name, "amount": -Decimal(paid), "kind": "patient_payment"}
            | {"posted_on": DAY - timedelta(days=19)},
        ]
    address = store_in_postgres(rows, server, "cents", tmp_path)
    target = PAYMENT.model_copy(update={"min_balance": 0.5, "snapshots": 1})
    data = frame_from_database(address, target, DAY, labeled=True).data
    with make_extract(rows) as extract:
        assert_same_frame(data, training_frame(extract, target, DAY).data)
    assert data["label"].tolist() == [1.0, 0.0, 1.0, 1.0]


def test_two_concurrent_runs_get_the_same_frame_and_leave_no_tables(server: str, tmp_path: Path) -> None:
    rows = draw_rows(2)
    address = store_in_postgres(rows, server, "busy", tmp_path)
    # A user's table with the name of a step or a canonical table is neither read nor changed.
    change(
        server, "DROP TABLE IF EXISTS public.spine, public.accounts", "CREATE TABLE public.spine AS SELECT 1 AS kept"
    )
    change(server, "CREATE TABLE public.accounts AS SELECT 2 AS kept")
    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(lambda target: frame_from_database(address, target, DAY), (PAYMENT, PAYMENT))
    with make_extract(rows) as extract:
        expected = nightly_frame(extract, PAYMENT, DAY).data
    assert_same_frame(first.data, expected)
    assert_same_frame(second.data, expected)
    with psycopg.connect(server) as connection:
        leftovers = connection.execute("SELECT (SELECT kept FROM public.spine), (SELECT kept FROM public.accounts)")
        assert leftovers.fetchone() == (1, 2)
        left = connection.execute(
            "SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
            "WHERE n.nspname LIKE 'pg_temp%' AND c.relname IN ('accounts', 'spine', 'frame')"
        )
        assert left.fetchone() == (0,)


@pytest.fixture
def reader(server: str, tmp_path: Path) -> Iterator[str]:
    """Return the address of a schema for a user with read access only."""
    address = store_in_postgres(draw_rows(2), server, "guarded", tmp_path)
    change(
        server,
        "CREATE ROLE reader LOGIN",
        "GRANT USAGE ON SCHEMA guarded TO reader",
        "GRANT SELECT ON ALL TABLES IN SCHEMA guarded TO reader",
    )
    yield address.replace("postgres@", "reader@")
    change(
        server,
        "GRANT TEMPORARY ON DATABASE postgres TO PUBLIC",
        "REVOKE ALL ON ALL TABLES IN SCHEMA guarded FROM reader",
        "REVOKE ALL ON SCHEMA guarded FROM reader",
        "DROP ROLE reader",
    )


def test_read_access_is_enough(reader: str) -> None:
    with make_extract(draw_rows(2)) as extract:
        assert_same_frame(frame_from_database(reader, PAYMENT, DAY).data, nightly_frame(extract, PAYMENT, DAY).data)


def test_a_table_without_read_access_counts_as_missing(reader: str, server: str) -> None:
    change(server, "REVOKE SELECT ON guarded.contacts FROM reader")
    with open_tables(reader) as tables:
        assert not tables.tables["contacts"].present
        assert tables.tables["accounts"].rows_loaded == 12


def test_a_user_without_temporary_tables_sees_which_privilege_is_missing(reader: str, server: str) -> None:
    change(server, "REVOKE TEMPORARY ON DATABASE postgres FROM PUBLIC")
    with pytest.raises(ExtractRefusedError, match="GRANT TEMPORARY ON DATABASE"):
        frame_from_database(reader, PAYMENT, DAY)


def test_an_address_without_a_server_or_its_metadata_is_refused_by_name(server: str, tmp_path: Path) -> None:
    with pytest.raises(ExtractRefusedError, match="no connection"):
        frame_from_database("postgresql://reader:sesame@127.0.0.1:1/ar?schema=ar", PAYMENT, DAY)
    with pytest.raises(WrongUsageError, match="no such file"):
        frame_from_database(f"{server}&schema=guarded&metadata={tmp_path}/none.toml", PAYMENT, DAY)
    with pytest.raises(ExtractRefusedError, match="no canonical table found"):
        frame_from_database(f"{server}&schema=nothing", PAYMENT, DAY)


def test_a_training_day_without_a_matured_snapshot_is_refused_as_on_duckdb(server: str, tmp_path: Path) -> None:
    address = store_in_postgres(draw_rows(2), server, "young", tmp_path)
    with pytest.raises(WrongUsageError, match="no account snapshot has matured"):
        frame_from_database(address, PaymentTarget(history_days=5000), DAY, labeled=True)

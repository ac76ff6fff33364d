"""The shape of a frame: column order and types, one sorted row per unit and day, and the same bits twice."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

from payrank.features.build_frames import nightly_frame, training_frame
from payrank.features.feature import catalog_digest
from payrank.features.frame import build_catalog
from payrank.features.targets import OverturnTarget, PaymentTarget
from tests.features.small_extracts import DAY, Rows, draw_rows, make_extract

PAYMENT = PaymentTarget(horizon_days=20, every_days=13, snapshots=4, history_days=1)
OVERTURN = OverturnTarget(maturity_days=20, every_days=13, snapshots=5, history_days=1, rows_per_unit=None)
BOTH = pytest.mark.parametrize("target", [PAYMENT, OVERTURN], ids=["account", "denial"])
IDS = {"account": ["row_payer_id"], "denial": ["row_account_id", "row_payer_id"]}


@BOTH
def test_columns_are_in_catalog_order_with_their_types(target: PaymentTarget | OverturnTarget) -> None:
    with make_extract(draw_rows(4)) as extract:
        frame, nightly = training_frame(extract, target, DAY), nightly_frame(extract, target, DAY)
        features = build_catalog(extract, target.unit)
    key_columns = ["unit_id", "household", "as_of", "amount", "age_days", *IDS[target.unit]]
    names = [feature.name for feature in features]
    plain = [feature.name for feature in features if type(feature.source).__name__ != "Derived"]
    derived = [name for name in names if name not in plain]
    assert list(nightly.data.columns) == [*key_columns, *plain, *derived]
    assert list(frame.data.columns) == [
        *key_columns,
        "label",
        "share",
        "recovered",
        "days_to_outcome",
        "known_on",
        *plain,
        *derived,
    ]
    for feature in features:
        assert frame.data[feature.name].dtype == ("str" if feature.is_category else "float64"), feature.name
    assert frame.data["as_of"].dtype == frame.data["known_on"].dtype == "datetime64[s]"
    numbers = ["amount", "age_days", "label", "share", "recovered"]
    assert (frame.data[numbers].dtypes == np.float64).all()
    assert {frame.data[name].dtype.name for name in ["unit_id", "household", *IDS[target.unit]]} == {"str"}
    assert (frame.features, frame.unit, frame.digest) == (features, target.unit, catalog_digest(features))


@BOTH
@pytest.mark.parametrize("seed", range(3))
def test_rows_are_sorted_and_unique_per_unit_and_day(target: PaymentTarget | OverturnTarget, seed: int) -> None:
    with make_extract(draw_rows(seed)) as extract:
        data = training_frame(extract, target, DAY).data
    keys = list(zip(data["as_of"], data["unit_id"], strict=True))
    assert keys == sorted(set(keys))


@BOTH
def test_two_runs_give_identical_frames_and_leave_no_tables(target: PaymentTarget | OverturnTarget) -> None:
    with make_extract(draw_rows(4)) as extract:
        tables = extract.connection.execute("SHOW TABLES").fetchall()
        first, second = training_frame(extract, target, DAY), training_frame(extract, target, DAY)
        assert extract.connection.execute("SHOW TABLES").fetchall() == tables
    pd.testing.assert_frame_equal(first.data, second.data, check_exact=True)


@BOTH
def test_an_empty_population_gives_an_empty_frame_with_the_same_columns(target: PaymentTarget | OverturnTarget) -> None:
    with make_extract(draw_rows(4)) as extract:
        full = nightly_frame(extract, target, DAY).data
        empty = nightly_frame(extract, target, date(2001, 1, 1)).data
    assert empty.empty
    assert not full.empty
    pd.testing.assert_series_equal(empty.dtypes, full.dtypes)


def test_several_rows_per_key_in_other_tables_do_not_duplicate_a_unit() -> None:
    """Several coverages and appeals on the same day do not add rows."""
    rows = draw_rows(4)
    days = {"known_on": DAY - timedelta(days=9), "ended_on": None}
    rows["coverages"] = [
        {"account_id": row["account_id"], "payer_id": payer, "priority": 1, **days}
        for row in rows["accounts"]
        for payer in ("P2", "P1", "P-unlisted")
    ]
    rows["appeals"] = [
        {"appeal_id": f"{row['denial_id']}{at}", "denial_id": row["denial_id"], "filed_on": DAY - timedelta(days=4)}
        for row in rows["denials"]
        for at in range(3)
    ]
    with make_extract(rows) as extract:
        accounts, denials = nightly_frame(extract, PAYMENT, DAY).data, nightly_frame(extract, OVERTURN, DAY).data
    assert accounts["unit_id"].is_unique
    assert denials["unit_id"].is_unique
    assert set(accounts["row_payer_id"]) == {"P-unlisted"}, "ties go to the first ID in byte order"
    assert set(denials["appeals_filed"]) == {3.0}


def _deep_household() -> Rows:
    rows = draw_rows(4)
    return rows | {"accounts": [row | {"guarantor_id": "G1"} for row in rows["accounts"]], "flags": []}


def test_an_account_is_not_counted_among_its_households_other_accounts() -> None:
    with make_extract(_deep_household()) as extract:
        data = nightly_frame(extract, PAYMENT, DAY).data.set_index("unit_id")
    owing = data["patient_balance"]
    assert len(data) > 2
    together = owing + data["household_balance"]
    assert together.to_numpy() == pytest.approx(together.iloc[0]), (
        "each account's balance plus the others' is the household's"
    )

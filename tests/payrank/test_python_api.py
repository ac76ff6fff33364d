"""pandas and Arrow in, pandas and Arrow out, and frames that scikit-learn takes as they are."""

from __future__ import annotations

import stat
import tempfile
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import payrank
from payrank.extracts.errors import ExtractRefusedError, WrongUsageError
from payrank.extracts.load.load_extract import load_extract
from payrank.features.api import with_dtypes
from payrank.features.feature import UNITS
from payrank.features.sources import Count
from payrank.simulator import simulate
from tests.conftest import Hospital

pytestmark = pytest.mark.slow

DAY = date(2026, 11, 20)
FEW = payrank.PaymentTarget(snapshots=6)


def tables_of(folder: Path) -> dict[str, pa.Table]:
    return {path.stem: pq.read_table(path) for path in sorted(folder.glob("*.parquet"))}


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A hospital of 400 accounts."""
    folder = tmp_path_factory.mktemp("small") / "extract"
    simulate(folder, accounts=400, seed=5, as_of=DAY)
    return folder


@pytest.mark.parametrize("unit", UNITS)
def test_every_kind_of_source_gives_the_same_frame(small: Path, unit: Any) -> None:
    tables = tables_of(small)
    frames = {name: table.to_pandas() for name, table in tables.items()}
    mixed = {name: frames[name] if name != "denials" else tables[name] for name in tables}
    with load_extract(small) as extract:
        expected = payrank.build_features(extract, as_of=DAY, unit=unit)
        assert extract.tables["accounts"].rows_loaded, "an extract that was given stays open"
    assert len(expected) > 10
    for source in (small, str(small), tables, frames, mixed):
        pd.testing.assert_frame_equal(payrank.build_features(source, as_of="2026-11-20", unit=unit), expected)


def test_features_match_the_nightly_frame(hospital: Hospital) -> None:
    with load_extract(hospital.extract) as extract:
        frame = payrank.nightly_frame(extract, payrank.PaymentTarget(), DAY)
        frame_values = payrank.build_features(extract, as_of=DAY)
    assert list(frame_values.index) == list(frame.data["unit_id"])
    for feature in frame.features:
        known = frame_values[feature.name]
        if feature.is_category:
            assert (
                known.astype("object").where(known.notna(), None).tolist()
                == frame.data[feature.name].astype("object").where(frame.data[feature.name].notna(), None).tolist()
            )
        else:
            np.testing.assert_array_equal(
                known.to_numpy(dtype=np.float64, na_value=np.nan), frame.data[feature.name].to_numpy()
            )


@pytest.mark.parametrize("unit", UNITS)
def test_dtypes_follow_the_units_and_do_not_depend_on_the_rows(hospital: Hospital, unit: Any) -> None:
    with load_extract(hospital.extract) as extract:
        full = payrank.build_features(extract, as_of=DAY, unit=unit)
        frame = payrank.nightly_frame(
            extract, payrank.PaymentTarget() if unit == "account" else payrank.OverturnTarget(), DAY
        )
    empty = with_dtypes(replace(frame, data=frame.data.head(0)), frame.features)
    assert full.index.name == f"{unit}_id"
    assert len(empty) == 0
    for feature in frame.features:
        kinds = {full[feature.name].dtype.name, empty[feature.name].dtype.name}
        if feature.is_category:
            assert kinds == {"category"}
        elif feature.unit == "yes/no":
            assert kinds == {"boolean"}
        elif isinstance(feature.source, Count):
            assert kinds == {"Int64"}
        else:
            assert kinds <= {"Int64"} or kinds == {"float64"}
    assert full.dtypes.map(str).value_counts().get("Int64", 0) > 3


def test_an_arrow_table_has_the_same_values(hospital: Hospital) -> None:
    table = payrank.build_features(hospital.extract, as_of=DAY, form="arrow")
    assert isinstance(table, pa.Table)
    assert table.column_names[0] == "account_id"
    assert table.num_rows == len(payrank.build_features(hospital.extract, as_of=DAY))
    assert pa.types.is_int64(table.schema.field("payment_count").type)


def test_scikit_learn_accepts_a_training_frame_unchanged(hospital: Hospital) -> None:
    from sklearn.ensemble import HistGradientBoostingClassifier  # noqa: PLC0415 - a second of imports
    from sklearn.model_selection import GroupKFold, cross_val_score  # noqa: PLC0415

    frame = payrank.training_frame(hospital.extract, FEW)
    assert frame.X.shape == (len(frame.y), sum(feature.modeled for feature in frame.features))
    assert frame.X.index.equals(frame.y.index)
    assert frame.X.index.equals(frame.groups.index)
    assert frame.times.is_monotonic_increasing
    assert set(frame.y) == {0, 1}
    assert (frame.known_on > frame.times).all()
    assert {part.index.name for part in (frame.X, frame.y, frame.groups, frame.times, frame.known_on)} == {"account_id"}
    model = HistGradientBoostingClassifier(max_iter=20, random_state=1)
    scores = cross_val_score(model, frame.X, frame.y, groups=frame.groups, cv=GroupKFold(3), scoring="roc_auc")
    assert scores.mean() > 0.6
    current = payrank.build_features(hospital.extract, as_of=DAY)[list(frame.X.columns)]
    assert len(model.fit(frame.X, frame.y).predict_proba(current)) == len(current)


def test_train_accepts_a_training_frame(hospital: Hospital) -> None:
    from payrank.training.settings import Member, TrainingSettings  # noqa: PLC0415

    quick = TrainingSettings(min_outcomes=11, members=(Member(seeds=(1,), n_estimators=10),), refit=False)
    frame = payrank.training_frame(hospital.extract, FEW, DAY)
    trained = payrank.train(frame, kind="payment", as_of=DAY, settings=quick)
    assert trained.bundle.manifest.catalog_digest == frame.digest


def test_site_features_can_be_passed_as_records(hospital: Hospital) -> None:
    record = {
        "name": "texts_30d",
        "meaning": "Texts in 30 days",
        "unit": "count",
        "family": "contact",
        "phrase": "{value} text{s}",
        "source": {"take": "count", "of": "contacts", "where": {"channel": "text"}, "within_days": 30},
    }
    frame = payrank.build_features(hospital.extract, as_of=DAY, site_features={"account": [record]})
    assert frame["own_texts_30d"].sum() > 0


ACCOUNTS = pd.DataFrame({"account_id": ["007"], "guarantor_id": ["G"], "opened_on": pd.to_datetime(["2026-01-05"])})


def test_in_memory_tables_can_declare_site_attributes() -> None:
    tables = {"accounts": ACCOUNTS.assign(clinic="north")}
    with payrank.load_tables(tables, as_of=DAY, attributes={"accounts": {"clinic": "category"}}) as extract:
        assert extract.connection.execute("SELECT account_id, clinic FROM accounts").fetchall() == [("007", "north")]
        assert extract.metadata.as_of == DAY


def test_in_memory_tables_keep_amounts_to_the_cent() -> None:
    rows = {"transaction_id": ["1", "2"], "account_id": "007", "posted_on": date(2026, 1, 6), "kind": "charge"}
    amounts = [Decimal("0.10"), Decimal("12345678901.25")]
    ledger = pd.DataFrame(rows).assign(amount=pd.Series(amounts, dtype=object), responsibility="patient")
    with payrank.load_tables({"accounts": ACCOUNTS, "transactions": ledger}) as extract:
        assert extract.connection.execute("SELECT amount FROM transactions ORDER BY 1").fetchall() == [
            (a,) for a in amounts
        ]


def test_in_memory_tables_leave_no_file_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with payrank.load_tables({"accounts": ACCOUNTS}):
        assert not list(tmp_path.rglob("*.parquet"))
        assert all(stat.S_IMODE(path.stat().st_mode) == 0o700 for path in tmp_path.iterdir())
    assert not list(tmp_path.iterdir())
    with pytest.raises(ExtractRefusedError, match="opened_on"):
        payrank.load_tables({"accounts": ACCOUNTS.drop(columns="opened_on")})
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("call", "error", "says"),
    [
        (lambda: payrank.load_tables({"account": ACCOUNTS}), WrongUsageError, "did you mean 'accounts'"),
        (lambda: payrank.load_tables({"accounts": [1, 2]}), WrongUsageError, "'accounts' is of type list"),
        (lambda: payrank.build_features({"accounts": ACCOUNTS}, as_of="tomorrow"), WrongUsageError, "is not a date"),
        (
            lambda: payrank.build_features({"accounts": ACCOUNTS}, as_of=DAY, unit="acount"),  # type: ignore[call-overload]  # refused
            WrongUsageError,
            "did you mean 'account'",
        ),
        (
            lambda: payrank.build_features(5, as_of=DAY),  # type: ignore[call-overload]  # refused
            WrongUsageError,
            "source is of type int",
        ),
        (lambda: payrank.training_frame({"accounts": ACCOUNTS}), WrongUsageError, "as_of is missing"),
        (
            lambda: payrank.load_tables({"accounts": ACCOUNTS.assign(account_id=pd.Series([{"a": 1}], dtype=object))}),
            ExtractRefusedError,
            "account_id",
        ),
        (
            lambda: payrank.load_tables(
                {"accounts": pd.concat([ACCOUNTS, ACCOUNTS]).assign(account_id=[1, "secret-value"])}
            ),
            ExtractRefusedError,
            r"account_id \(id\) mixes values",
        ),
    ],
)
def test_errors_name_the_problem_without_a_value_from_the_data(call: Any, error: type[Exception], says: str) -> None:
    with pytest.raises(error, match=says) as refusal:
        call()
    assert "secret" not in str(refusal.value)


@pytest.mark.parametrize(
    ("day", "says"),
    [
        ("2026-11-21", r"2026-11-21 is after the extract's own as-of date 2026-11-20.* to 2026-11-20"),
        ("2020-01-01", r"2020-01-01 precedes the first account in the extract. Allowed: from"),
    ],
)
def test_an_as_of_date_outside_the_extract_is_refused_with_the_allowed_dates(
    hospital: Hospital, day: str, says: str
) -> None:
    with pytest.raises(WrongUsageError, match=says):
        payrank.build_features(hospital.extract, as_of=day)
    with pytest.raises(WrongUsageError, match=says):
        payrank.training_frame(hospital.extract, as_of=day)


def test_columns_can_be_chosen(hospital: Hospital) -> None:
    with load_extract(hospital.extract) as extract:
        frame = payrank.nightly_frame(extract, payrank.PaymentTarget(), DAY)
    assert list(with_dtypes(frame, frame.features[:2]).columns) == [feature.name for feature in frame.features[:2]]

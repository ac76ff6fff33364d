"""Features in `payrank.toml` are computed as written, see no future, and errors name the nearest allowed word."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pandas as pd
import pytest

from payrank.extracts.errors import WrongUsageError
from payrank.features.build_frames import nightly_frame, training_frame
from payrank.features.feature import catalog_digest
from payrank.features.frame import build_catalog
from payrank.features.site.columns import find_readable
from payrank.features.site.features import SiteFeatures, read_site_features
from payrank.features.sources import Count
from payrank.features.targets import OverturnTarget, PaymentTarget
from tests.features.sample_site_features import every_source, read, record
from tests.features.small_extracts import DAY, Rows, change_the_future, draw_rows, make_extract

pytestmark = pytest.mark.slow

PAYMENT = PaymentTarget(horizon_days=20, every_days=13, snapshots=3, history_days=1)
OVERTURN = OverturnTarget(maturity_days=15, every_days=9, snapshots=4, history_days=1)


def back(days: int) -> Any:
    return DAY - timedelta(days=days)


def posted(at: int, days: int, amount: str, kind: str = "patient_payment") -> dict[str, Any]:
    return {
        "transaction_id": f"T{at}",
        "account_id": "A",
        "posted_on": back(days),
        "kind": kind,
        "amount": Decimal(amount),
        "responsibility": "patient",
    }


ROWS: Rows = {
    "accounts": [
        {"account_id": "A", "guarantor_id": "G", "opened_on": back(100), "patient_class": "clinic", "facility": "main"},
        {"account_id": "B", "guarantor_id": "G", "opened_on": back(90), "facility": "main"},
    ],
    "transactions": [
        posted(1, 80, "300.00", "charge"),
        posted(2, 60, "-20.00"),
        posted(3, 30, "-40.00"),
        posted(4, 1, "-60.00"),
        posted(5, 0, "-70.00"),
    ],
    "contacts": [
        {"contact_id": "1", "guarantor_id": "G", "contacted_on": back(10), "channel": "text", "direction": "out"},
        {"contact_id": "2", "guarantor_id": "G", "contacted_on": back(40), "channel": "call", "outcome": "no_answer"},
        {"contact_id": "3", "guarantor_id": "G", "contacted_on": back(0), "channel": "text"},
    ],
    "coverages": [{"account_id": "A", "payer_id": "P1", "priority": 1, "known_on": back(99)}],
    "payers": [{"payer_id": "P1", "payer_class": "commercial"}],
}
PAID = {"of": "ledger", "column": "amount", "where": {"kind": "patient_payment"}}


@pytest.mark.parametrize(
    ("source", "unit", "expected"),
    [
        ({"take": "count", "of": "contacts", "where": {"channel": ["text", "call"]}}, "count", 2),
        ({"take": "count", "of": "contacts", "where": {"channel": "text"}, "within_days": 10}, "count", 1),
        ({"take": "count", "of": "contacts", "where": {"channel": "text"}, "within_days": 9}, "count", 0),
        ({"take": "count", "of": "contacts", "where": {"outcome": {"known": False}}}, "count", 1),
        ({"take": "sum", **PAID}, "dollars", -120),
        ({"take": "sum", **PAID, "within_days": 30}, "dollars", -100),
        ({"take": "mean", **PAID}, "dollars", -40),
        ({"take": "min", **PAID}, "dollars", -60),
        ({"take": "max", **PAID, "within_days": 40}, "dollars", -40),
        ({"take": "count", "of": "ledger", "where": {"amount": {"at_least": -40, "at_most": -20.5}}}, "count", 1),
        ({"take": "count", "of": "ledger", "where": {"amount": -20}}, "count", 1),
        ({"take": "count_distinct", "of": "ledger", "column": "kind"}, "count", 2),
        ({"take": "days_since_last", "of": "ledger", "where": {"kind": "patient_payment"}}, "days", 1),
        ({"take": "days_since_first", "of": "ledger", "where": {"kind": "patient_payment"}}, "days", 60),
        ({"take": "share", "of": "ledger", "hit": {"kind": "charge"}}, "share", 0.25),
        ({"take": "latest", "of": "contacts", "column": "channel"}, "category", "text"),
        ({"take": "latest", "of": "ledger", "column": "amount"}, "dollars", -60),
        ({"take": "value", "column": "facility"}, "category", "main"),
        ({"take": "value", "column": "patient_paid"}, "dollars", 120),
        ({"take": "ratio", "over": "payment_count", "under": "charges"}, "number", 0.01),
        ({"take": "ratio", "over": "payment_count", "under": "refusals"}, "number", None),
        ({"take": "count", "of": "household", "where": {"is_other": 1}}, "count", 1),
    ],
)  # fmt: skip
def test_a_feature_from_the_settings_has_the_expected_value(source: dict[str, Any], unit: str, expected: Any) -> None:
    with make_extract(ROWS) as extract:
        data = nightly_frame(extract, PAYMENT, DAY, site_features=read(record(source, unit))).data.set_index("unit_id")
    value: Any = data.loc["A", "own_mine"]
    assert pd.isna(value) if expected is None else value == pytest.approx(expected)


def test_a_site_rate_counts_only_earlier_outcomes() -> None:
    site_features = read(record({"take": "rate", "by": ["facility"]}, "rate"))
    rows = draw_rows(4)
    with make_extract(rows) as extract:
        before = nightly_frame(extract, PAYMENT, DAY, site_features=site_features).data
    with make_extract(change_the_future(rows, DAY, 4)) as extract:
        after = nightly_frame(extract, PAYMENT, DAY, site_features=site_features).data
    assert before["own_mine"].notna().any()
    pd.testing.assert_frame_equal(before, after, check_exact=True)


@pytest.mark.parametrize("target", [PAYMENT, OVERTURN], ids=["account", "denial"])
@pytest.mark.parametrize("seed", [1, 2])
def test_the_future_changes_no_bit_of_any_site_feature(target: Any, seed: int) -> None:
    site_features = read(*every_source(target.unit), unit=target.unit)
    rows = draw_rows(seed)
    frames = []
    for known in (rows, change_the_future(rows, DAY, seed)):
        with make_extract(known) as extract:
            frames.append(
                (
                    nightly_frame(extract, target, DAY, site_features=site_features),
                    training_frame(extract, target, DAY, site_features=site_features),
                )
            )
    for before, after in zip(*frames, strict=True):
        assert sum(feature.name.startswith("own_") for feature in before.features) == len(
            site_features.for_unit(target.unit)
        )
        pd.testing.assert_frame_equal(before.data, after.data, check_exact=True)


def test_a_feature_whose_table_is_missing_is_null_and_listed_as_unavailable() -> None:
    site_features = read(record({"take": "count", "of": "contacts"}, "count"))
    with make_extract(ROWS, absent=["contacts"]) as extract:
        frame = nightly_frame(extract, PAYMENT, DAY, site_features=site_features)
    assert "own_mine" in frame.unavailable
    assert frame.data["own_mine"].isna().all()


def test_site_features_are_part_of_the_catalog_and_its_digest() -> None:
    windows = [read(record({"take": "count", "of": "contacts", "within_days": days}, "count")) for days in (30, 31)]
    with make_extract(ROWS) as extract:
        plain, first, second = (build_catalog(extract, "account", added) for added in (SiteFeatures(), *windows))
        assert build_catalog(extract, "denial", windows[0]) == build_catalog(extract, "denial")
    assert first[:-1] == plain
    assert len({catalog_digest(features) for features in (plain, first, second)}) == 3


def test_a_quote_in_a_level_cannot_inject_sql() -> None:
    source = {"take": "count", "of": "denials", "where": {"carc": "1' OR '1'='1"}}
    with pytest.raises(WrongUsageError, match="a level may not have"):
        read(record(source, "count"))
    site_features = read(record({**source, "where": {"carc": "O'Neil"}}, "count"))
    assert site_features.account[0].source == Count("denials", "carc IN ('O''Neil')")
    with make_extract(ROWS) as extract:
        assert set(nightly_frame(extract, PAYMENT, DAY, site_features=site_features).data["own_mine"]) == {0.0}


COUNT = {"take": "count", "of": "contacts"}


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (record({"take": "count", "of": "contact"}, "count"), r"'contact' is not a relation.*did you mean 'contacts'"),
        (record({"take": "cuont", "of": "contacts"}, "count"), r"source.take is 'cuont'; did you mean 'count'"),
        (record({**COUNT, "wher": {}}, "count"), r"unknown key 'wher'; did you mean 'where'"),
        (record({**COUNT, "where": {"chanel": "text"}}, "count"), r"where: column 'chanel'.*did you mean 'channel'"),
        (record({**COUNT, "where": {"channel": "txt"}}, "count"), "not one of its levels; did you mean 'text'"),
        (record({**COUNT, "where": {"channel": []}}, "count"), "lists no levels"),
        (record({**COUNT, "where": {"channel": 5}}, "count"), "where.channel is text; allowed: a level"),
        (record({**COUNT, "where": {"contacted_on": "2026-01-01"}}, "count"), "contacted_on is a date"),
        (record({**COUNT, "where": {"channel": {"at_leest": 3}}}, "count"), "did you mean 'at_least'"),
        (record({**COUNT, "where": {"channel": {}}}, "count"), "has no condition"),
        (record({**COUNT, "column": "outcome"}, "count"), "take 'count' does not use 'column'"),
        (record({"take": "sum", "of": "ledger"}, "dollars"), "take 'sum' needs column"),
        (record({"take": "sum", "of": "ledger", "column": "kind"}, "dollars"), "is text, which has no sum"),
        (record({"take": "latest", "of": "ledger", "column": "payer_id"}, "category"), "is an ID, which cannot be"),
        (record({"take": "latest", "of": "household", "column": "payer_class"}, "category"), "have no order"),
        (record({"take": "days_since_last", "of": "household"}, "days"), "have no date"),
        (record({"take": "value", "column": "balanse"}, "dollars"), "is not a column here"),
        (record({"take": "rate", "by": ["account_id"]}, "rate"), "is not a category that rows share"),
        (record({"take": "rate", "by": ["payer_clas"]}, "rate"), "did you mean 'payer_class'"),
        (record({"take": "ratio", "over": "chargs", "under": "charges"}, "share"), "did you mean 'charges'"),
        (record({"take": "ratio", "over": "payer_class", "under": "charges"}, "share"), "is text"),
        (record(COUNT, "dollars"), "unit is 'dollars'; take 'count' of this column has unit 'count'"),
        (record(COUNT, "counts"), "did you mean 'count'"),
        (record(COUNT, "count", family="histry"), "did you mean 'history'"),
        (record(COUNT, "count", name="Mine"), "name cannot be used"),
        (record(COUNT, "count", phrase="{value.__class__}"), "cannot be filled in"),
        (record(COUNT, "count", phrase="no hole"), "cannot be filled in"),
        (record(COUNT, "count", phrase="{value"), "cannot be filled in"),
        (record(COUNT, "count", phrase="{value:>9}"), "cannot be filled in"),
        (record(COUNT, "count", when_zero="{other}"), "cannot be filled in"),
        (record(COUNT, "count", sensitivity="prxy"), "did you mean 'proxy'"),
        (record(COUNT, "count", when_unknown="{value}"), "cannot be filled in"),
        (record(COUNT, "count", direction=3), "direction"),
        (record(COUNT, "count", nmae="x"), "did you mean 'name'"),
        (record(COUNT, "count", name="by_gender"), "'gender' names a protected attribute"),
        (record(COUNT, "count", meaning="Calls by race of the guarantor"), "'race' names a protected attribute"),
        ({"name": "mine"}, "is missing; a record needs"),
        (record(COUNT, "count", absent="Unknown"), "unknown key 'absent'; write 'when_unknown' instead"),
        (record(COUNT, "count", low="None"), "unknown key 'low'; write 'when_zero' instead"),
        (record({"take": "least", **PAID}, "dollars"), "source.take is 'least'; write 'min' instead"),
        (record({"take": "greatest", **PAID}, "dollars"), "source.take is 'greatest'; write 'max' instead"),
    ],
)  # fmt: skip
def test_a_wrong_record_is_refused_with_the_allowed_values(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(WrongUsageError, match=message):
        read(wrong)


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        ({"acount": []}, "did you mean 'account'"),
        ({"account": {"name": "x"}}, r"write \[\[features.account\]\]"),
        ([], "features is not a table"),
        ({"account": [record(COUNT, "count"), record(COUNT, "count")]}, "a second feature with this name"),
    ],
)
def test_the_section_itself_is_validated(raw: object, message: str) -> None:
    with pytest.raises(WrongUsageError, match=message):
        read_site_features(raw)


def test_the_phrase_for_zero_and_the_sensitivity_reach_the_feature() -> None:
    (feature,) = read(record(COUNT, "count", when_zero="Never contacted", sensitivity="proxy")).account
    assert (feature.when_zero, feature.sensitivity) == ("Never contacted", "proxy")


def test_site_features_cannot_read_guarantors() -> None:
    for unit in ("account", "denial"):
        readable = find_readable(unit)
        names = {*readable.snapshot, *(name for relation in readable.relations.values() for name in relation.columns)}
        assert names.isdisjoint({"birth_year", "state", "zip3", "language", "text_consent"})
        assert "guarantors" not in readable.relations

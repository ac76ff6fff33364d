"""Features of `payrank.toml`: computed as written, known before, and refused with the nearest name where wrong."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pandas as pd
import pytest

from payrank.extracts.errors import WrongUsageError
from payrank.features.build_frames import nightly_frame, training_frame
from payrank.features.feature import catalog_digest
from payrank.features.frame import catalog
from payrank.features.site.columns import find_reachable
from payrank.features.site.features import SiteFeatures, read_site_features
from payrank.features.sources import Count
from payrank.features.targets import OverturnTarget, PaymentTarget
from tests.features.own_features import every_source, read, record
from tests.features.small_extracts import DAY, Rows, change_the_future, draw_rows, extract_of

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
    ("source", "unit", "worth"),
    [
        ({"take": "count", "of": "contacts", "where": {"channel": ["text", "call"]}}, "count", 2),
        ({"take": "count", "of": "contacts", "where": {"channel": "text"}, "within_days": 10}, "count", 1),
        ({"take": "count", "of": "contacts", "where": {"channel": "text"}, "within_days": 9}, "count", 0),
        ({"take": "count", "of": "contacts", "where": {"outcome": {"known": False}}}, "count", 1),
        ({"take": "sum", **PAID}, "dollars", -120),
        ({"take": "sum", **PAID, "within_days": 30}, "dollars", -100),
        ({"take": "mean", **PAID}, "dollars", -40),
        ({"take": "least", **PAID}, "dollars", -60),
        ({"take": "greatest", **PAID, "within_days": 40}, "dollars", -40),
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
def test_a_feature_of_the_settings_is_worth_what_it_says(source: dict[str, Any], unit: str, worth: Any) -> None:
    with extract_of(ROWS) as extract:
        data = nightly_frame(extract, PAYMENT, DAY, site_features=read(record(source, unit))).data.set_index("unit_id")
    found = data.loc["A", "own_mine"]
    assert pd.isna(found) if worth is None else found == pytest.approx(worth)


def test_a_rate_by_a_sites_own_keys_counts_earlier_outcomes_alone() -> None:
    own = read(record({"take": "rate", "by": ["facility"]}, "rate"))
    rows = draw_rows(4)
    with extract_of(rows) as extract:
        before = nightly_frame(extract, PAYMENT, DAY, site_features=own).data
    with extract_of(change_the_future(rows, DAY, 4)) as extract:
        after = nightly_frame(extract, PAYMENT, DAY, site_features=own).data
    assert before["own_mine"].notna().any()
    pd.testing.assert_frame_equal(before, after, check_exact=True)


@pytest.mark.parametrize("target", [PAYMENT, OVERTURN], ids=["account", "denial"])
@pytest.mark.parametrize("seed", [1, 2])
def test_whatever_a_site_may_write_the_future_changes_no_bit_of_it(target: Any, seed: int) -> None:
    own = read(*every_source(target.unit), unit=target.unit)
    rows = draw_rows(seed)
    frames = []
    for known in (rows, change_the_future(rows, DAY, seed)):
        with extract_of(known) as extract:
            frames.append(
                (
                    nightly_frame(extract, target, DAY, site_features=own),
                    training_frame(extract, target, DAY, site_features=own),
                )
            )
    for before, after in zip(*frames, strict=True):
        assert sum(feature.name.startswith("own_") for feature in before.features) == len(own.of(target.unit))
        pd.testing.assert_frame_equal(before.data, after.data, check_exact=True)


def test_a_feature_whose_table_is_absent_is_unknown_and_named() -> None:
    own = read(record({"take": "count", "of": "contacts"}, "count"))
    with extract_of(ROWS, absent=["contacts"]) as extract:
        frame = nightly_frame(extract, PAYMENT, DAY, site_features=own)
    assert "own_mine" in frame.unavailable
    assert frame.data["own_mine"].isna().all()


def test_own_features_are_part_of_the_catalog_and_of_its_digest() -> None:
    within = [read(record({"take": "count", "of": "contacts", "within_days": days}, "count")) for days in (30, 31)]
    with extract_of(ROWS) as extract:
        plain, first, second = (catalog(extract, "account", own) for own in (SiteFeatures(), *within))
        assert catalog(extract, "denial", within[0]) == catalog(extract, "denial")
    assert first[:-1] == plain
    assert len({catalog_digest(features) for features in (plain, first, second)}) == 3


def test_a_level_with_a_quote_stays_a_level() -> None:
    source = {"take": "count", "of": "denials", "where": {"carc": "1' OR '1'='1"}}
    with pytest.raises(WrongUsageError, match="no level has"):
        read(record(source, "count"))
    own = read(record({**source, "where": {"carc": "O'Neil"}}, "count"))
    assert own.account[0].source == Count("denials", "carc IN ('O''Neil')")
    with extract_of(ROWS) as extract:
        assert set(nightly_frame(extract, PAYMENT, DAY, site_features=own).data["own_mine"]) == {0.0}


COUNT = {"take": "count", "of": "contacts"}


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (record({"take": "count", "of": "contact"}, "count"), r"of 'contact' is nothing .*did you mean 'contacts'"),
        (record({"take": "cuont", "of": "contacts"}, "count"), r"source.take is 'cuont'; did you mean 'count'"),
        (record({**COUNT, "wher": {}}, "count"), r"unknown key 'wher'; did you mean 'where'"),
        (record({**COUNT, "where": {"chanel": "text"}}, "count"), r"where: column 'chanel'.*did you mean 'channel'"),
        (record({**COUNT, "where": {"channel": "txt"}}, "count"), r"'txt' is no level of it; did you mean 'text'"),
        (record({**COUNT, "where": {"channel": []}}, "count"), "names no level"),
        (record({**COUNT, "where": {"channel": 5}}, "count"), "where.channel is words; allowed: a level"),
        (record({**COUNT, "where": {"contacted_on": "2026-01-01"}}, "count"), "contacted_on is a day"),
        (record({**COUNT, "where": {"channel": {"at_leest": 3}}}, "count"), "did you mean 'at_least'"),
        (record({**COUNT, "where": {"channel": {}}}, "count"), "says nothing"),
        (record({**COUNT, "column": "outcome"}, "count"), "take 'count' has no 'column'"),
        (record({"take": "sum", "of": "ledger"}, "dollars"), "take 'sum' needs column"),
        (record({"take": "sum", "of": "ledger", "column": "kind"}, "dollars"), "words, of which there is no sum"),
        (record({"take": "latest", "of": "ledger", "column": "payer_id"}, "category"), "is an id, which is no value"),
        (record({"take": "latest", "of": "household", "column": "payer_class"}, "category"), "have no order"),
        (record({"take": "days_since_last", "of": "household"}, "days"), "states without a day"),
        (record({"take": "value", "column": "balanse"}, "dollars"), "no column here"),
        (record({"take": "rate", "by": ["account_id"]}, "rate"), "no word that many share"),
        (record({"take": "rate", "by": ["payer_clas"]}, "rate"), "did you mean 'payer_class'"),
        (record({"take": "ratio", "over": "chargs", "under": "charges"}, "share"), "did you mean 'charges'"),
        (record({"take": "ratio", "over": "payer_class", "under": "charges"}, "share"), "is words"),
        (record(COUNT, "dollars"), "unit is 'dollars'; take 'count' of this column gives 'count'"),
        (record(COUNT, "counts"), "did you mean 'count'"),
        (record(COUNT, "count", family="histry"), "did you mean 'history'"),
        (record(COUNT, "count", name="Mine"), "name cannot be used"),
        (record(COUNT, "count", phrase="{value.__class__}"), "cannot be filled in"),
        (record(COUNT, "count", phrase="no hole"), "cannot be filled in"),
        (record(COUNT, "count", phrase="{value"), "cannot be filled in"),
        (record(COUNT, "count", phrase="{value:>9}"), "cannot be filled in"),
        (record(COUNT, "count", low="{other}"), "cannot be filled in"),
        (record(COUNT, "count", sensitivity="prxy"), "did you mean 'proxy'"),
        (record(COUNT, "count", absent="{value}"), "cannot be filled in"),
        (record(COUNT, "count", direction=3), "direction"),
        (record(COUNT, "count", nmae="x"), "did you mean 'name'"),
        (record(COUNT, "count", name="by_gender"), "'gender' names a protected attribute"),
        (record(COUNT, "count", meaning="Calls by race of the guarantor"), "'race' names a protected attribute"),
        ({"name": "mine"}, "is missing; a record needs"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_refused_by_name_with_what_is_allowed(wrong: dict[str, Any], says: str) -> None:
    with pytest.raises(WrongUsageError, match=says):
        read(wrong)


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        ({"acount": []}, "did you mean 'account'"),
        ({"account": {"name": "x"}}, r"write \[\[features.account\]\]"),
        ([], "features is not a table"),
        ({"account": [record(COUNT, "count"), record(COUNT, "count")]}, "a second feature of this name"),
    ],
)
def test_the_section_itself_is_checked(raw: object, says: str) -> None:
    with pytest.raises(WrongUsageError, match=says):
        read_site_features(raw)


def test_low_phrase_and_sensitivity_reach_the_feature() -> None:
    (made,) = read(record(COUNT, "count", low="Never contacted", sensitivity="proxy")).account
    assert (made.low, made.sensitivity) == ("Never contacted", "proxy")


def test_guarantors_are_out_of_reach() -> None:
    for unit in ("account", "denial"):
        reachable = find_reachable(unit)  # type: ignore[arg-type]  # a unit's name
        names = {*reachable.snapshot, *(name for one in reachable.relations.values() for name in one.columns)}
        assert names.isdisjoint({"birth_year", "state", "zip3", "language", "text_consent"})
        assert "guarantors" not in reachable.relations

"""What a feature may use beyond today's catalogs: every field of every relation, half-lives, and ties."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from random import Random

import numpy as np
import pandas as pd
import pytest

from payrank.extracts.errors import WrongUsageError
from payrank.features.dialects.dialect import DuckDBDialect
from payrank.features.engines.duckdb import run_plan
from payrank.features.feature import Feature
from payrank.features.frame import build_catalog
from payrank.features.relations.account_relations import account_relations
from payrank.features.relations.account_state import account_fields
from payrank.features.relations.denial_relations import denial_relations
from payrank.features.relations.denial_state import denial_fields
from payrank.features.relations.relation import Relation
from payrank.features.sources import (
    CombinedLogOdds,
    Count,
    CountDistinct,
    HistoricalRate,
    Latest,
    RateSupport,
    Source,
    Sum,
)
from payrank.features.sql.plan import plan_sql
from payrank.features.targets import OverturnTarget, PaymentTarget
from tests.features.oracle_accounts import evidence
from tests.features.small_extracts import DAY, SITE, Rows, change_the_future, draw_row, draw_rows, make_extract

PAYMENT = PaymentTarget(horizon_days=20)
OVERTURN = OverturnTarget()
DIALECT = DuckDBDialect()
ACCOUNT_FIELDS = account_fields(DIALECT, PAYMENT, ("clinic",))
RELATIONS = {
    "account": account_relations(DIALECT, 20, ACCOUNT_FIELDS),
    "denial": denial_relations(denial_fields(DIALECT, ("diagnosis",))),
}
EACH = [(unit, relation) for unit, relations in RELATIONS.items() for relation in relations.values()]


def feature(name: str, source: Source, unit: str = "count") -> Feature:
    return Feature(name=name, meaning="Made for a test", unit=unit, family="history", source=source, phrase="{value}")


def compute(features: Sequence[Feature], rows: Rows, target: PaymentTarget | OverturnTarget = PAYMENT) -> pd.DataFrame:
    attributes = tuple(SITE["accounts" if target.unit == "account" else "denials"])
    plan = plan_sql(target, features, [DAY], DIALECT, lambda _: True, attributes, None)
    with make_extract(rows) as extract:
        return run_plan(extract.connection, plan, features).set_index("unit_id")


@pytest.mark.parametrize(("unit", "relation"), EACH, ids=[f"{unit}-{relation.name}" for unit, relation in EACH])
def test_a_feature_can_read_every_field_of_a_relation(unit: str, relation: Relation) -> None:
    features = [feature(f"known_{name}", Count(relation.name, f"{name} IS NOT NULL")) for name in relation.fields]
    rows = draw_rows(2)
    for at, row in enumerate(rows["denials"]):
        row["account_id"] = f"A{at % 12}"
    data = compute(features, rows, PAYMENT if unit == "account" else OVERTURN)
    assert len(data) > 2
    assert data[[f.name for f in features]].max().max() > 0


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("target", [PAYMENT, OVERTURN], ids=["account", "denial"])
def test_no_field_of_any_relation_sees_the_future(target: PaymentTarget | OverturnTarget, seed: int) -> None:
    """Fields that no catalog feature reads yet are limited to the past too."""
    relations = RELATIONS[target.unit].values()
    fields = [(relation.name, name) for relation in relations for name in relation.fields]
    features = [feature(f"{relation}_{name}", CountDistinct(relation, name)) for relation, name in fields]
    rows = draw_rows(seed)
    for at in range(0, 60, 2):
        rows["promises"].append(draw_row(Random(at), "promises", f"more-{at}"))  # noqa: S311 - test data
    before, after = (compute(features, each, target) for each in (rows, change_the_future(rows, DAY, seed)))
    pd.testing.assert_frame_equal(before, after, check_exact=True)


def test_a_payment_on_the_day_itself_does_not_count_toward_an_open_promise() -> None:
    bill = {"account_id": "A", "responsibility": "patient"}
    made_on = DAY - timedelta(days=5)
    payments = [(made_on - timedelta(days=1), -7), (made_on, -10), (DAY - timedelta(days=1), -20), (DAY, -40)]
    rows: Rows = {
        "accounts": [{"account_id": "A", "guarantor_id": "G", "opened_on": DAY - timedelta(days=30)}],
        "promises": [{"promise_id": "p", "account_id": "A", "made_on": made_on, "due_on": DAY, "amount": 50}],
        "transactions": [
            bill | {"transaction_id": "c", "posted_on": DAY - timedelta(days=30), "kind": "charge", "amount": 500},
            *(
                bill | {"transaction_id": f"{at}", "posted_on": day, "kind": "patient_payment", "amount": amount}
                for at, (day, amount) in enumerate(payments)
            ),
        ],
    }
    assert compute([feature("paid", Sum("promises", "paid"), "dollars")], rows)["paid"].to_list() == [30.0]


def test_the_latest_of_several_rows_on_a_day_has_the_last_id() -> None:
    rows = draw_rows(2)
    day = DAY - timedelta(days=3)
    rows["contacts"] = [
        {"contact_id": f"{at}", "guarantor_id": guarantor, "contacted_on": day, "outcome": outcome}
        for guarantor in ("G1", "G2", "G3")
        for at, outcome in (("1", "refused"), ("3", "viewed"), ("2", "promise"))
    ]
    rows["contacts"] = [row | {"contact_id": row["guarantor_id"] + row["contact_id"]} for row in rows["contacts"]]
    data = compute([feature("last", Latest("contacts", "outcome"), "category")], rows)
    assert set(data["last"]) == {"viewed"}


def test_a_half_life_halves_the_weight_of_an_outcome_per_span_of_its_age() -> None:
    """Two balances of one clinic with outcomes 0 and 10 days ago have weights 1 and 0.5; the older one was paid."""
    rows: Rows = {"accounts": [], "transactions": []}
    for name, owed_for in (("now", 5), ("young", 20), ("old", 30)):
        posted = DAY - timedelta(days=owed_for)
        rows["accounts"].append({"account_id": name, "guarantor_id": name, "opened_on": posted, "clinic": "north"})
        bill = {"account_id": name, "responsibility": "patient"}
        charge = {"transaction_id": name, "posted_on": posted, "kind": "charge", "amount": 100}
        rows["transactions"].append(bill | charge)
        if name == "old":
            paid = {
                "transaction_id": "p",
                "posted_on": DAY - timedelta(days=25),
                "kind": "patient_payment",
                "amount": -9,
            }
            rows["transactions"].append(bill | paid)
    data = compute(
        [
            feature("rate", HistoricalRate(("site_clinic",), weight=2.0, half_life_days=10), "rate"),
            feature("support", RateSupport(("site_clinic",), half_life_days=10)),
        ],
        rows,
    )
    overall = 0.5 / 1.5
    assert data.loc["now", "support"] == pytest.approx(1.5)
    assert data.loc["now", "rate"] == pytest.approx((0.5 + 2 * overall) / (1.5 + 2))


def test_evidence_works_with_a_single_key() -> None:
    """It is then the rate's log odds minus a constant."""
    evidence_of_one = feature("evidence", CombinedLogOdds(("service_line",)), "log odds")
    data = compute([feature("rate", HistoricalRate(("service_line",)), "rate"), evidence_of_one], draw_rows(2)).dropna()
    overall = np.log(data["rate"] / (1 - data["rate"])) - data["evidence"]
    assert len(set(data["rate"])) > 1
    assert overall.to_numpy() == pytest.approx(overall.iloc[0])


def test_evidence_without_outcomes_is_unknown() -> None:
    assert evidence({"clinic": "north"}, [], ("clinic",)) is None


def test_a_site_attribute_with_the_name_of_a_feature_is_refused() -> None:
    attributes = {"denials": {"payer_class": "category"}}
    with (
        make_extract({}, attributes=attributes) as extract,
        pytest.raises(WrongUsageError, match="overturned_rate_payer_class"),
    ):
        build_catalog(extract, "denial")

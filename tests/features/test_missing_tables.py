"""A missing table or column makes exactly the features that read it null, and lists them as unavailable."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pandas as pd
import pytest

from payrank.extracts.contract.tables import TABLES
from payrank.features.build_frames import nightly_frame, training_frame
from payrank.features.frame import Frame, build_catalog
from payrank.features.targets import OverturnTarget, PaymentTarget
from tests.features.small_extracts import DAY, SITE, Row, Rows, draw_rows, list_columns, make_extract

pytestmark = pytest.mark.slow

PAYMENT = PaymentTarget(horizon_days=20, every_days=13, snapshots=3, history_days=1)
OVERTURN = OverturnTarget(maturity_days=15, every_days=9, snapshots=4, history_days=1)
ROWS = draw_rows(6) | {"flags": []}
FALLS_BACK = {"denials.appeal_due_on", "denials.payer_id", "payers.appeal_days", "payers.payer_class", "payers"}
"""Days left to appeal come from the denial, the payer, its class, or 60 days: if one is missing, the next applies."""

OPTIONAL = [
    f"{table.name}.{name}"
    for table in TABLES
    for name in list_columns(table.name)
    if table.name not in ("guarantors", "flags") and not ((column := table.column(name)) and column.required)
]
DENIAL_ONLY = ("appeals",)


def build_nightly(target: PaymentTarget | OverturnTarget, *absent: str) -> Frame:
    with make_extract(ROWS, absent=absent) as extract:
        return nightly_frame(extract, target, DAY)


@pytest.fixture(scope="module")
def whole() -> dict[str, Frame]:
    return {"account": build_nightly(PAYMENT), "denial": build_nightly(OVERTURN)}


def assert_only_the_named_are_lost(full: Frame, reduced: Frame, absent: str) -> None:
    """Unavailable features are null everywhere. The others are unchanged wherever the population is the same."""
    known = reduced.data[list(reduced.unavailable)].notna().any()
    assert known[known].empty, "a feature named unavailable has values"
    left = [f.name for f in reduced.features if f.name not in reduced.unavailable]
    if absent in FALLS_BACK:
        left = [name for name in left if name != "days_left"]
    if absent == "coverages.ended_on":
        # Without end dates every coverage counts as active, and a different one may be primary.
        left = [f.name for f in reduced.features if f.name in left and "payer" not in repr(f.source)]
    both = full.data.set_index("unit_id")[left], reduced.data.set_index("unit_id")[left]
    units = both[0].index.intersection(both[1].index)
    assert len(units) > 2
    pd.testing.assert_frame_equal(both[0].loc[units], both[1].loc[units], check_exact=True)


@pytest.mark.parametrize("absent", ["coverages", "payers", "contacts", "promises", "payment_plans", "denials"])
def test_without_a_table_only_the_account_features_that_read_it_are_null(absent: str, whole: dict[str, Frame]) -> None:
    reduced = build_nightly(PAYMENT, absent)
    assert reduced.unavailable
    assert_only_the_named_are_lost(whole["account"], reduced, absent)


@pytest.mark.parametrize("absent", ["accounts", "payers", "transactions", "appeals"])
def test_without_a_table_only_the_denial_features_that_read_it_are_null(absent: str, whole: dict[str, Frame]) -> None:
    reduced = build_nightly(OVERTURN, absent)
    assert reduced.unavailable
    assert_only_the_named_are_lost(whole["denial"], reduced, absent)


@pytest.mark.parametrize("absent", [c for c in OPTIONAL if c.split(".")[0] not in DENIAL_ONLY])
def test_without_a_column_only_the_account_features_that_read_it_are_null(absent: str, whole: dict[str, Frame]) -> None:
    assert_only_the_named_are_lost(whole["account"], build_nightly(PAYMENT, absent), absent)


@pytest.mark.parametrize(
    "absent", [c for c in OPTIONAL if c.split(".")[0] in ("denials", "appeals", "accounts", "payers")]
)
def test_without_a_column_only_the_denial_features_that_read_it_are_null(absent: str, whole: dict[str, Frame]) -> None:
    assert_only_the_named_are_lost(whole["denial"], build_nightly(OVERTURN, absent), absent)


@pytest.mark.parametrize(
    ("absent", "lost"),
    [
        ("promises", {"promises_made", "promises_kept_share", "promises_broken", "promised_dollars"}),
        ("payment_plans", {"account_plans_current", "plans_current", "plans_ended", "plans_kept_share"}),
        ("payment_plans.end_reason", {"plans_kept_share"}),
        ("payment_plans.ended_on", {"plans_current", "plans_ended", "plans_kept_share", "account_plans_current"}),
        ("flags", {"legal_flags", "assistance_pending", "assistance_approved"}),
        ("flags.ended_on", {"legal_flags", "assistance_pending"}),
        ("denials", {"denied_dollars", "denial_count", "denied_share"}),
        ("denials.denied_amount", {"denied_dollars", "denied_share"}),
        ("contacts.direction", {"days_since_first_statement", "days_since_statement", "statements_sent", "calls_90d",
                                "right_party_share", "calls_in_90d", "attempts_30d"}),
        ("accounts.patient_class", {"patient_class", "paid_rate_payer_class_patient_class",
                                    "paid_support_payer_class_patient_class",
                                    "paid_rate_payer_class_patient_class_recent",
                                    "paid_support_payer_class_patient_class_recent"}),
        ("accounts.visits", {"site_visits"}),
    ],
)  # fmt: skip
def test_account_features_lost_without_a_table_or_column(absent: str, lost: set[str]) -> None:
    assert set(build_nightly(PAYMENT, absent).unavailable) == lost


@pytest.mark.parametrize(
    ("absent", "lost"),
    [
        ("accounts", {"days_service_to_denial", "patient_class"}),
        ("transactions", {"account_charges", "account_insurance_balance", "account_insurance_paid", "largest_charge",
                          "denied_share_of_charges", "days_since_insurance_payment", "payer_pays_without_appeal"}),
        ("denials.claim_id", {"claim_denials", "claim_denials_same_code"}),
        ("denials.rarc", {"rarc", "overturned_rate_rarc", "overturned_support_rarc", "overturned_rate_rarc_recent",
                          "overturned_support_rarc_recent"}),
        ("appeals.level", {"appeal_level"}),
    ],
)  # fmt: skip
def test_denial_features_lost_without_a_table_or_column(absent: str, lost: set[str]) -> None:
    assert set(build_nightly(OVERTURN, absent).unavailable) == lost


def test_without_appeals_every_feature_about_outcomes_is_null() -> None:
    lost = set(build_nightly(OVERTURN, "appeals").unavailable)
    named = {name for name in lost if name.startswith(("overturned_", "payer_"))}
    assert {"account_overturned_share", "appeals_filed", "upheld_before", "days_since_filed", "appeal_level"} <= lost
    assert {"payer_days_to_decide", "payer_overturned_share_365d", "payer_pays_without_appeal"} <= named
    assert all("overturned" not in name for name in set(build_nightly(OVERTURN).data.columns) - lost)


def _imr() -> Rows:
    """Return decided reviews with only attributes: no payers, accounts, claims, or amounts."""
    denials: list[Row] = []
    appeals: list[Row] = []
    for at in range(90):
        denied = date(2025, 1, 1) + timedelta(days=3 * at)
        heart = at % 3 == 0
        denials.append({"denial_id": f"D{at:03}", "denied_on": denied, "diagnosis": "heart" if heart else "back",
                        "treatment": "drug" if at % 2 else "surgery"})  # fmt: skip
        outcome = "overturned" if heart else "upheld"
        appeals.append({"appeal_id": f"P{at:03}", "denial_id": f"D{at:03}", "filed_on": denied,
                        "decided_on": denied + timedelta(days=30), "outcome": outcome})  # fmt: skip
    return {"denials": denials, "appeals": appeals}


IMR_HAS = {"denial_id", "denied_on", "diagnosis", "treatment"}
IMR_ATTRIBUTES = {"denials": {"diagnosis": "category", "treatment": "category"}}


def _imr_absent() -> set[str]:
    tables = {"accounts", "coverages", "payers", "guarantors", "transactions", "contacts", "promises", "payment_plans"}
    columns = {f"denials.{name}" for name in list_columns("denials", IMR_ATTRIBUTES) if name not in IMR_HAS}
    return tables | {"flags", "appeals.level", "appeals.recovered_amount"} | columns


def test_denials_with_only_appeals_and_attributes_give_frames() -> None:
    target = OverturnTarget(maturity_days=60, every_days=7, snapshots=30, history_days=60)
    with make_extract(_imr(), absent=_imr_absent(), attributes=IMR_ATTRIBUTES) as extract:
        frame = training_frame(extract, target, date(2025, 11, 1))
        nightly = nightly_frame(extract, target, date(2025, 9, 1))
    assert frame.unavailable == nightly.unavailable
    assert frame.data["amount"].isna().all()
    assert frame.data["recovered"].dropna().eq(0).all()
    assert set(frame.data["household"]) == set(frame.data["unit_id"])
    left = [feature.name for feature in frame.features if feature.name not in frame.unavailable]
    assert left == [
        "days_since_denial", "days_left", "days_since_filed", "appeals_filed", "upheld_before", "month", "denied_month",
        "site_diagnosis", "site_treatment", "overturned_rate_diagnosis", "overturned_support_diagnosis",
        "overturned_rate_treatment", "overturned_support_treatment", "overturned_rate_diagnosis_treatment",
        "overturned_support_diagnosis_treatment", *(
                f"overturned_{part}_{keys}_recent"
                for keys in ("diagnosis", "treatment", "diagnosis_treatment")
                for part in ("rate", "support")
            ), "overturned_evidence_site",
    ]  # fmt: skip
    by_label = frame.data.groupby("label")["overturned_rate_diagnosis"].mean()
    assert by_label[1.0] > 0.6
    assert by_label[0.0] < 0.3


def test_accounts_with_only_a_ledger_give_frames() -> None:
    rows: Rows = {"accounts": [], "transactions": []}
    for at in range(60):
        opened = date(2025, 1, 1) + timedelta(days=4 * at)
        rows["accounts"].append({"account_id": f"I{at:03}", "guarantor_id": f"C{at % 7}", "opened_on": opened})
        bill = {"account_id": f"I{at:03}", "responsibility": "patient"}
        rows["transactions"].append(
            bill | {"transaction_id": f"b{at}", "posted_on": opened, "kind": "charge", "amount": Decimal("80.10")}
        )
        paid = opened + timedelta(days=20 + at % 7 * 3)
        rows["transactions"].append(
            bill
            | {"transaction_id": f"p{at}", "posted_on": paid, "kind": "patient_payment", "amount": Decimal("-80.10")}
        )
    absent = {
        "coverages",
        "payers",
        "guarantors",
        "denials",
        "appeals",
        "contacts",
        "promises",
        "payment_plans",
        "flags",
    }
    absent |= {"accounts.service_on", "accounts.patient_class", "accounts.service_line", "accounts.facility"}
    absent |= {"transactions.payer_id", "transactions.reverses_id", "transactions.effective_on"}
    target = PaymentTarget(horizon_days=7, every_days=7, snapshots=12, history_days=60)
    with make_extract(rows, absent=absent, attributes={}) as extract:
        frame = training_frame(extract, target, date(2025, 8, 1))
    assert len(frame.data) > 40
    assert set(frame.data["label"]) == {0.0, 1.0}
    assert frame.data.loc[frame.data["label"] == 1, "recovered"].eq(80.1).all()
    lost = set(frame.unavailable)
    assert {"payer_class", "coverage_count", "days_since_statement", "promises_made", "denied_dollars"} <= lost
    assert {"patient_balance", "days_owed", "household_days_to_pay", "household_pays_at_this_age"}.isdisjoint(lost)
    assert frame.data[sorted(lost)].isna().all(axis=None)
    late = frame.data.dropna(subset=["household_days_to_pay"])
    customer = late["household"].str.removeprefix("C").astype(int)
    assert late["household_days_to_pay"].eq(20 + customer * 3).all()


def test_site_attributes_of_each_kind_become_features() -> None:
    with make_extract(ROWS) as extract:
        features = {feature.name: feature for unit in ("account", "denial") for feature in build_catalog(extract, unit)}
        data = nightly_frame(extract, PAYMENT, DAY).data
    kinds = {"category": "category", "number": "number", "boolean": "yes/no"}
    for attributes in SITE.values():
        assert {name: features[f"site_{name}"].unit for name in attributes} == {
            n: kinds[k] for n, k in attributes.items()
        }
    assert {"paid_rate_clinic", "paid_support_clinic", "paid_rate_clinic_channel_code", "paid_evidence_site"} <= set(
        features
    )
    assert not features["paid_support_clinic_channel_code"].modeled
    assert set(data["site_referred"].dropna()) <= {0.0, 1.0}
    assert str(data["site_clinic"].dtype) == "str"
    assert data["site_visits"].dtype == "float64"

"""Edge cases that random rows rarely reach: grace periods, last days of a horizon, and pooled ages."""

from __future__ import annotations

import math
from datetime import timedelta
from decimal import Decimal

import pytest

from payrank.features.build_frames import nightly_frame
from payrank.features.targets import PaymentTarget
from tests.features.small_extracts import DAY, Row, Rows, make_extract

TARGET = PaymentTarget(horizon_days=20)


def add_account(rows: Rows, name: str, owed_for: int, paid_after: int | None = None, guarantor: str = "G") -> Rows:
    """Add an account with $100 due for some days, and a payment of $60 some days after billing."""
    billed = DAY - timedelta(days=owed_for)
    rows["accounts"].append({"account_id": name, "guarantor_id": guarantor, "opened_on": billed})
    bill: Row = {"account_id": name, "responsibility": "patient", "posted_on": billed, "kind": "charge"}
    rows["transactions"].append(bill | {"transaction_id": f"{name}-bill", "amount": Decimal(100)})
    if paid_after is not None:
        paid = {"transaction_id": f"{name}-paid", "kind": "patient_payment", "amount": Decimal(-60)}
        rows["transactions"].append(bill | paid | {"posted_on": billed + timedelta(days=paid_after)})
    return rows


def look(rows: Rows, account: str) -> Row:
    with make_extract(rows) as extract:
        return dict(nightly_frame(extract, TARGET, DAY).data.set_index("unit_id").loc[account])


def start() -> Rows:
    return {"accounts": [], "transactions": []}


@pytest.mark.parametrize(("paid_after", "expected"), [(9, 0), (10, 1), (20, 1), (23, 1), (24, 0)])
def test_a_promise_is_kept_if_paid_from_its_date_to_three_days_past_due(paid_after: int, expected: int) -> None:
    rows = add_account(start(), "A", 60, paid_after)
    made_on = DAY - timedelta(days=50)
    promise = {"promise_id": "p", "account_id": "A", "made_on": made_on, "due_on": made_on + timedelta(days=10)}
    assert look(rows | {"promises": [promise | {"amount": Decimal(60)}]}, "A")["promises_kept_share"] == expected
    assert look(rows | {"promises": [promise | {"amount": Decimal("60.01")}]}, "A")["promises_kept_share"] == 0


@pytest.mark.parametrize(("grace_over", "share"), [(False, None), (True, 0.0)])
def test_a_promise_is_broken_only_after_its_grace_period(grace_over: bool, share: float | None) -> None:
    due = DAY - timedelta(days=4 if grace_over else 3)
    promise = {"promise_id": "p", "account_id": "A", "made_on": due, "due_on": due, "amount": Decimal(5)}
    kept_share = look(add_account(start(), "A", 60) | {"promises": [promise]}, "A")["promises_kept_share"]
    assert math.isnan(kept_share) if share is None else kept_share == share


@pytest.mark.parametrize(
    ("owed_for", "paid_after", "seen", "paid"),
    [(30, None, 1, 0), (29, None, 0, 0), (99, 9, 0, 0), (99, 10, 1, 1), (99, 29, 1, 1), (99, 30, 1, 0)],
    ids=[
        "seen just long enough",
        "a day too short",
        "paid before this age",
        "paid at this age",
        "last day",
        "too late",
    ],
)
def test_a_balance_counts_at_an_age_if_it_was_unpaid_then_and_followed_through_the_horizon(
    owed_for: int, paid_after: int | None, seen: int, paid: int
) -> None:
    """The snapshot's balance has been due for 10 days; the horizon is 20 days."""
    row = look(add_account(add_account(start(), "now", 10), "other", owed_for, paid_after), "now")
    assert (row["household_seen_at_this_age"], row["household_paid_at_this_age"]) == (seen, paid)
    if not seen:
        assert math.isnan(row["paid_rate_at_this_age"])
        return
    overall = (paid + 1) / (seen + 5)
    assert row["paid_rate_at_this_age"] == pytest.approx(overall)
    assert row["household_pays_at_this_age"] == pytest.approx((paid + 2 * overall) / (seen + 2))


@pytest.mark.parametrize(
    ("owed_for", "pooled"), [(59, 59), (60, 60), (61, 60), (89, 60), (90, 90), (119, 90), (120, 120)]
)
def test_ages_over_sixty_days_are_pooled_by_thirty_days(owed_for: int, pooled: int) -> None:
    """One other balance was paid on the last day of the horizon after the pooled age, another a day later."""
    rows = add_account(start(), "now", owed_for)
    for name, paid_after in (("in", pooled + 19), ("out", pooled + 20), ("before", pooled - 1)):
        add_account(rows, name, 400, paid_after, guarantor=name)
    household_rows = int(owed_for >= pooled + 20)
    assert look(rows, "now")["paid_rate_at_this_age"] == pytest.approx((1 + 1) / (2 + household_rows + 5))

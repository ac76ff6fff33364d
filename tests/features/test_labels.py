"""Labels and populations: what counts as paid or overturned, for whom, and from when it may be used."""

from __future__ import annotations

import hashlib
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pandas as pd
import pytest

from payrank.extracts.errors import ExtractRefusedError, WrongUsageError
from payrank.features.build_frames import nightly_frame, training_frame
from payrank.features.targets import OverturnTarget, PaymentTarget
from tests.features.small_extracts import Row, Rows, make_extract

pytestmark = pytest.mark.slow

DAY = date(2026, 1, 10)
HORIZON = 30
PAYMENT = PaymentTarget(horizon_days=HORIZON, snapshots=1, history_days=1)
OVERTURN = OverturnTarget(maturity_days=HORIZON, snapshots=1, history_days=1)
TRAINING_DAY = DAY + timedelta(days=HORIZON)


def posting(after: int, amount: str, kind: str = "patient_payment", who: str = "patient", account: str = "A") -> Row:
    return {
        "transaction_id": f"{account}{after}{amount}{kind}{who}",
        "account_id": account,
        "posted_on": DAY + timedelta(days=after),
        "kind": kind,
        "amount": Decimal(amount),
        "responsibility": who,
    }


def account(*postings: Row, **more: Any) -> Rows:
    opened = {"account_id": "A", "guarantor_id": "G", "opened_on": DAY - timedelta(days=50)}
    return {"accounts": [opened], "transactions": [posting(-40, "100.00", "charge"), *postings], **more}


def label_row(
    rows: Rows, target: PaymentTarget | OverturnTarget = PAYMENT, training_day: date = TRAINING_DAY
) -> dict[str, Any] | None:
    with make_extract(rows) as extract:
        records = training_frame(extract, target, training_day).data.to_dict("records")
    return {str(key): value for key, value in records[0].items()} if records else None


@pytest.mark.parametrize(
    ("postings", "label", "share"),
    [
        ((), 0, 0.0),
        (((0, "-10.00"),), 1, 0.1),
        (((-1, "-10.00"),), 0, 0.0),
        (((29, "-10.00"),), 1, 0.1),
        (((30, "-10.00"),), 0, 0.0),
        (((3, "-10.00"), (4, "10.00")), 0, 0.0),
        (((3, "-60.00"), (4, "10.00")), 1, 0.5),
        (((3, "-130.00"),), 1, 1.0),
        (((3, "20.00"),), 0, 0.0),
    ],
    ids=["nothing", "on the day", "before it", "last day", "past the horizon", "reversed", "net",
         "overpaid", "returned"],
)  # fmt: skip
def test_a_payment_label_counts_net_patient_payments_from_the_snapshot_to_the_horizon(
    postings: tuple[tuple[int, str], ...], label: int, share: float
) -> None:
    row = label_row(account(*(posting(*each) for each in postings)))
    assert row is not None
    assert (row["label"], row["share"]) == (label, share)
    assert row["recovered"] == pytest.approx(share * row["amount"])
    assert row["known_on"] == pd.Timestamp(TRAINING_DAY)


@pytest.mark.parametrize(
    "kind", ["insurance_payment", "charity_adjustment", "other_adjustment", "small_balance_write_off"]
)
def test_only_patient_payments_count(kind: str) -> None:
    row = label_row(account(posting(3, "-50.00", kind)))
    assert row is not None
    assert row["label"] == 0


@pytest.mark.parametrize(("paid", "label"), [("-6.99", 0), ("-7.00", 1), ("-7.01", 1)])
def test_a_minimum_share_must_be_met_to_the_cent(paid: str, label: int) -> None:
    """0.07 * 100 exceeds 7 in binary floating point, but not in dollars."""
    row = label_row(account(posting(3, paid)), PAYMENT.model_copy(update={"min_share": 0.07}))
    assert row is not None
    assert row["label"] == label


@pytest.mark.parametrize(
    ("postings", "min_share", "days"),
    [
        ((), 0.0, None),
        (((0, "-10.00"), (9, "-90.00")), 0.0, 0),
        (((7, "-10.00"), (9, "-40.00"), (9, "-1.00"), (20, "-49.00")), 0.5, 9),
        (((3, "-10.00"), (3, "10.00"), (11, "-10.00")), 0.0, 11),
        (((3, "-10.00"), (4, "10.00")), 0.0, None),
        (((3, "-60.00"), (4, "10.00")), 0.3, 3),
        (((-2, "-50.00"), (29, "-1.00"), (30, "-40.00")), 0.0, 29),
        (((30, "-10.00"),), 0.0, None),
    ],
    ids=["never", "on the day", "the payment that makes it enough", "taken back the same day", "taken back",
         "part taken back", "only within the horizon", "past the horizon"],
)  # fmt: skip
def test_days_to_outcome_end_on_the_day_that_enough_was_paid(
    postings: tuple[tuple[int, str], ...], min_share: float, days: int | None
) -> None:
    row = label_row(
        account(*(posting(*each) for each in postings)), PAYMENT.model_copy(update={"min_share": min_share})
    )
    assert row is not None
    assert pd.isna(row["days_to_outcome"]) if days is None else row["days_to_outcome"] == days
    assert bool(row["label"]) == (days is not None)


def test_without_a_payment_the_label_is_zero_at_any_minimum_share() -> None:
    row = label_row(account(), PAYMENT.model_copy(update={"min_share": 0.0}))
    assert row is not None
    assert row["label"] == 0


def test_a_payment_snapshot_is_used_from_the_day_its_horizon_has_passed() -> None:
    with make_extract(account()) as extract:
        frame = training_frame(extract, PAYMENT, TRAINING_DAY)
        early = training_frame(extract, PAYMENT, TRAINING_DAY - timedelta(days=1))
    assert list(frame.data["as_of"]) == [pd.Timestamp(DAY)]
    assert list(early.data["as_of"]) == [pd.Timestamp(DAY - timedelta(days=1))]


def flag(kind: str, subject: str, known: int, ended: int | None = None) -> Rows:
    row = {
        "subject_type": kind,
        "subject_id": subject,
        "flag": "agency_placed",
        "known_on": DAY + timedelta(days=known),
    }
    return {"flags": [row | {"ended_on": None if ended is None else DAY + timedelta(days=ended)}]}


@pytest.mark.parametrize(
    ("rows", "is_in"),
    [
        (account(), True),
        (account(posting(-3, "-90.00", "other_adjustment")), True),
        (account(posting(-3, "-90.01", "other_adjustment")), False),
        (account(posting(-3, "-100.00", "other_adjustment")), False),
        (account(posting(-3, "-150.00")), False),
        (account(posting(-3, "-20.00", "bad_debt_write_off")), False),
        (account(posting(-3, "-20.00", "bad_debt_write_off"), posting(-2, "20.00", "bad_debt_write_off")), True),
        (account(posting(0, "-20.00", "bad_debt_write_off")), True),
        (account(**flag("account", "A", -5)), False),
        (account(**flag("account", "A", 0)), True),
        (account(**flag("account", "A", -5, -1)), True),
        (account(**flag("account", "A", -5, 0)), False),
        (account(**flag("account", "another", -5)), True),
        (account(**flag("guarantor", "G", -5)), False),
        (account(**flag("guarantor", "A", -5)), True),
    ],
    ids=["owes", "owes 10", "owes 9.99", "owes nothing", "credit", "bad debt", "bad debt taken back", "bad debt later",
         "agency", "agency later", "back from the agency", "back from the agency later", "another's agency",
         "guarantor's agency", "an account's id is no guarantor's"],
)  # fmt: skip
def test_the_payment_population_owes_a_balance_and_is_not_at_an_agency_or_in_bad_debt(rows: Rows, is_in: bool) -> None:
    with make_extract(rows) as extract:
        assert list(nightly_frame(extract, PAYMENT, DAY).data["unit_id"]) == (["A"] if is_in else [])


def test_an_account_without_a_balance_is_never_in_the_population() -> None:
    with make_extract(account(posting(-3, "-100.00"))) as extract:
        assert nightly_frame(extract, PAYMENT.model_copy(update={"min_balance": 0.0}), DAY).data.empty


def appeal(outcome: str | None, decided: int | None, back: str | None = None, filed: int = -5, level: int = 1) -> Row:
    return {
        "appeal_id": f"{outcome}{decided}{level}",
        "denial_id": "D",
        "level": level,
        "filed_on": DAY + timedelta(days=filed),
        "decided_on": None if decided is None else DAY + timedelta(days=decided),
        "outcome": outcome,
        "recovered_amount": None if back is None else Decimal(back),
    }


def denial(*appeals: Row, **more: Any) -> Rows:
    row = {"denial_id": "D", "denied_on": DAY - timedelta(days=20), "denied_amount": Decimal("200.00")}
    return {"denials": [row | more], "appeals": list(appeals)}


@pytest.mark.parametrize(
    ("appeals", "label", "share"),
    [
        ((appeal("overturned", 3, "200.00"),), 1.0, 1.0),
        ((appeal("partially_overturned", 3, "50.00"),), 1.0, 0.25),
        ((appeal("overturned", 3, "500.00"),), 1.0, 1.0),
        ((appeal("overturned", 3),), 1.0, None),
        ((appeal("upheld", 3, "50.00"),), 0.0, 0.0),
        ((appeal("upheld", 0),), 0.0, 0.0),
        ((appeal("overturned", 29, "200.00"),), 1.0, 1.0),
        ((appeal("overturned", 30, "200.00"),), None, None),
        ((appeal("withdrawn", 3),), None, None),
        ((appeal(None, None),), None, None),
        ((), None, None),
        ((appeal("upheld", 3), appeal("overturned", 20, "100.00", 5, 2)), 1.0, 0.5),
        ((appeal("upheld", -3), appeal("overturned", 20, "100.00", -2, 2)), 1.0, 0.5),
        ((appeal("upheld", 3), appeal(None, None, None, 5, 2)), None, None),
        ((appeal("upheld", 3), appeal("overturned", 40, "100.00", 5, 2)), None, None),
        ((appeal("upheld", 3), appeal("withdrawn", 20, None, 5, 2)), 0.0, 0.0),
        ((appeal("partially_overturned", 3, "50.00"), appeal("overturned", 9, "70.00", 5, 2)), 1.0, 0.6),
        ((appeal("overturned", 3, "-10.00"),), 1.0, 0.0),
    ],
    ids=["overturned", "partially", "more than denied", "amount unknown", "upheld", "decided on the day", "last day",
         "decided on the training day", "withdrawn", "undecided", "never appealed", "overturned at level 2",
         "upheld before, overturned after", "level 2 undecided", "level 2 decided later", "level 2 withdrawn",
         "two recoveries", "taken back"],
)  # fmt: skip
def test_an_overturn_label_is_the_final_decision_known_by_the_training_day(
    appeals: tuple[Row, ...], label: float | None, share: float | None
) -> None:
    row = label_row(denial(*appeals), OVERTURN)
    if label is None:
        assert row is None
        return
    assert row is not None
    assert row["label"] == label
    assert pd.isna(row["share"]) if share is None else row["share"] == share
    assert pd.isna(row["recovered"]) if share is None else row["recovered"] == share * 200


def test_days_to_an_overturn_end_at_the_first_favorable_decision() -> None:
    twice = denial(appeal("partially_overturned", 3, "50.00"), appeal("overturned", 9, "70.00", 5, 2))
    row, lost = label_row(twice, OVERTURN), label_row(denial(appeal("upheld", 3)), OVERTURN)
    assert row is not None
    assert lost is not None
    assert row["days_to_outcome"] == 3
    assert pd.isna(lost["days_to_outcome"])


PAID = posting(-3, "-100.00", "insurance_payment", "insurance")


@pytest.mark.parametrize(
    ("rows", "is_open"),
    [
        (denial(), True),
        (denial(appeal("overturned", -1)), False),
        (denial(appeal("overturned", 0)), True),
        (denial(appeal("upheld", -1)), False),
        (denial(appeal("upheld", -2), appeal(None, None, None, -1, 2)), True),
        (denial(appeal("upheld", -2), appeal(None, None, None, 0, 2)), False),
        (denial(appeal("withdrawn", -1)), True),
        (denial(account_id="A") | {"transactions": [PAID]}, False),
        (denial(account_id="A") | {"transactions": [PAID | {"amount": Decimal("-99.99")}]}, True),
        (denial(account_id="A") | {"transactions": [PAID | {"posted_on": DAY}]}, True),
        (denial(account_id="A") | {"transactions": [PAID | {"posted_on": DAY - timedelta(days=20)}]}, True),
        (denial(account_id="A", payer_id="P") | {"transactions": [PAID | {"payer_id": "Q"}]}, True),
        (denial(appeal(None, None), account_id="A") | {"transactions": [PAID]}, True),
        (denial() | {"transactions": [PAID]}, True),
        (denial(account_id="A", denied_amount=None) | {"transactions": [PAID]}, True),
    ],
    ids=["never appealed", "won", "won on the day", "upheld", "appealed again", "appealed again on the day",
         "withdrawn", "paid without an appeal", "paid too little", "paid on the day", "paid with the denial",
         "paid by another", "paid while appealed", "no account", "amount unknown"],
)  # fmt: skip
def test_the_overturn_population_is_open(rows: Rows, is_open: bool) -> None:
    with make_extract(rows) as extract:
        assert list(nightly_frame(extract, OVERTURN, DAY).data["unit_id"]) == (["D"] if is_open else [])


@pytest.mark.parametrize("rows_per_unit", [1, 2, None])
def test_rows_per_unit_keeps_the_snapshots_with_the_lowest_hash(rows_per_unit: int | None) -> None:
    rows = denial(appeal("overturned", 60))
    target = OverturnTarget(maturity_days=1, every_days=7, snapshots=9, history_days=1, rows_per_unit=rows_per_unit)
    with make_extract(rows) as extract:
        actual = training_frame(extract, target, DAY + timedelta(days=61)).data["as_of"]
    latest = DAY + timedelta(days=60)
    days = [latest - timedelta(days=7 * step) for step in range(9)]
    days = [day for day in days if day >= DAY - timedelta(days=19)]
    chosen = sorted(days, key=lambda day: hashlib.md5(f"D{day}".encode(), usedforsecurity=False).hexdigest())[
        :rows_per_unit
    ]
    assert list(actual) == [pd.Timestamp(day) for day in sorted(chosen)]


def test_training_too_early_is_refused_with_what_to_do() -> None:
    with (
        make_extract(account()) as extract,
        pytest.raises(WrongUsageError, match=r"no account snapshot has matured.*later day"),
    ):
        training_frame(extract, PAYMENT, DAY - timedelta(days=45))


def test_a_unit_without_rows_is_refused() -> None:
    with make_extract(account()) as extract, pytest.raises(ExtractRefusedError, match="table denials has no rows"):
        training_frame(extract, OVERTURN, DAY)

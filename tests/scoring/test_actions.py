"""One next action per line: the first in the table whose condition holds, and never a collection agency."""

from __future__ import annotations

from typing import Any

import duckdb
import pandas as pd
import pytest

from payrank.scoring.action_table import NextAction, read_actions
from payrank.scoring.actions.actions import choose_actions, describe_action, fit_installment
from payrank.scoring.patient_pay.households import make_households
from payrank.scoring.rules.rules import read_rules
from payrank.scoring.settings import ScoringSettings, Waiver

HOME = {
    "balance": 499.0,
    "probability": 0.9,
    "statements": 3.0,
    "last_contact": "no_answer",
    "on_plan": False,
    "medicare": False,
    "text_consent": False,
    "language": None,
}


def next_action(settings: ScoringSettings | None = None, **known: Any) -> NextAction:
    """Return the next action for one household."""
    row: dict[str, Any] = {**HOME, **known}
    settings = settings or ScoringSettings()
    connection = duckdb.connect()
    consent = {None: "NULL", True: "TRUE", False: "FALSE"}[row.pop("text_consent")]
    language = row.pop("language")
    language_sql = "NULL" if language is None else f"'{language}'"
    connection.execute(
        f"CREATE TABLE guarantors AS SELECT 'G1' AS guarantor_id, {consent} AS text_consent, {language_sql} AS language"
    )
    households = pd.DataFrame([{"household": 0, "guarantor_id": "G1", **row}])
    households["last_contact"] = households["last_contact"].astype("str")
    make_households(connection, households, read_rules(), settings)
    actions = choose_actions(connection, "households", "household", "patient_pay", settings)
    connection.close()
    return actions[0]


POOR = {"balance": 2000.0, "probability": 0.05, "text_consent": True}


@pytest.mark.parametrize(
    ("known", "name"),
    [
        ({**POOR, "last_contact": "returned"}, "address"),
        ({**POOR, "last_contact": "wrong_number"}, "address"),
        ({**POOR, "statements": 0.0}, "first_statement"),
        ({**POOR, "on_plan": True}, "plan_missed"),
        (POOR, "assistance_screening"),
        ({**POOR, "probability": 0.15}, "payment_plan_offer"),
        ({**POOR, "balance": 999.0, "statements": None}, "payment_plan_offer"),
        ({"text_consent": True}, "text"),
        ({"text_consent": False}, "call"),
        ({"text_consent": None}, "call"),
        ({"balance": 24.99, "text_consent": True}, "statement"),
        ({"balance": 25.0}, "call"),
    ],
)
def test_a_household_gets_one_action_and_a_low_chance_leads_to_help(known: dict[str, Any], name: str) -> None:
    assert next_action(**known).name == name


@pytest.mark.parametrize(
    ("rule", "known", "name"),
    [
        ("S8", {"balance": 10.0}, "call"),
        ("S8", {"last_contact": "returned"}, "call"),
        ("S7", {"text_consent": None}, "text"),
        ("S4", {"on_plan": True}, "call"),
    ],
)
def test_an_action_is_skipped_when_its_rule_is_waived(rule: str, known: dict[str, Any], name: str) -> None:
    waived = ScoringSettings(waive=(Waiver(rule=rule, reason="another desk does this"),))
    assert next_action(**known).name != name
    assert next_action(waived, **known).name == name


def test_the_settings_limits_change_the_action() -> None:
    settings = ScoringSettings(small_balance_dollars=600.0, assistance_below_probability=0.5)
    assert next_action(settings).name == "statement"
    assert next_action(settings, balance=1500.0, probability=0.4).name == "assistance_screening"


def test_an_installment_fits_the_balance() -> None:
    settings = ScoringSettings(plan_months=6, plan_installment_dollars=150.0, plan_max_months=24)
    plans = {balance: fit_installment(balance, settings) for balance in (600.0, 900.0, 1000.0, 3000.0, 9000.0)}
    assert {balance: plan.months for balance, plan in plans.items()} == {600: 6, 900: 6, 1000: 7, 3000: 20, 9000: 24}
    for balance, plan in plans.items():
        assert balance <= plan.dollars * plan.months < balance + plan.dollars
    offer = next(row for row in read_actions().patient_pay if row.name == "payment_plan_offer")
    texts = describe_action(offer, ScoringSettings(), {"installment": 1250.0, "months": 36})
    assert texts == ("Offer a payment plan of $1,250 a month", "Balance of $500 or more, spread over 36 months")


def test_no_score_leads_to_a_collection_agency() -> None:
    for row in read_actions().all:
        assert "agency" not in f"{row.name} {row.queue} {row.action}".lower()
    for chance in (0.0, 0.01, 0.1, 0.5, 1.0):
        for balance in (1.0, 30.0, 400.0, 800.0, 5000.0, 90_000.0):
            assert next_action(probability=chance, balance=balance).queue in read_actions().queues_of("patient_pay")


def denial_action(settings: ScoringSettings | None = None, **known: Any) -> tuple[str, str]:
    """Return the queue and the text of the next action for one denial."""
    row: dict[str, Any] = {
        "carc": "197",
        "level": 0,
        "pending": 0,
        "days_since_denial": 5,
        "days_since_filed": None,
        **known,
    }
    connection = duckdb.connect()
    connection.register("denied", pd.DataFrame([{"denial_id": "D1", **row}]).astype({"carc": "str"}))
    action = choose_actions(connection, "denied", "denial_id", "denials", settings or ScoringSettings())["D1"]
    connection.close()
    return action.queue, describe_action(
        action, ScoringSettings(), {"next_level": row["level"] + 1, "carc": row["carc"]}
    )[0]


@pytest.mark.parametrize(
    ("known", "queue"),
    [
        ({"carc": "16"}, "corrected_claim"),
        ({"carc": "252"}, "corrected_claim"),
        ({"carc": "22"}, "rebill"),
        ({"carc": "109"}, "rebill"),
        ({"carc": "27"}, "rebill"),
        ({"carc": "29"}, "appeal"),
        ({"carc": "50"}, "peer_to_peer"),
        ({"carc": "50", "days_since_denial": 15}, "appeal"),
        ({"carc": "50", "level": 1}, "appeal"),
        ({"carc": "16", "level": 1}, "appeal"),
        ({"carc": None}, "appeal"),
        ({"level": 1, "pending": 1, "days_since_filed": 30}, "follow_up"),
    ],
)
def test_a_denial_gets_one_action_by_code_level_and_age(known: dict[str, Any], queue: str) -> None:
    assert denial_action(**known)[0] == queue


def test_an_appeal_shows_its_level_and_timely_filing_has_its_own_text() -> None:
    assert denial_action(level=1)[1] == "Appeal, level 2"
    assert denial_action(carc="29")[1] == "Appeal with proof of timely filing"


@pytest.mark.parametrize(
    ("filed", "text"), [(29, "Wait for the payer's decision"), (30, "Ask the payer for a decision")]
)
def test_a_filed_appeal_is_followed_up_after_the_days_in_the_settings(filed: int, text: str) -> None:
    assert denial_action(pending=1, level=1, days_since_filed=filed) == ("follow_up", text)

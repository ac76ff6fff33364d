"""Patients: what an account is worth, who leads a household, and the one next action of a line."""

from __future__ import annotations

import csv
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pandas as pd
import pytest

from extracts.load import load_extract
from features.frame import Frame
from features.targets import PaymentTarget
from scoring.actions import Household, denial_action, patient_action
from scoring.patient_pay import PatientAccounts, patient_lines, value_accounts
from scoring.rules import read_rules
from scoring.scored import Explained, Scored
from scoring.settings import ScoringSettings
from scoring.worklist import PatientLine

AS_OF = date(2026, 11, 20)
Row = dict[str, object]
Listed = tuple[PatientAccounts, tuple[PatientLine, ...]]


def account(number: int, home: str, balance: float, share: float, **known: object) -> Row:
    row: Row = {"account": f"A{number}", "home": home, "balance": balance, "share": share, "payer_class": "commercial"}
    return {**row, "statements": 2.0, "last_contact": "no_answer", **known}


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., Listed]:
    """Value and list accounts that a model gave these shares."""

    def value(rows: list[Row], settings: ScoringSettings | None = None, contacts: list[Row] | None = None) -> Listed:
        folder = tmp_path / "extract"
        folder.mkdir()
        homes = sorted({str(row["home"]) for row in rows})
        tables: dict[str, list[Row]] = {
            "accounts": [
                {"account_id": row["account"], "guarantor_id": row["home"], "opened_on": "2026-01-05"} for row in rows
            ],
            "guarantors": [{"guarantor_id": home, "text_consent": str(home == "G-text").lower()} for home in homes],
        }
        if contacts:
            tables["contacts"] = contacts
        for name, content in tables.items():
            with (folder / f"{name}.csv").open("w", newline="") as file:
                writer = csv.DictWriter(file, list(content[0]))
                writer.writeheader()
                writer.writerows(content)
        data = pd.DataFrame(
            {
                "unit_id": [row["account"] for row in rows],
                "household": [row["home"] for row in rows],
                "amount": [row["balance"] for row in rows],
                "age_days": 40.0,
                "insurance_balance": 0.0,
                "payer_class": [row["payer_class"] for row in rows],
                "row_payer_id": pd.Series([None] * len(rows), dtype="str"),
                "statements_sent": [row["statements"] for row in rows],
                "last_contact_outcome": pd.Series([row["last_contact"] for row in rows], dtype="str"),
            }
        )
        shares = [row["share"] for row in rows]
        scores = pd.DataFrame({"raw_score": 0.0, "probability": shares, "expected_share": shares})
        scored = Scored(Frame("account", data, (), PaymentTarget()), None, scores)  # type: ignore[arg-type]  # unused
        wanted = settings or ScoringSettings()
        with load_extract(folder) as extract:
            accounts = value_accounts(extract, scored, AS_OF, wanted, read_rules())
            return accounts, patient_lines(extract, accounts, Explained(0.0, {}), AS_OF, wanted)

    return value


def test_a_household_is_one_line_led_by_its_most_valuable_account(run: Callable[..., Listed]) -> None:
    rows = [account(1, "G1", 100.0, 0.5), account(2, "G1", 300.0, 0.4), account(3, "G2", 150.0, 0.9)]
    _, lines = run(rows)
    assert [(line.rank, line.guarantor_id) for line in lines] == [(1, "G1"), (2, "G2")]
    first = lines[0]
    assert [one.account_id for one in first.accounts] == ["A2", "A1"]
    assert first.balance == 400.0
    assert first.expected_recovery == pytest.approx(170.0)
    assert first.expected_value == pytest.approx(158.0)
    assert first.probability == 0.4


def test_a_household_that_costs_more_than_it_brings_falls_below_the_cut_but_never_for_medicare(
    run: Callable[..., Listed],
) -> None:
    rows = [account(1, "G1", 20.0, 0.1), account(2, "G2", 20.0, 0.1, payer_class="medicare")]
    accounts, lines = run(rows)
    assert [line.guarantor_id for line in lines] == ["G2"]
    assert accounts.table["place"].to_dict() == {"A1": "below_the_cut", "A2": "listed"}


def test_ties_go_to_the_larger_balance_then_the_smaller_id(run: Callable[..., Listed]) -> None:
    rows = [account(1, "G3", 100.0, 0.5), account(2, "G2", 100.0, 0.5), account(3, "G1", 200.0, 0.25)]
    _, lines = run(rows)
    assert [line.guarantor_id for line in lines] == ["G1", "G2", "G3"]


@pytest.mark.parametrize("capacity", [0, 1, 2])
def test_capacity_counts_households(run: Callable[..., Listed], capacity: int) -> None:
    rows = [account(1, "G1", 500.0, 0.5), account(2, "G1", 400.0, 0.5), account(3, "G2", 300.0, 0.5)]
    accounts, lines = run(rows, ScoringSettings(capacity=capacity))
    assert len(lines) == capacity
    assert (accounts.table["place"] == "listed").sum() == (0, 2, 3)[capacity]


@pytest.mark.parametrize(
    ("household", "queue"),
    [
        (Household(2000.0, 0.05, 3.0, True, True), "address"),
        (Household(2000.0, 0.05, 0.0, True, False), "statement"),
        (Household(2000.0, 0.05, 3.0, True, False, on_plan=True), "plan_missed"),
        (Household(2000.0, 0.05, 3.0, True, False), "assistance_screening"),
        (Household(2000.0, 0.15, 3.0, True, False), "payment_plan_offer"),
        (Household(999.0, 0.01, None, True, False), "payment_plan_offer"),
        (Household(499.0, 0.9, 1.0, True, False), "text"),
        (Household(499.0, 0.9, 1.0, False, False), "call"),
        (Household(499.0, 0.9, 1.0, None, False), "call"),
    ],
)
def test_a_line_has_one_action_and_a_low_chance_leads_to_help(household: Household, queue: str) -> None:
    action = patient_action(household, ScoringSettings())
    assert action.queue == queue
    assert action.why


def test_nobody_is_texted_without_consent_on_record(run: Callable[..., Listed]) -> None:
    rows = [account(1, "G-text", 300.0, 0.5), account(2, "G-silent", 300.0, 0.5)]
    _, lines = run(rows)
    assert {line.guarantor_id: line.queue for line in lines} == {"G-text": "text", "G-silent": "call"}


@pytest.mark.parametrize(
    ("outcome", "queue"),
    [("returned", "address"), ("wrong_number", "address"), ("right_party", "call"), (None, "call")],
)
def test_an_address_is_sought_when_the_last_contact_came_back(
    run: Callable[..., Listed], outcome: str | None, queue: str
) -> None:
    _, (line,) = run([account(1, "G1", 300.0, 0.5, last_contact=outcome)])
    assert line.queue == queue


def test_an_instalment_covers_the_balance_in_the_months_of_the_settings() -> None:
    action = patient_action(Household(1000.0, 0.5, 1.0, None, False), ScoringSettings(plan_months=6))
    assert action.action == "Offer a payment plan of $167 a month"


@pytest.mark.parametrize(("days_ago", "shown"), [(30, True), (240, True), (241, False)])
def test_the_assistance_window_is_shown_with_its_source_while_it_is_open(
    run: Callable[..., Listed], days_ago: int, shown: bool
) -> None:
    sent = AS_OF - timedelta(days=days_ago)
    contact: Row = {"contact_id": "C1", "guarantor_id": "G1", "contacted_on": sent, "channel": "statement"}
    _, (line,) = run([account(1, "G1", 5000.0, 0.1)], contacts=[{**contact, "direction": "out", "outcome": ""}])
    assert line.queue == "assistance_screening"
    assert line.deadline == (sent + timedelta(days=240) if shown else None)
    assert bool(line.deadline_source) == shown


def test_no_scored_account_gives_an_empty_list(run: Callable[..., Listed], tmp_path: Path) -> None:
    accounts, lines = run([account(1, "G1", 5.0, 0.1)], ScoringSettings(capacity=0))
    assert lines == ()
    assert accounts.table["place"].tolist() == ["below_the_cut"]


@pytest.mark.parametrize(
    ("carc", "level", "pending", "queue"),
    [
        ("16", 0, False, "corrected_claim"),
        ("22", 0, False, "rebill"),
        ("109", 0, False, "rebill"),
        ("29", 0, False, "appeal"),
        ("197", 1, False, "appeal"),
        ("16", 1, False, "appeal"),
        ("16", 1, True, "follow_up"),
        ("", 0, False, "appeal"),
    ],
)
def test_a_denial_has_one_action_by_its_code_and_level(carc: str, level: int, pending: bool, queue: str) -> None:
    action = denial_action(carc, level, pending=pending)
    assert action.queue == queue
    if carc == "197":
        assert action.action == "Appeal, level 2"

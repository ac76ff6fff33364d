"""Patients: the value of an account, the lead account of a household, and the next action of a line."""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from pathlib import Path
from types import MappingProxyType

import pandas as pd
import pytest

from payrank.extracts.load.load_extract import load_extract
from payrank.features.frame import Frame
from payrank.features.targets import PaymentTarget
from payrank.scoring.nightly_run import NightlyRun
from payrank.scoring.patient_pay.account_values import PatientAccounts, value_accounts
from payrank.scoring.patient_pay.patient_lines import make_patient_lines
from payrank.scoring.scores import Explained, Scored
from payrank.scoring.settings import ScoringSettings, Waiver
from payrank.scoring.worklist import PatientLine

AS_OF = date(2026, 11, 20)
Row = dict[str, object]
Listed = tuple[PatientAccounts, tuple[PatientLine, ...]]


def account(number: int, guarantor: str, balance: float, share: float, **known: object) -> Row:
    row: Row = {
        "account": f"A{number}",
        "guarantor": guarantor,
        "balance": balance,
        "share": share,
        "payer_class": "commercial",
    }
    return {**row, "statements": 2.0, "last_contact": "no_answer", **known}


@pytest.fixture
def run(tmp_path: Path, run_over: Callable[..., NightlyRun]) -> Callable[..., Listed]:
    """Value and list accounts with these expected shares paid."""

    def value(
        rows: list[Row],
        settings: ScoringSettings | None = None,
        contacts: list[Row] | None = None,
        languages: Mapping[str, str] = MappingProxyType({}),
        **more: list[Row],
    ) -> Listed:
        folder = tmp_path / "extract"
        folder.mkdir()
        guarantors = sorted({str(row["guarantor"]) for row in rows})
        tables: dict[str, list[Row]] = {
            "accounts": [
                {"account_id": row["account"], "guarantor_id": row["guarantor"], "opened_on": "2026-01-05"}
                for row in rows
            ],
            "guarantors": [
                {
                    "guarantor_id": guarantor,
                    "text_consent": str(guarantor == "G-text").lower(),
                    "language": languages.get(guarantor, ""),
                }
                for guarantor in guarantors
            ],
            **more,
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
                "household": [row["guarantor"] for row in rows],
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
        timing = {name: [row[name] for row in rows] for name in rows[0] if name.startswith("probability_")}
        scores = pd.DataFrame({"raw_score": 0.0, "probability": shares, "expected_share": shares, **timing})
        scored = Scored(Frame("account", data, (), PaymentTarget()), None, scores)  # type: ignore[arg-type]  # unused
        with load_extract(folder) as extract:
            run = run_over(extract, settings)
            accounts = value_accounts(run, scored)
            return accounts, make_patient_lines(run, accounts, Explained(0.0, {}))

    return value


def test_a_household_gets_one_line_led_by_its_most_valuable_account(run: Callable[..., Listed]) -> None:
    rows = [account(1, "G1", 100.0, 0.5), account(2, "G1", 300.0, 0.4), account(3, "G2", 150.0, 0.9)]
    _, lines = run(rows)
    assert [(line.rank, line.guarantor_id) for line in lines] == [(1, "G1"), (2, "G2")]
    first = lines[0]
    assert [account.account_id for account in first.accounts] == ["A2", "A1"]
    assert first.balance == 400.0
    assert first.expected_recovery == pytest.approx(170.0)
    assert first.expected_value == pytest.approx(170 * 1.08 ** (-60 / 365) - 6)
    assert sum(account.expected_value for account in first.accounts) == pytest.approx(first.expected_value)
    assert first.probability == 0.4


def test_a_household_that_costs_more_than_it_recovers_is_not_listed_unless_it_is_medicares(
    run: Callable[..., Listed],
) -> None:
    rows = [account(1, "G1", 20.0, 0.04), account(2, "G2", 20.0, 0.04, payer_class="medicare")]
    accounts, lines = run(rows)
    assert [line.guarantor_id for line in lines] == ["G2"]
    assert accounts.table["place"].to_dict() == {"A1": "over_capacity", "A2": "listed"}


def test_ties_go_to_the_larger_balance_then_the_smaller_id(run: Callable[..., Listed]) -> None:
    rows = [account(1, "G3", 100.0, 0.5), account(2, "G2", 100.0, 0.5), account(3, "G1", 200.0, 0.25)]
    _, lines = run(rows)
    assert [line.guarantor_id for line in lines] == ["G1", "G2", "G3"]


@pytest.mark.parametrize("capacity", [1, 2])
def test_capacity_counts_households(run: Callable[..., Listed], capacity: int) -> None:
    rows = [account(1, "G1", 500.0, 0.5), account(2, "G1", 400.0, 0.5), account(3, "G2", 300.0, 0.5)]
    accounts, lines = run(rows, ScoringSettings(capacity=capacity))
    assert len(lines) == capacity
    assert (accounts.table["place"] == "listed").sum() == (0, 2, 3)[capacity]


def test_nobody_is_texted_without_consent_on_file(run: Callable[..., Listed]) -> None:
    rows = [account(1, "G-text", 300.0, 0.5), account(2, "G-silent", 300.0, 0.5)]
    _, lines = run(rows)
    assert {line.guarantor_id: line.queue for line in lines} == {"G-text": "text", "G-silent": "call"}


@pytest.mark.parametrize(
    ("outcome", "queue"),
    [("returned", "address"), ("wrong_number", "address"), ("right_party", "call"), (None, "call")],
)
def test_a_failed_last_contact_leads_to_an_address_search(
    run: Callable[..., Listed], outcome: str | None, queue: str
) -> None:
    _, (line,) = run([account(1, "G1", 300.0, 0.5, last_contact=outcome)])
    assert line.queue == queue


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
    accounts, lines = run([account(1, "G1", 5.0, 0.1)])
    assert lines == ()
    assert accounts.table["place"].tolist() == ["over_capacity"]


def test_medicare_gets_its_share_of_the_lines_when_capacity_is_low(run: Callable[..., Listed]) -> None:
    rows = [account(n, f"G{n}", 1000.0 - n, 0.5) for n in range(1, 9)]
    rows += [account(n, f"G{n}", 300.0 - n, 0.1, payer_class="medicare") for n in (11, 12)]
    _, lines = run(rows, ScoringSettings(capacity=5))
    assert [line.guarantor_id for line in lines] == ["G1", "G2", "G3", "G4", "G11"]


def test_with_like_effort_waived_value_alone_decides(run: Callable[..., Listed]) -> None:
    rows = [account(n, f"G{n}", 1000.0 - n, 0.5) for n in range(1, 9)]
    rows += [account(11, "G11", 200.0, 0.1, payer_class="medicare")]
    waived = ScoringSettings(capacity=5, waive=(Waiver(rule="S6", reason="no Medicare bad debt is claimed"),))
    _, lines = run(rows, waived)
    assert [line.guarantor_id for line in lines] == ["G1", "G2", "G3", "G4", "G5"]


def test_a_full_queue_leaves_its_slots_to_the_next_best_in_other_queues(run: Callable[..., Listed]) -> None:
    rows = [account(n, f"G{n}", 400.0 - n, 0.5) for n in range(1, 4)] + [account(9, "G-text", 50.0, 0.5)]
    _, lines = run(rows, ScoringSettings(capacity={"total": 3, "call": {"fri": 2}}))
    assert [(line.guarantor_id, line.queue) for line in lines] == [("G1", "call"), ("G2", "call"), ("G-text", "text")]


@pytest.mark.parametrize(
    ("language", "noted"), [("es", True), (" ZH ", True), ("EN", False), ("English", False), ("", False)]
)
def test_a_language_other_than_english_is_noted_and_suppresses_nobody(
    run: Callable[..., Listed], language: str, noted: bool
) -> None:
    accounts, (line,) = run([account(1, "G1", 300.0, 0.5)], languages={"G1": language})
    assert ("use an interpreter" in line.action_why) == noted
    assert line.queue == "call"
    assert ("other_language" in accounts.table["policies"]["A1"]) == noted


def test_the_collection_clock_starts_with_the_first_statement(run: Callable[..., Listed]) -> None:
    sent = AS_OF - timedelta(days=30)
    contact: Row = {"contact_id": "C1", "guarantor_id": "G1", "contacted_on": sent, "channel": "statement"}
    rows = [account(1, "G1", 300.0, 0.5), account(2, "G2", 300.0, 0.5)]
    accounts, _ = run(rows, contacts=[{**contact, "direction": "out", "outcome": ""}])
    clock = accounts.table[["no_extraordinary_action_before", "assistance_until"]]
    assert list(clock.loc["A1"]) == [sent + timedelta(days=120), sent + timedelta(days=240)]
    assert clock.loc["A2"].isna().all()


def test_a_suppressed_account_shows_what_to_do_instead(run: Callable[..., Listed]) -> None:
    flags: list[Row] = [
        {"subject_type": "guarantor", "subject_id": "G1", "flag": "Charity Pending", "known_on": "2026-11-01"}
    ]
    accounts, lines = run([account(1, "G1", 5000.0, 0.01), account(2, "G2", 300.0, 0.5)], flags=flags)
    assert [line.guarantor_id for line in lines] == ["G2"]
    row = accounts.table.loc["A1"]
    assert (row["queue"], row["action"]) == ("financial_assistance", "Follow up on the assistance application")


def test_earlier_money_ranks_first_when_all_else_is_equal(run: Callable[..., Listed]) -> None:
    rows = [
        account(1, "G1", 300.0, 0.5, probability_30=0.1, probability_120=0.5),
        account(2, "G2", 300.0, 0.5, probability_30=0.4, probability_120=0.5),
    ]
    accounts, lines = run(rows)
    assert [line.guarantor_id for line in lines] == ["G2", "G1"]
    assert accounts.table["expected_days"].tolist() == pytest.approx([63.0, 27.0])
    assert accounts.table["expected_recovery"].tolist() == [150.0, 150.0]

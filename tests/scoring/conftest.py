"""Made-up worklists: seeded, and small unless a test asks for many lines."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import TypeVar

import numpy as np
import pytest
from numpy.random import Generator

from payrank.extracts.extract import Extract
from payrank.scoring.nightly_run import NightlyRun
from payrank.scoring.progress import StageTimer
from payrank.scoring.rules.rules import read_rules
from payrank.scoring.rules.site_rules import rules_in_force
from payrank.scoring.run_models import RunModels
from payrank.scoring.settings import ScoringSettings
from payrank.scoring.worklist import AccountLine, DenialLine, PatientLine, Reason, Worklist

AS_OF = date(2026, 11, 20)
PAYERS = ("Medicare", "Blue Cross of Ohio", "Aetna", "Humana Medicare Advantage", "Caresource Medicaid", "")
PATIENT_ACTIONS = (
    ("early_out", "Call", "Right-party contact 12 days ago, no promise yet"),
    ("early_out", "Send statement", "First statement after insurance paid"),
    ("payment_plan", "Offer a payment plan", "12 installments of $85 fit the balance"),
    ("financial_assistance", "Screen for assistance", "No payment on the last 4 balances; help before pressure"),
)
DENIAL_ACTIONS = (
    ("appeal", "Appeal, level 1", "Authorization was on file before the service"),
    ("corrected_claim", "Send a corrected claim", "RARC names the missing field"),
    ("peer_to_peer", "Ask for a peer-to-peer", "Medical necessity, inside the payer's window"),
)
SOURCES = (
    "stated on the denial",
    "the payer's contract: 90 days from the denial",
    "Medicare FFS: 120 days from receipt (42 CFR 405.942)",
    "assumed: 60 days from the denial, no contract or law known",
)
PHRASES = (
    "Paid 3 of the last 4 balances, typically in 34 days",
    "Balance of ${}, smaller than this guarantor usually pays",
    "Oldest account is {} days old",
    "No right-party contact in {} days",
    "This payer overturns {} of 100 such denials once appealed",
    "Two promises kept, none broken",
    "Statement returned by the mail {} days ago",
    "Self-pay after insurance, insurance paid in full",
)


T = TypeVar("T")


def make_run(extract: Extract, settings: ScoringSettings | None = None) -> NightlyRun:
    """Make a run over a loaded extract, without models, that writes nothing."""
    settings = settings or ScoringSettings()
    rules = rules_in_force(read_rules(), settings)
    return NightlyRun(extract, RunModels({}, {}), AS_OF, settings, rules, Path("unused"), StageTimer(lambda _: None))


def _pick(dice: Generator, choices: Sequence[T]) -> T:
    return choices[int(dice.integers(len(choices)))]


def _reasons(dice: Generator, count: int) -> tuple[Reason, ...]:
    chosen = [PHRASES[at] for at in dice.permutation(len(PHRASES))[:count]]
    signs = [Reason("f", text.format(int(dice.integers(4, 96))), None, float(dice.normal(0, 0.5))) for text in chosen]
    return tuple(sorted(signs, key=lambda reason: -abs(reason.contribution)))


def _account(dice: Generator, number: int) -> AccountLine:
    balance = round(float(dice.lognormal(6, 1.1)), 2)
    chance = float(dice.beta(1.4, 2.6))
    share = chance * 0.7
    reasons = _reasons(dice, int(dice.integers(3, 6)))
    raw = sum(reason.contribution for reason in reasons) - 0.7 + float(dice.normal(0, 0.1))
    return AccountLine(
        account_id=f"A{number:07d}",
        balance=balance,
        age_days=int(dice.integers(3, 420)),
        payer=_pick(dice, PAYERS),
        probability=chance,
        expected_share=share,
        expected_recovery=balance * share,
        expected_value=balance * share - 4.2,
        reasons=reasons,
        base_value=-0.7,
        raw_score=raw,
    )


def make_patient_list(count: int, seed: int = 7) -> Worklist[PatientLine]:
    """Make a patient list of `count` guarantors, some with several accounts."""
    dice = np.random.default_rng(seed)
    households = [[_account(dice, 10 * i + j) for j in range(_pick(dice, (1, 1, 1, 2, 3)))] for i in range(count)]
    households.sort(key=lambda household: -sum(account.expected_value for account in household))
    lines = []
    for rank, household in enumerate(households, start=1):
        queue, action, why = _pick(dice, PATIENT_ACTIONS)
        best = max(household, key=lambda account: account.expected_value)
        promised = dice.random() < 0.2
        lines.append(
            PatientLine(
                rank=rank,
                guarantor_id=f"G{household[0].account_id[1:]}",
                queue=queue,
                action=action,
                action_why=why,
                balance=sum(account.balance for account in household),
                age_days=max(account.age_days for account in household),
                probability=best.probability,
                expected_recovery=sum(account.expected_recovery for account in household),
                expected_value=sum(account.expected_value for account in household),
                deadline=AS_OF + timedelta(days=int(dice.integers(-2, 60))) if promised else None,
                deadline_source="promise to pay, due date + 3 days" if promised else "",
                reasons=best.reasons,
                accounts=tuple(household),
            )
        )
    return Worklist(
        name="patient_pay",
        title="Patient balances to work",
        as_of=AS_OF,
        lines=tuple(lines),
        over_capacity=count // 3,
        suppressed_by={
            "H4": 41,
            "H1": 12,
            "S4": 230,
        },
        notices=(
            "Every person and balance here is made up by payrank's simulator.",
            "Simulated data: no row is a patient.",
        ),
        model="payrank-payment, version 3",
        suppressed=270,
    )


def make_denial_list(count: int, seed: int = 11, *, amounts: bool = True) -> Worklist[DenialLine]:
    """Make a list of `count` denials; without `amounts`, every denied amount is unknown."""
    dice = np.random.default_rng(seed)
    lines = []
    for rank in range(1, count + 1):
        queue, action, why = _pick(dice, DENIAL_ACTIONS)
        amount = round(float(dice.lognormal(7, 1.2)), 2) if amounts and dice.random() > 0.1 else None
        chance = float(dice.beta(3, 2))
        recovery = None if amount is None else amount * chance * 0.8
        left = int(dice.integers(0, 110))
        due = AS_OF + timedelta(days=left)
        lines.append(
            DenialLine(
                rank=rank,
                denial_id=f"D{int(dice.integers(0, 9_999_999)):07d}",
                account_id=f"A{int(dice.integers(0, 9_999_999)):07d}" if dice.random() > 0.1 else None,
                payer=_pick(dice, PAYERS),
                payer_class=_pick(dice, ("medicare", "commercial", "managed_medicaid")),
                group_code="CO",
                carc=_pick(dice, ("197", "50", "16", "29", "22")),
                rarc=_pick(dice, ("N30", "M127", "")),
                denied_amount=amount,
                age_days=int(dice.integers(1, 120)),
                probability=chance,
                expected_recovery=recovery,
                expected_value=None if recovery is None else recovery - 57.23,
                due_on=due,
                due_on_source=_pick(dice, SOURCES),
                days_left=left,
                work_on=min(due, AS_OF + timedelta(days=rank // 25)),
                queue=queue,
                action=action,
                action_why=why,
                reasons=_reasons(dice, int(dice.integers(2, 6))),
            )
        )
    return Worklist(
        name="denials",
        title="Denials to work",
        as_of=AS_OF,
        lines=tuple(lines),
        over_capacity=17,
        suppressed_by={"D1": 9, "D3": 64},
        notices=(),
        model="payrank-overturn, version 1",
    )


@pytest.fixture(scope="session")
def run_over() -> Callable[..., NightlyRun]:
    """Make a run over a loaded extract; see `make_run`."""
    return make_run


@pytest.fixture
def patient_list() -> Callable[..., Worklist[PatientLine]]:
    """Make a patient list with a number of guarantors."""
    return make_patient_list


@pytest.fixture
def denial_list() -> Callable[..., Worklist[DenialLine]]:
    """Make a denial list with a number of denials."""
    return make_denial_list


@pytest.fixture
def household() -> Worklist[PatientLine]:
    """One guarantor with two accounts, by hand, so that a test can check each file exactly."""
    reasons = (
        Reason("paid_share", "Paid 3 of the last 4 balances", 0.75, 0.8),
        Reason("age", "Older than usual", 95, -0.2),
    )
    first = AccountLine("00042-1", 1000.5, 95, "Aetna", 0.6215, 0.6, 600.0, 597.9, reasons, -0.7, 0.5)
    second = AccountLine("00042-2", 250.0, 20, "Medicare", 0.41, 0.4, 100.0, 97.9, (), None, None)
    line = PatientLine(
        rank=1,
        guarantor_id="00042",
        queue="early_out",
        action="Call",
        action_why="No promise yet",
        balance=1250.5,
        age_days=95,
        probability=0.6215,
        expected_recovery=700.0,
        expected_value=695.8,
        deadline=date(2026, 11, 23),
        deadline_source="promise to pay, due date + 3 days",
        reasons=reasons,
        accounts=(first, second),
    )
    return Worklist("patient_pay", "Patient balances to work", AS_OF, (line,), 0, {}, (), "payrank-payment, version 3")


@pytest.fixture
def two_denials() -> Worklist[DenialLine]:
    """Two denials by hand: one with an unknown amount and an assumed deadline, one with everything known."""
    first = DenialLine(
        rank=1,
        denial_id="000D1",
        account_id=None,
        payer="Aetna",
        payer_class="commercial",
        group_code="CO",
        carc="197",
        rarc="N30",
        denied_amount=None,
        age_days=12,
        probability=0.5,
        expected_recovery=None,
        expected_value=None,
        due_on=date(2026, 12, 4),
        due_on_source="assumed: 60 days from the denial",
        days_left=14,
        work_on=date(2026, 11, 23),
        queue="appeal",
        action="Appeal level 1",
        action_why="Authorization on file",
        reasons=(),
    )
    second = replace(
        first,
        rank=2,
        denial_id="000D2",
        account_id="A9",
        payer="Medicare",
        payer_class="medicare",
        carc="16",
        rarc="",
        denied_amount=300.1,
        age_days=30,
        probability=0.9,
        expected_recovery=250.0,
        expected_value=-4.1,
        due_on=date(2027, 2, 1),
        due_on_source="stated on the denial",
        days_left=73,
        work_on=date(2026, 11, 24),
        queue="corrected_claim",
        action="Send a corrected claim",
        action_why="",
        reasons=(Reason("rate", "Usually overturned", 0.9, 0.5),),
    )
    return Worklist("denials", "Denials to work", AS_OF, (first, second), 0, {}, (), "payrank-overturn, version 1")

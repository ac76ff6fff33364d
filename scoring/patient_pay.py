"""From scored accounts to the patient-pay list: value, rules, rank, and one line a guarantor."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import pandas as pd

from extracts.extract import Extract
from scoring.actions import Household, patient_action
from scoring.candidates import first_statements, make_candidates, running_plans
from scoring.reasons import top_reasons
from scoring.rules import RuleTable, suppressed_accounts
from scoring.scored import Explained, Scored
from scoring.settings import ScoringSettings
from scoring.worklist import AccountLine, PatientLine

ASSISTANCE_WINDOW_DAYS = 240
"""26 CFR 1.501(r)-1: a patient may apply for assistance until this many days after the first statement."""

NOT_PLACED = "below_the_cut"
LISTED = "listed"
UNREACHED = ("returned", "wrong_number")
"""Outcomes of a last contact after which the address or number has to be found first (rule S8)."""
LISTED_QUEUE = "patient_pay"
"""Queue of an account that no rule holds."""


@dataclass(frozen=True, slots=True)
class Lead:
    """A guarantor to list: the account that leads, and the sums over the household's free accounts, in dollars."""

    guarantor_id: str
    account_id: str
    balance: float
    expected_recovery: float
    expected_value: float


@dataclass(frozen=True, slots=True)
class PatientAccounts:
    """Every scored account with value, rank and place, and the guarantors to list, best first.

    `table` is indexed by account id and holds the columns of `payment_scores.parquet` but the reasons, and `place`:
    listed, below_the_cut or suppressed.
    """

    table: pd.DataFrame
    leads: tuple[Lead, ...]


def value_accounts(
    extract: Extract, scored: Scored, as_of: date, settings: ScoringSettings, rules: RuleTable
) -> PatientAccounts:
    """Value, suppress and rank the scored accounts.

    Expected recovery is balance x expected share paid; expected value is that less the cost of working the account.
    An account is listed when nothing suppresses it, its guarantor's accounts are together worth more than they cost (or
    it is Medicare's: like effort, rule S6), and its guarantor is within capacity. Ties go to the larger balance, then
    to the smaller id.
    """
    rows = scored.rows
    table = pd.DataFrame(
        {
            "account_id": rows["unit_id"],
            "guarantor_id": rows["household"],
            "patient_balance": rows["amount"],
            "probability": rows["probability"],
            "expected_share": rows["expected_share"],
            "expected_recovery": rows["expected_share"] * rows["amount"],
            "raw_score": rows["raw_score"],
            "insurance_balance": rows["insurance_balance"],
            "payer_class": rows["payer_class"],
            "payer_id": rows["row_payer_id"],
            "age_days": rows["age_days"],
            "statements": rows["statements_sent"],
            "last_contact": rows["last_contact_outcome"],
        }
    )
    table["expected_value"] = table["expected_recovery"] - settings.account_cost
    waived = {waiver.rule for waiver in settings.waive}
    make_candidates(
        extract, table[["account_id", "guarantor_id", "patient_balance", "insurance_balance", "payer_class"]], as_of
    )
    suppressed = suppressed_accounts(extract.connection, rules.patient, as_of, waived, settings.harmless_flags)
    found = [suppressed.get(account, ((), LISTED_QUEUE)) for account in table["account_id"]]
    table["suppressed_by"] = pd.Series([hits for hits, _ in found], index=table.index, dtype="object")
    table["queue"] = pd.Series([queue for _, queue in found], index=table.index, dtype="str")
    free = ~table["account_id"].isin(list(suppressed))
    ranked = table[free].sort_values(
        ["expected_value", "patient_balance", "account_id"], ascending=[False, False, True], kind="stable"
    )
    table["rank"] = pd.Series(range(1, len(ranked) + 1), index=ranked.index, dtype="Int64").reindex(table.index)
    leads = _choose_leads(ranked, settings)
    table["place"] = "suppressed"
    table.loc[free, "place"] = NOT_PLACED
    table.loc[free & table["guarantor_id"].isin([lead.guarantor_id for lead in leads]), "place"] = LISTED
    return PatientAccounts(table.set_index("account_id", drop=False), leads)


def _choose_leads(ranked: pd.DataFrame, settings: ScoringSettings) -> tuple[Lead, ...]:
    """Return the guarantors to list, best first, each with the account that leads."""
    by_guarantor = ranked.groupby("guarantor_id", sort=False)
    lines = by_guarantor.agg(
        account_id=("account_id", "first"),
        expected_recovery=("expected_recovery", "sum"),
        expected_value=("expected_value", "sum"),
        balance=("patient_balance", "sum"),
    ).reset_index()
    medicare = ranked.loc[ranked["payer_class"] == "medicare", "guarantor_id"]
    worth = (lines["expected_value"] > 0) | lines["guarantor_id"].isin(medicare)
    lines = lines[worth].sort_values(
        ["expected_value", "balance", "guarantor_id"], ascending=[False, False, True], kind="stable"
    )
    chosen = lines.head(len(lines) if settings.capacity is None else settings.capacity)
    return tuple(
        Lead(
            str(row["guarantor_id"]),
            str(row["account_id"]),
            float(row["balance"]),
            float(row["expected_recovery"]),
            float(row["expected_value"]),
        )
        for row in chosen.to_dict("records")
    )


def patient_lines(
    extract: Extract,
    accounts: PatientAccounts,
    explained: Explained,
    as_of: date,
    settings: ScoringSettings,
) -> tuple[PatientLine, ...]:
    """Return one line a listed guarantor, with the household's listed accounts beneath."""
    payers = _payer_names(extract)
    statements = first_statements(extract.connection, as_of)
    consent = _text_consent(extract)
    on_plan = running_plans(extract.connection, as_of)
    table = accounts.table[accounts.table["place"] == LISTED].sort_values("rank")
    beneath: dict[str, list[dict[str, Any]]] = {}
    for row in table.to_dict("records"):
        beneath.setdefault(str(row["guarantor_id"]), []).append({str(name): value for name, value in row.items()})
    lines = []
    for place, line in enumerate(accounts.leads, start=1):
        rows = beneath[line.guarantor_id]
        lead = rows[0]
        household = Household(
            balance=line.balance,
            probability=float(lead["probability"]),
            statements=None if pd.isna(lead["statements"]) else float(lead["statements"]),
            text_consent=consent.get(line.guarantor_id),
            unreachable=lead["last_contact"] in UNREACHED,
            on_plan=any(row["account_id"] in on_plan for row in rows),
        )
        action = patient_action(household, settings)
        first_statement = statements.get(line.account_id)
        deadline, source = None, ""
        closes = None if first_statement is None else first_statement + timedelta(days=ASSISTANCE_WINDOW_DAYS)
        if action.queue == "assistance_screening" and closes is not None and closes >= as_of:
            deadline = closes
            source = "26 CFR 1.501(r): apply within 240 days of the first statement (check)"
        lines.append(
            PatientLine(
                rank=place,
                guarantor_id=line.guarantor_id,
                queue=action.queue,
                action=action.action,
                action_why=action.why,
                balance=line.balance,
                age_days=max(int(row["age_days"]) for row in rows),
                probability=float(lead["probability"]),
                expected_recovery=line.expected_recovery,
                expected_value=line.expected_value,
                deadline=deadline,
                deadline_source=source,
                reasons=top_reasons(explained.of(line.account_id), settings.reasons_shown),
                accounts=tuple(_account_line(row, payers, explained, settings) for row in rows),
            )
        )
    return tuple(lines)


def _account_line(
    row: Mapping[str, Any], payers: Mapping[str, str], explained: Explained, settings: ScoringSettings
) -> AccountLine:
    return AccountLine(
        account_id=str(row["account_id"]),
        balance=float(row["patient_balance"]),
        age_days=int(row["age_days"]),
        payer="" if pd.isna(row["payer_id"]) else payers.get(str(row["payer_id"]), str(row["payer_id"])),
        probability=float(row["probability"]),
        expected_share=float(row["expected_share"]),
        expected_recovery=float(row["expected_recovery"]),
        expected_value=float(row["expected_value"]),
        reasons=top_reasons(explained.of(str(row["account_id"])), settings.reasons_shown),
        base_value=explained.base_value,
        raw_score=float(row["raw_score"]),
    )


def _payer_names(extract: Extract) -> dict[str, str]:
    rows = extract.connection.execute("SELECT payer_id, COALESCE(payer_name, payer_id) FROM payers").fetchall()
    return dict(rows)


def _text_consent(extract: Extract) -> dict[str, bool]:
    rows = extract.connection.execute(
        "SELECT guarantor_id, text_consent FROM guarantors WHERE text_consent IS NOT NULL"
    ).fetchall()
    return dict(rows)

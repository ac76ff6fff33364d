"""A second implementation of every denial feature and overturn label: slow, plain loops over rows."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

from tests.features.oracle_accounts import evidence
from tests.features.oracle_rows import days_ago, known_before, largest, mean, rates, ratio, recent_rates, share
from tests.features.small_extracts import Row, Rows

BY_LAW = {"medicare": 120, "medicare_advantage": 60, "medicaid": 60, "managed_medicaid": 60, "commercial": 180}
WON = ("overturned", "partially_overturned")


def denial_frame(rows: Rows, day: date) -> dict[str, Row]:
    """Return the features of every open denial as of a day, by denial."""
    seen = known_before(rows, day)
    states = [_account_state(denial, seen, day) for denial in seen["denials"]]
    return {
        state["denial_id"]: _features(state, states, seen, day)
        for state in states
        if state["outcome"] is None and not state["paid_without_appeal"]
    }


def overturn_label(rows: Rows, denial: str, amount: Decimal | None, day: date, trained: date) -> Row | None:
    """Return label, share, dollars, and days, from decisions on or after a day and known before the training day."""
    seen = known_before(rows, trained)
    appeals = [row for row in seen["appeals"] if row["denial_id"] == denial]
    decided = [row for row in appeals if row["decided_on"] is not None and row["decided_on"] >= day]
    won = [row for row in decided if row["outcome"] in WON]
    upheld = [row for row in decided if row["outcome"] == "upheld"]
    pending = any(row["decided_on"] is None for row in appeals)
    if not won and (not upheld or pending):
        return None
    known_on = max(row["decided_on"] for row in won + upheld) + timedelta(days=1)
    if not won:
        return {"label": 0.0, "share": 0.0, "recovered": 0.0, "days_to_outcome": None, "known_on": known_on}
    amounts = [row["recovered_amount"] for row in won if row["recovered_amount"] is not None]
    back = max(sum(amounts), Decimal(0)) if amounts else None
    part = None if back is None or not amount else min(float(back) / float(amount), 1.0)
    if back is not None and amount is not None:
        back = min(back, amount)
    days = (min(row["decided_on"] for row in won) - day).days
    return {"label": 1.0, "share": part, "recovered": back, "days_to_outcome": days, "known_on": known_on}


def _account_state(denial: Row, seen: Rows, day: date) -> Row:
    appeals = [row for row in seen["appeals"] if row["denial_id"] == denial["denial_id"]]
    won = [row["decided_on"] for row in appeals if row["outcome"] in WON]
    upheld = [row["decided_on"] for row in appeals if row["outcome"] == "upheld"]
    pending = [row for row in appeals if row["decided_on"] is None]
    outcome = 1 if won else 0 if upheld and not pending else None
    decided = max(won + upheld) if outcome is not None else None
    account = next((row for row in seen["accounts"] if row["account_id"] == denial["account_id"]), {})
    payer = next((row for row in seen["payers"] if row["payer_id"] == denial["payer_id"]), {})
    due = denial["appeal_due_on"]
    if due is None:
        by_law = BY_LAW.get(payer.get("payer_class", ""), 60)
        due = denial["denied_on"] + timedelta(days=payer.get("appeal_days") or by_law)
    service = account.get("service_on")
    return dict(denial) | {
        "appeals": appeals,
        "upheld": bool(upheld),
        "outcome": outcome,
        "outcome_age": days_ago(day, decided),
        "days_to_decide": None if decided is None else (decided - denial["denied_on"]).days,
        "paid_without_appeal": not appeals and _is_paid(denial, seen),
        "payer_class": payer.get("payer_class"),
        "appeal_days": payer.get("appeal_days"),
        "patient_class": account.get("patient_class"),
        "guarantor_id": account.get("guarantor_id"),
        "days_service_to_denial": None if service is None else (denial["denied_on"] - service).days,
        "days_left": (due - day).days,
    }


def _is_paid(denial: Row, seen: Rows) -> bool:
    """Return whether the denying payer has since paid at least half of the denied amount."""
    paid, some = Decimal(0), False
    for row in seen["transactions"]:
        if denial["account_id"] is None or row["account_id"] != denial["account_id"]:
            continue
        if row["kind"] != "insurance_payment" or row["posted_on"] <= denial["denied_on"]:
            continue
        if None not in (row["payer_id"], denial["payer_id"]) and row["payer_id"] != denial["payer_id"]:
            continue
        paid, some = paid - row["amount"], True
    return some and denial["denied_amount"] is not None and 2 * paid >= denial["denied_amount"]


def _features(state: Row, states: list[Row], seen: Rows, day: date) -> Row:
    names = "payer_class group_code carc rarc service_line patient_class appeal_days denied_amount".split()
    names += ["days_service_to_denial", "days_left"]
    filed = largest([row["filed_on"] for row in state["appeals"]])
    levels = largest([row["level"] for row in state["appeals"]])
    return {
        **{name: state[name] for name in names},
        "amount": state["denied_amount"],
        "age_days": days_ago(day, state["denied_on"]),
        "household": state["guarantor_id"] or state["account_id"] or state["denial_id"],
        "days_since_denial": days_ago(day, state["denied_on"]),
        "days_since_filed": days_ago(day, filed),
        "appeal_level": levels if state["appeals"] else 0,
        "appeals_filed": len(state["appeals"]),
        "upheld_before": int(state["upheld"]),
        **_account(state, seen, day),
        **_other_denials(state, states),
        **_payer(state, states, day),
        **_behavior(state, states),
        "month": day.month,
        "denied_month": state["denied_on"].month,
        "site_diagnosis": state["diagnosis"],
        "site_treatment": state["treatment"],
        "site_beds": state["beds"],
        "site_urgent": None if state["urgent"] is None else int(state["urgent"]),
    }


def _account(state: Row, seen: Rows, day: date) -> Row:
    ledger = [row for row in seen["transactions"] if row["account_id"] == state["account_id"]]
    charges = [row["amount"] for row in ledger if row["kind"] == "charge"]
    paid = [row for row in ledger if row["kind"] == "insurance_payment"]
    unknown = state["account_id"] is None
    return {
        "account_charges": None if unknown else sum(charges),
        "account_insurance_balance": None
        if unknown
        else sum(row["amount"] for row in ledger if row["responsibility"] == "insurance"),
        "account_insurance_paid": None if unknown else -sum(row["amount"] for row in paid),
        "denied_share_of_charges": None
        if unknown or state["denied_amount"] is None
        else ratio(state["denied_amount"], sum(charges)),
        "largest_charge": None if unknown else largest(charges),
        "days_since_insurance_payment": None
        if unknown
        else days_ago(day, largest([row["posted_on"] for row in paid if row["amount"] < 0])),
    }


def _other_denials(state: Row, states: list[Row]) -> Row:
    def sharing(key: str) -> list[Row] | None:
        if state[key] is None:
            return None
        return [o for o in states if o[key] == state[key] and o["denial_id"] != state["denial_id"]]

    on_claim, on_account = sharing("claim_id"), sharing("account_id")
    denials = on_account or []
    return {
        "claim_denials": None if on_claim is None else len(on_claim),
        "claim_denials_same_code": None
        if on_claim is None
        else sum(o["carc"] is not None and o["carc"] == state["carc"] for o in on_claim),
        "account_denials": None if on_account is None else len(on_account),
        "account_denied": None if on_account is None else sum(other["denied_amount"] or 0 for other in on_account),
        "account_overturned_share": share([o["outcome"] == 1 for o in denials if o["outcome"] is not None]),
    }


def _payer(state: Row, states: list[Row], day: date) -> Row:
    unknown = state["payer_id"] is None
    same = [] if unknown else [other for other in states if other["payer_id"] == state["payer_id"]]
    ages = [(day - other["denied_on"]).days for other in same]
    recent = [o["outcome"] == 1 for o in same if o["outcome"] is not None and o["outcome_age"] <= 365]
    return {
        "payer_denials_90d": None if unknown else sum(age <= 90 for age in ages),
        "payer_denials_365d": None if unknown else sum(age <= 365 for age in ages),
        "payer_days_to_decide": mean([other["days_to_decide"] for other in same if other["outcome"] is not None]),
        "payer_pays_without_appeal": share([other["paid_without_appeal"] for other in same], 20, 0.1),
        "payer_overturned_share_365d": share(recent, 20, 0.5),
    }


def _behavior(state: Row, states: list[Row]) -> Row:
    values: Row = {}
    for keys in (
        ("payer_id",),
        ("payer_class",),
        ("carc",),
        ("rarc",),
        ("group_code",),
        ("service_line",),
        ("payer_id", "carc"),
        ("payer_class", "carc"),
        ("service_line", "carc"),
        ("diagnosis",),
        ("treatment",),
        ("diagnosis", "treatment"),
    ):
        values |= rates("_".join(keys), "overturned", state, states, keys)
        values |= recent_rates("_".join(keys), "overturned", state, states, keys)
    judged = [other for other in states if other["outcome"] is not None]
    return values | {"overturned_evidence_site": evidence(state, judged, ("diagnosis", "treatment"))}

"""A second implementation of every account feature and payment label: slow, plain loops over rows."""

from __future__ import annotations

import math
import statistics
from datetime import date, timedelta
from decimal import Decimal

from payrank.features.targets import PaymentTarget
from tests.features.oracle_rows import (
    days_ago,
    known_before,
    largest,
    mean,
    rates,
    ratio,
    recent_rates,
    share,
    smallest,
    smoothed,
)
from tests.features.small_extracts import Row, Rows

REACHED = ("right_party", "promise", "refused", "dispute")


def account_frame(rows: Rows, target: PaymentTarget, day: date) -> dict[str, Row]:
    """Return the features of every account in the payment population as of a day, by account."""
    seen = known_before(rows, day)
    states = [_account_state(account, seen, day, target.horizon_days) for account in seen["accounts"]]
    frame = {}
    for state in states:
        is_due = state["patient_balance"] > 0 and state["patient_balance"] >= Decimal(str(target.min_balance))
        if is_due and state["bad_debt"] <= 0 and not state["at_agency"]:
            frame[state["account_id"]] = _features(state, states, seen, day, target.horizon_days)
    return frame


def payment_label(
    rows: Rows, account: str, balance: float, target: PaymentTarget, day: date, trained: date
) -> Row | None:
    """Return label, share, dollars recovered, and days to the outcome; None before the horizon has passed."""
    end = day + timedelta(days=target.horizon_days)
    if end > trained:
        return None
    owed = Decimal(str(balance))
    paid, met = Decimal(0), []
    for after in range(target.horizon_days):
        for row in rows["transactions"]:
            posted = row["posted_on"] == day + timedelta(days=after)
            if row["account_id"] == account and row["kind"] == "patient_payment" and posted:
                paid -= row["amount"]
        if paid > 0 and paid >= Decimal(repr(target.min_share)) * owed:
            met.append(after)
    enough = bool(met) and met[-1] == target.horizon_days - 1
    recovered = min(max(paid, Decimal(0)), owed)
    return {
        "label": float(enough),
        "share": float(recovered / owed),
        "recovered": float(recovered),
        "days_to_outcome": met[0] if enough else None,
        "known_on": end,
    }


def _account_state(account: Row, seen: Rows, day: date, horizon: int) -> Row:
    ledger = [row for row in seen["transactions"] if row["account_id"] == account["account_id"]]

    def total(kinds: tuple[str, ...], within: int | None = None, of: str | None = None) -> Decimal:
        amount = Decimal(0)
        for row in ledger:
            if kinds and row["kind"] not in kinds:
                continue
            if of is not None and row["responsibility"] != of:
                continue
            if within is not None and (day - row["posted_on"]).days > within:
                continue
            amount += row["amount"]
        return amount

    raised = ("charge", "transfer", "interest")
    owed_from = [
        row["posted_on"]
        for row in ledger
        if row["responsibility"] == "patient" and row["kind"] in raised and row["amount"] > 0
    ]
    paid_on = [row["posted_on"] for row in ledger if row["kind"] == "patient_payment" and row["amount"] < 0]
    first_owed, first_paid = smallest(owed_from), smallest(paid_on)
    billed = total(raised, of="patient")
    state = dict(account) | {
        "ledger": ledger,
        "patient_balance": total((), of="patient"),
        "insurance_balance": total((), of="insurance"),
        "charges": total(("charge",)),
        "insurance_paid": -total(("insurance_payment",)),
        "contractual": -total(("contractual_adjustment",)),
        "charity": -total(("charity_adjustment",)),
        "bad_debt": -total(("bad_debt_write_off",)),
        "refunded": total(("refund",)),
        "billed": billed,
        "paid": -total(("patient_payment",)),
        "paid_30d": -total(("patient_payment",), 30),
        "paid_90d": -total(("patient_payment",), 90),
        "paid_365d": -total(("patient_payment",), 365),
        "account_age": days_ago(day, account["opened_on"]),
        "days_owed": days_ago(day, first_owed),
        "days_to_pay": (first_paid - first_owed).days if first_paid and first_owed else None,
        "last_paid": largest(paid_on),
        "days_since_payment": days_ago(day, largest(paid_on)),
        "settled": None,
        "outcome": None,
    }
    if billed > 0:
        state["settled"] = state["patient_balance"] <= 0 and state["paid"] > 0
    if first_owed and first_owed + timedelta(days=horizon) <= day:
        state["outcome_age"] = (day - first_owed).days - horizon
        state["outcome"] = int(first_paid is not None and first_paid < first_owed + timedelta(days=horizon))
    state |= _payer(account, seen)
    state["at_agency"] = any(
        "_".join(row["flag"].lower().replace("-", " ").split()) == "agency_placed"
        and row["ended_on"] is None
        and row["subject_id"] == account[f"{row['subject_type']}_id"]
        for row in seen["flags"]
    )
    return state


def _payer(account: Row, seen: Rows) -> Row:
    """Return the highest-priority active coverage; ties go to the newest, then to the first payer ID."""
    best: Row | None = None
    for row in sorted(seen["coverages"], key=lambda row: row["payer_id"]):
        if row["account_id"] != account["account_id"] or row["ended_on"] is not None:
            continue
        better = best is None or (row["priority"], -row["known_on"].toordinal()) < (
            best["priority"],
            -best["known_on"].toordinal(),
        )
        best = row if better else best
    if best is None:
        return {"payer_id": None, "payer_class": "self_pay"}
    classes = [payer["payer_class"] for payer in seen["payers"] if payer["payer_id"] == best["payer_id"]]
    return {"payer_id": best["payer_id"], "payer_class": classes[0] if classes else None}


def _features(state: Row, states: list[Row], seen: Rows, day: date, horizon: int) -> Row:
    family = [other for other in states if other["guarantor_id"] == state["guarantor_id"]]
    others = [other for other in family if other["account_id"] != state["account_id"]]
    return {
        **_ages_and_balances(state, others),
        **_payer_mix(state, family, seen, day),
        **_payment_history(state, day),
        **_family_history(others, day),
        **_same_age(state, states, others, horizon),
        **_promises_and_plans(state, seen, day),
        **_written_off(state, others),
        **_flags(state, seen),
        **_contacts(state, seen, day),
        **_payer_behavior(state, states),
        "month": day.month,
        "tax_refund_season": int(day.month in (2, 3, 4)),
        "weekday": day.isoweekday(),
        "day_of_month": day.day,
    } | {"amount": state["patient_balance"], "age_days": state["account_age"], "household": state["guarantor_id"]}


def _ages_and_balances(state: Row, others: list[Row]) -> Row:
    owing = [other["patient_balance"] for other in others if other["patient_balance"] > 0]
    return {
        "account_age": state["account_age"],
        "days_owed": state["days_owed"],
        "aging_bucket": _bucket(state["days_owed"]),
        "patient_balance": state["patient_balance"],
        "insurance_balance": state["insurance_balance"],
        "charges": state["charges"],
        "patient_share_of_charges": ratio(state["billed"], state["charges"]),
        "balance_left": ratio(state["patient_balance"], state["billed"]),
        "charges_left": ratio(state["patient_balance"] + state["insurance_balance"], state["charges"]),
        "household_balance": sum(owing),
        "household_open_accounts": len(owing),
        "household_largest_balance": largest([other["patient_balance"] for other in others]),
        "charity_given": state["charity"],
    }


def _bucket(days: int | None) -> str | None:
    if days is None:
        return None
    for most in (30, 60, 90, 120):
        if days <= most:
            return f"{max(0, most - 29) if most > 30 else 0}-{most}"
    return "over 120"


def _payer_mix(state: Row, family: list[Row], seen: Rows, day: date) -> Row:
    coverages = [row for row in seen["coverages"] if row["account_id"] == state["account_id"]]
    denied = [row for row in seen["denials"] if row["account_id"] == state["account_id"]]
    recent = [member for member in family if member["account_age"] <= 730]
    others = [member for member in family if member["account_id"] != state["account_id"]]
    return {
        "payer_class": state["payer_class"],
        "patient_class": state["patient_class"],
        "service_line": state["service_line"],
        "coverage_count": sum(row["ended_on"] is None for row in coverages),
        "past_payer_class": _last_ended(coverages, seen),
        "coverages_lost": sum(row["ended_on"] is not None for row in coverages),
        "coverages_gained_90d": sum((day - row["known_on"]).days <= 90 for row in coverages),
        "coverages_lost_90d": sum(
            row["ended_on"] is not None and (day - row["ended_on"]).days <= 90 for row in coverages
        ),
        "insurance_paid_share": ratio(state["insurance_paid"], state["charges"]),
        "contractual_share": ratio(state["contractual"], state["charges"]),
        "denied_dollars": sum(row["denied_amount"] or 0 for row in denied),
        "denial_count": len(denied),
        "denied_share": ratio(sum(row["denied_amount"] or 0 for row in denied), state["charges"]),
        "household_payer_classes": len({m["payer_class"] for m in others} - {None}),
        "household_medicaid_share": share(["medicaid" in (m["payer_class"] or "") for m in others]),
        "household_commercial_share": share([m["payer_class"] == "commercial" for m in others]),
        "household_self_pay_share": share([member["payer_class"] == "self_pay" for member in recent]),
        "site_clinic": state["clinic"],
        "site_channel_code": state["channel_code"],
        "site_visits": state["visits"],
        "site_referred": None if state["referred"] is None else int(state["referred"]),
    }


def _last_ended(coverages: list[Row], seen: Rows) -> str | None:
    """Return the payer class of the ended coverage that became known last; ties go to the last payer ID."""
    ended = [row for row in coverages if row["ended_on"] is not None]
    if not ended:
        return None
    last = max(ended, key=lambda row: (row["known_on"], row["payer_id"]))
    return next((payer["payer_class"] for payer in seen["payers"] if payer["payer_id"] == last["payer_id"]), None)


def _payment_history(state: Row, day: date) -> Row:
    amounts = [row["amount"] for row in state["ledger"] if row["kind"] == "patient_payment"]
    payments = sorted(
        (row["posted_on"], row["transaction_id"], -row["amount"])
        for row in state["ledger"]
        if row["kind"] == "patient_payment" and row["amount"] < 0
    )
    moved = [r["posted_on"] for r in state["ledger"] if r["kind"] == "transfer" and r["responsibility"] == "patient"]
    return {
        "days_since_activity": days_ago(day, largest([row["posted_on"] for row in state["ledger"]])),
        "days_since_transfer": days_ago(day, largest(moved)),
        "paid_30d": state["paid_30d"],
        "paid_90d": state["paid_90d"],
        "paid_365d": state["paid_365d"],
        "payments_90d": sum((day - posted_on).days <= 90 for posted_on, _, _ in payments),
        "last_payment": payments[-1][2] if payments else None,
        "payment_count": sum(amount < 0 for amount in amounts),
        "payments_returned": sum(amount > 0 for amount in amounts),
        "days_since_payment": state["days_since_payment"],
    }


def _family_history(others: list[Row], day: date) -> Row:
    waits = [other["days_to_pay"] for other in others if other["days_to_pay"] is not None]
    since = [other["days_since_payment"] for other in others]
    earlier = [other["settled"] for other in others if other["settled"] is not None and other["account_age"] > 30]
    recent = [other for other in others if other["days_owed"] is not None and other["days_owed"] <= 30]
    just_paid = [o for o in others if o["days_since_payment"] is not None and o["days_since_payment"] <= 30]
    paid_days = {other["last_paid"] for other in others if other["last_paid"] is not None}
    gap = (largest(since) - smallest(since)) / (len(paid_days) - 1) if len(paid_days) > 1 else None
    return {
        "household_paid_90d": sum(other["paid_90d"] for other in others),
        "household_paid_365d": sum(other["paid_365d"] for other in others),
        "household_days_since_payment": smallest(since),
        "household_days_since_first_payment": largest(since),
        "household_payment_days": len(paid_days),
        "household_payment_gap": gap,
        "next_payment_in": None if gap is None else gap - smallest(since),
        "household_past_accounts": len(earlier),
        "household_settled_share": share(earlier),
        "household_days_to_pay": mean(waits),
        "household_slowest_days_to_pay": largest(waits),
        "household_days_to_pay_spread": statistics.stdev(waits) if len(waits) > 1 else None,
        "household_recent_days_to_pay": mean([other["days_to_pay"] for other in just_paid]),
        "household_oldest_days_owed": largest([o["days_owed"] for o in others if o["patient_balance"] > 0]),
        "household_unpaid_share_30d": share([other["patient_balance"] > 0 for other in recent]),
        "household_bad_debt": sum(other["bad_debt"] for other in others),
        "household_refunds": sum(other["refunded"] for other in others),
    }


def _same_age(state: Row, states: list[Row], others: list[Row], horizon: int) -> Row:
    """Return what happened to balances unpaid at this age and then followed through the horizon."""
    age = state["days_owed"]
    typical = mean([other["days_to_pay"] for other in others])
    result = {
        "days_past_typical": None if age is None or typical is None else age - typical,
        "household_seen_at_this_age": 0,
        "household_paid_at_this_age": 0,
        "paid_rate_at_this_age": None,
        "household_pays_at_this_age": None,
    }
    if age is None:
        return result

    def unpaid_then(balances: list[Row], at: int) -> list[Row]:
        reached = [b for b in balances if b["days_owed"] is not None and b["days_owed"] >= at + horizon]
        return [b for b in reached if b["days_to_pay"] is None or b["days_to_pay"] >= at]

    def then_paid(balances: list[Row], at: int) -> int:
        return sum(b["days_to_pay"] is not None and b["days_to_pay"] < at + horizon for b in balances)

    pooled = age if age <= 60 else age // 30 * 30
    everyone, household_rows = unpaid_then(states, pooled), unpaid_then(others, age)
    result["household_seen_at_this_age"] = len(household_rows)
    result["household_paid_at_this_age"] = then_paid(household_rows, age)
    if everyone:
        rate = (then_paid(everyone, pooled) + 5 * 0.2) / (len(everyone) + 5)
        result["paid_rate_at_this_age"] = rate
        result["household_pays_at_this_age"] = (then_paid(household_rows, age) + 2 * rate) / (len(household_rows) + 2)
    return result


def _promises_and_plans(state: Row, seen: Rows, day: date) -> Row:
    family = {row["account_id"] for row in seen["accounts"] if row["guarantor_id"] == state["guarantor_id"]}
    promises = [row for row in seen["promises"] if row["account_id"] in family]
    fulfilled = []
    for promise in promises:
        last_day = promise["due_on"] + timedelta(days=3)
        if last_day >= day:
            continue
        paid = Decimal(0)
        for row in seen["transactions"]:
            is_payment = row["account_id"] == promise["account_id"] and row["kind"] == "patient_payment"
            if is_payment and promise["made_on"] <= row["posted_on"] <= last_day:
                paid -= row["amount"]
        fulfilled.append(paid >= promise["amount"])
    ahead = [row["amount"] for row in promises if row["due_on"] + timedelta(days=3) >= day]
    plans = [row for row in seen["payment_plans"] if row["account_id"] in family]
    return {
        "promises_made": len(promises),
        "promises_kept_share": share(fulfilled),
        "promises_broken": fulfilled.count(False),
        "promised_dollars": sum(ahead),
        "plans_kept_share": share(
            [row["end_reason"] in ("paid in full", "completed") for row in plans if row["end_reason"] is not None]
        ),
        "plans_current": sum(row["ended_on"] is None for row in plans),
        "plans_ended": sum(row["ended_on"] is not None for row in plans),
    }


def _written_off(state: Row, others: list[Row]) -> Row:
    return {
        "household_bad_debt_accounts": sum(other["bad_debt"] > 0 for other in others),
        "refunded": state["refunded"],
    }


def _flags(state: Row, seen: Rows) -> Row:
    mine = [row for row in seen["flags"] if row["subject_id"] == state[f"{row['subject_type']}_id"]]
    words = [("_".join(row["flag"].lower().replace("-", " ").split()), row["ended_on"] is None) for row in mine]
    plans = [row for row in seen["payment_plans"] if row["account_id"] == state["account_id"]]
    return {
        "legal_flags": sum(words.count((word, True)) for word in ("attorney", "bankruptcy", "deceased", "litigation")),
        "assistance_pending": words.count(("charity_pending", True)),
        "assistance_approved": sum(word == "charity_approved" for word, _ in words),
        "account_plans_current": sum(plan["ended_on"] is None for plan in plans),
    }


def _contacts(state: Row, seen: Rows, day: date) -> Row:
    contacts = [row for row in seen["contacts"] if row["guarantor_id"] == state["guarantor_id"]]
    mailed = [r for r in contacts if r["channel"] in ("statement", "letter") and r["direction"] == "out"]
    called = [r for r in contacts if r["channel"] == "call" and r["direction"] == "out"]

    def within(rows: list[Row], days: int) -> list[Row]:
        return [row for row in rows if (day - row["contacted_on"]).days <= days]

    def dates(rows: list[Row]) -> list[date]:
        return [row["contacted_on"] for row in rows]

    outcomes = sorted((row["contacted_on"], row["contact_id"], row["outcome"]) for row in contacts if row["outcome"])
    return {
        "days_since_first_statement": days_ago(day, smallest(dates(mailed))),
        "days_since_statement": days_ago(day, largest(dates(mailed))),
        "statements_sent": len(within(mailed, 365)),
        "calls_90d": len(within(called, 90)),
        "right_party_share": share([row["outcome"] in REACHED for row in within(called, 365)]),
        "days_since_conversation": days_ago(day, largest(dates([r for r in contacts if r["outcome"] in REACHED]))),
        "last_contact_outcome": outcomes[-1][2] if outcomes else None,
        "mail_returned": sum(row["outcome"] in ("returned", "wrong_number") for row in contacts),
        "days_since_returned": days_ago(day, largest(dates([r for r in contacts if r["outcome"] == "returned"]))),
        "days_since_portal_view": days_ago(day, largest(dates([r for r in contacts if r["channel"] == "portal"]))),
        "attempts_30d": sum(
            row["direction"] == "out" and row["channel"] in ("call", "text", "email", "visit")
            for row in within(contacts, 30)
        ),
        "portal_views_90d": sum(row["channel"] == "portal" for row in within(contacts, 90)),
        "calls_in_90d": sum(row["direction"] == "in" for row in within(contacts, 90)),
        "refusals": sum(row["outcome"] == "refused" for row in contacts),
    }


def _payer_behavior(state: Row, states: list[Row]) -> Row:
    values: Row = {}
    for name, keys in (
        ("payer_class", ("payer_class",)),
        ("payer_id", ("payer_id",)),
        ("service_line", ("service_line",)),
        ("payer_class_patient_class", ("payer_class", "patient_class")),
        ("clinic", ("clinic",)),
        ("channel_code", ("channel_code",)),
        ("clinic_channel_code", ("clinic", "channel_code")),
    ):
        values |= rates(name, "paid", state, states, keys)
        values |= recent_rates(name, "paid", state, states, keys)
    decided = [other for other in states if other["outcome"] is not None]
    return values | {"paid_evidence_site": evidence(state, decided, ("clinic", "channel_code"))}


def evidence(unit: Row, judged: list[Row], keys: tuple[str, ...]) -> float | None:
    """Return the sum of the single keys' log odds minus the overall log odds."""
    if not judged:
        return None

    def log_odds(rate: float) -> float:
        clipped = min(max(rate, 0.001), 0.999)
        return math.log(clipped / (1 - clipped))

    overall = log_odds(sum(other["outcome"] for other in judged) / len(judged))
    single = [smoothed(unit, judged, (key,)) for key in keys]
    return sum(log_odds(rate) - overall for rate in single if rate is not None)

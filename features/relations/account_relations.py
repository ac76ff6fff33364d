"""The relations of an account: ledger, household, contacts, promises, plans, flags, denials, and coverages."""

from __future__ import annotations

from collections.abc import Mapping

from payrank.features.dialects.dialect import Dialect
from payrank.features.relations.account_flags import account_plans, flags
from payrank.features.relations.relation import Field, Relation, plain_fields

PROMISE_GRACE_DAYS = 3
"""Days after the due date by which a promised amount must arrive for the promise to be kept (rule S5)."""


def ledger() -> Relation:
    """Transactions of the account."""
    return Relation(
        name="ledger",
        key="account_id",
        key_sql="t.account_id",
        rows="transactions t",
        known_on="t.posted_on",
        fields=plain_fields(
            "t", "transactions", "kind", "amount", "responsibility", "posted_on", "payer_id", "reverses_id"
        ),
        needs=("transactions",),
        tie="t.transaction_id",
    )


def household(horizon_days: int, state: Mapping[str, Field]) -> Relation:
    """Accounts of the same guarantor, as of the snapshot.

    `at_risk` marks another balance that was unpaid at the age of the snapshot's balance and has been followed through
    the horizon after that age. `paid_soon` marks that it was paid within that horizon.
    """
    names = [
        "patient_balance",
        "insurance_balance",
        "charges",
        "patient_billed",
        "patient_paid",
        "bad_debt",
        "refunded",
        "payer_class",
        "opened_on",
        "first_patient_on",
        "first_payment_on",
        "last_payment_on",
        "paid_30d",
        "paid_90d",
        "paid_365d",
        "days_owed",
        "days_to_pay",
        "days_since_payment",
        "settled",
        "outcome",
        "account_age",
    ]
    return Relation(
        name="household",
        key="guarantor_id",
        key_sql="e.guarantor_id",
        rows="account_state e",
        known_on=None,
        fields={
            "is_other": Field("CASE WHEN e.account_id <> spine.account_id THEN 1 ELSE 0 END"),
            "at_risk": Field(
                "CASE WHEN e.account_id <> spine.account_id "
                f"AND e.days_owed >= spine.days_owed + {horizon_days} "
                "AND (e.days_to_pay IS NULL OR e.days_to_pay >= spine.days_owed) THEN 1 ELSE 0 END"
            ),
            "paid_soon": Field(
                "CASE WHEN e.days_to_pay >= spine.days_owed "
                f"AND e.days_to_pay < spine.days_owed + {horizon_days} THEN 1 ELSE 0 END"
            ),
            **{name: Field(f"e.{name}", state[name].needs) for name in names},
        },
        needs=("transactions",),
        per_snapshot=True,
    )


def contacts() -> Relation:
    """Contacts with the guarantor, on any account."""
    return Relation(
        name="contacts",
        key="guarantor_id",
        key_sql="c.guarantor_id",
        rows="contacts c",
        known_on="c.contacted_on",
        fields=plain_fields("c", "contacts", "channel", "direction", "outcome", "contacted_on"),
        needs=("contacts",),
        tie="c.contact_id",
    )


def promises(dialect: Dialect) -> Relation:
    """Promises of the household, with the amount paid by the due date plus grace, as known at the snapshot."""
    last_day = dialect.add_days("p.due_on", str(PROMISE_GRACE_DAYS))
    return Relation(
        name="promises",
        key="guarantor_id",
        key_sql="e.guarantor_id",
        rows=(
            "(SELECT p.promise_id, a.guarantor_id, d.as_of, p.amount, "
            f"CASE WHEN {last_day} < d.as_of THEN 1 ELSE 0 END AS is_past, "
            "COALESCE(SUM(-t.amount), 0) AS paid "
            "FROM promises p JOIN accounts a ON a.account_id = p.account_id "
            "JOIN as_of_dates d ON p.made_on < d.as_of AND a.opened_on < d.as_of "
            "LEFT JOIN transactions t ON t.kind = 'patient_payment' "
            "AND t.account_id = p.account_id AND t.posted_on >= p.made_on "
            f"AND t.posted_on <= {last_day} AND t.posted_on < d.as_of "
            "GROUP BY p.promise_id, a.guarantor_id, d.as_of, p.amount, p.due_on) e"
        ),
        known_on=None,
        fields={"is_past": Field("e.is_past"), "amount": Field("e.amount"), "paid": Field("e.paid")},
        needs=("promises", "transactions"),
    )


def plans() -> Relation:
    """Payment plans of the household; an end and its reason are null until they are known."""
    return Relation(
        name="plans",
        key="guarantor_id",
        key_sql="a.guarantor_id",
        rows="payment_plans p JOIN accounts a ON a.account_id = p.account_id",
        # A plan belongs to a household through its account, so it is known once both are known.
        known_on="CASE WHEN a.opened_on > p.started_on THEN a.opened_on ELSE p.started_on END",
        fields={
            **plain_fields("p", "payment_plans", "installment", "frequency_days"),
            **plain_fields("p", "payment_plans", "ended_on", known_on="p.ended_on"),
            "end_reason": Field(
                "p.end_reason", ("payment_plans.end_reason", "payment_plans.ended_on"), known_on="p.ended_on"
            ),
        },
        needs=("payment_plans",),
        tie="p.plan_id",
    )


def account_denials() -> Relation:
    """Denials on the account."""
    return Relation(
        name="denials",
        key="account_id",
        key_sql="n.account_id",
        rows="denials n",
        known_on="n.denied_on",
        fields=plain_fields("n", "denials", "denied_amount", "group_code", "carc", "claim_id", "payer_id"),
        needs=("denials", "denials.account_id"),
        tie="n.denial_id",
    )


def coverages(dialect: Dialect) -> Relation:
    """Coverages of the account; an end date is null until it is known."""
    return Relation(
        name="coverages",
        key="account_id",
        key_sql="v.account_id",
        rows="coverages v LEFT JOIN payers y ON y.payer_id = v.payer_id",
        known_on="v.known_on",
        fields={
            **plain_fields("v", "coverages", "priority"),
            **plain_fields("v", "coverages", "ended_on", known_on="v.ended_on"),
            "ended_days_ago": Field(
                dialect.days_between("v.ended_on", "d.as_of"), ("coverages.ended_on",), known_on="v.ended_on"
            ),
            "payer_class": Field("y.payer_class", ("payers.payer_class",)),
        },
        needs=("coverages",),
        tie="v.payer_id",
    )


def account_relations(dialect: Dialect, horizon_days: int, state: Mapping[str, Field]) -> dict[str, Relation]:
    """Return every relation that account features may read; `state` has the columns of `account_state`."""
    relations = (
        ledger(),
        household(horizon_days, state),
        contacts(),
        promises(dialect),
        plans(),
        account_plans(),
        flags(),
        account_denials(),
        coverages(dialect),
    )
    return {relation.name: relation for relation in relations}

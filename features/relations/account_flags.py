"""Flags of the account and its guarantor, and payment plans of the account itself, as features read them."""

from __future__ import annotations

from payrank.extracts.contract.flag_words import flag_word
from payrank.features.relations.relation import Field, Relation


def flags() -> Relation:
    """Flags of the account and its guarantor, in the vocabulary of the rules; an end date is null until it is known."""
    columns = "f.flag, f.known_on, f.ended_on"
    return Relation(
        name="flags",
        key="account_id",
        key_sql="e.account_id",
        rows=(
            f"(SELECT f.subject_id AS account_id, {columns} FROM flags f WHERE f.subject_type = 'account' UNION ALL "
            f"SELECT a.account_id, {columns} FROM flags f JOIN accounts a ON a.guarantor_id = f.subject_id "
            "WHERE f.subject_type = 'guarantor') e"
        ),
        known_on="e.known_on",
        fields={
            "flag": Field(flag_word("e.flag"), ("flags.flag",)),
            "ended_on": Field("e.ended_on", ("flags.ended_on",), known_on="e.ended_on"),
        },
        needs=("flags",),
    )


def account_plans() -> Relation:
    """Payment plans of the account itself."""
    return Relation(
        name="account_plans",
        key="account_id",
        key_sql="p.account_id",
        rows="payment_plans p",
        known_on="p.started_on",
        fields={"ended_on": Field("p.ended_on", ("payment_plans.ended_on",), known_on="p.ended_on")},
        needs=("payment_plans",),
    )

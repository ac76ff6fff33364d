"""The relations of a denial: its appeals, its account's ledger, and other denials of its account, claim, and payer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from payrank.features.relations.account_relations import ledger
from payrank.features.relations.relation import Field, Relation, plain_fields


def appeals() -> Relation:
    """Appeals of the denial; a decision is null until its date."""
    return Relation(
        name="appeals",
        key="denial_id",
        key_sql="p.denial_id",
        rows="appeals p",
        known_on="p.filed_on",
        fields={
            **plain_fields("p", "appeals", "level", "filed_on"),
            **plain_fields("p", "appeals", "decided_on", "outcome", "recovered_amount", known_on="p.decided_on"),
        },
        needs=("appeals",),
        tie="p.appeal_id",
    )


def account_ledger() -> Relation:
    """Transactions of the denial's account."""
    relation = ledger()
    return replace(relation, needs=(*relation.needs, "denials.account_id"))


def _other_denials(name: str, key: str, state: Mapping[str, Field]) -> Relation:
    """Denials that share a key, as of the snapshot, including the denial itself."""
    return Relation(
        name=name,
        key=key,
        key_sql=f"e.{key}",
        rows="denial_state e",
        known_on=None,
        fields={
            "is_other": Field("CASE WHEN e.denial_id <> spine.denial_id THEN 1 ELSE 0 END"),
            "days_ago": Field("e.days_since_denial"),
            "denied_amount": Field("e.denied_amount", ("denials.denied_amount",)),
            "same_carc": Field("CASE WHEN e.carc = spine.carc THEN 1 ELSE 0 END", ("denials.carc",)),
            "outcome": Field("e.outcome", state["outcome"].needs),
        },
        needs=(f"denials.{key}",),
        per_snapshot=True,
    )


def payer_activity(state: Mapping[str, Field]) -> Relation:
    """Denials of the payer, in one group per payer and as-of date instead of one per snapshot."""
    return Relation(
        name="payer_denials",
        key="payer_id",
        key_sql="e.payer_id",
        rows="denial_state e",
        known_on=None,
        fields={
            "days_ago": Field("e.days_since_denial"),
            **{
                name: Field(f"e.{name}", state[name].needs)
                for name in ("outcome", "outcome_age", "days_to_decide", "paid_without_appeal", "denied_amount")
            },
        },
        needs=("denials.payer_id",),
    )


def denial_relations(state: Mapping[str, Field]) -> dict[str, Relation]:
    """Return every relation that denial features may read; `state` has the columns of `denial_state`."""
    relations = (
        appeals(),
        account_ledger(),
        payer_activity(state),
        _other_denials("account_denials", "account_id", state),
        _other_denials("claim_denials", "claim_id", state),
    )
    return {relation.name: relation for relation in relations}

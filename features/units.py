"""What differs between accounts and denials in a plan: their state, relations, population and labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from features.account_relations import account_relations
from features.account_state import (
    account_fields,
    account_labels,
    account_population,
    account_state,
    agency_accounts,
    ledger_facts,
    primary_payer,
)
from features.aggregate import aggregate_step
from features.catalog import Feature
from features.denial_relations import denial_relations
from features.denial_state import (
    DENIAL_POPULATION,
    denial_fields,
    denial_labels,
    denial_state,
    known_appeals,
    paid_after_denial,
)
from features.dialect import Dialect
from features.relation import Field, Relation
from features.sql_text import Has, Step
from features.targets import PaymentTarget
from features.vocabulary import Aggregate, Latest


@dataclass(frozen=True, slots=True)
class UnitPlan:
    """One unit's side of a plan.

    Parameters
    ----------
    state, fields
        Name of the step that holds every unit as it stood at each snapshot, and its columns.
    relations
        What its features may look at.
    before
        Steps that make the state.
    population, head, ids
        SQL of who is in the frame, of the frame's first columns, and names of the ids that a row carries along.
    labels
        SQL of the labels; empty for a nightly frame.
    prepared
        Relations whose aggregates one of the steps in `before` has already made: relation to step.
    """

    state: str
    fields: Mapping[str, Field]
    relations: Mapping[str, Relation]
    before: tuple[Step, ...]
    population: str
    head: str
    ids: tuple[str, ...]
    labels: str
    prepared: Mapping[str, str] = field(default_factory=dict)

    def step_of(self, relation: str) -> str:
        """Return the name of the step that holds a relation's aggregates."""
        return self.prepared.get(relation, f"of_{relation}")


def plan_accounts(
    target: PaymentTarget,
    features: Sequence[Feature],
    dialect: Dialect,
    has: Has,
    attributes: tuple[str, ...],
    ripe_by: str | None,
) -> UnitPlan:
    """Return the accounts' side; the ledger is read once, for the state and for the features that aggregate it."""
    fields = account_fields(dialect, target, attributes)
    relations = account_relations(dialect, target.horizon_days, fields)
    on_ledger = [
        f
        for f in features
        if isinstance(f.source, Aggregate)
        and not isinstance(f.source, Latest)
        and f.source.relation == "ledger"
        and has("transactions")
    ]
    known_ledger = aggregate_step(
        "known_ledger", relations["ledger"], on_ledger, dialect, extra=ledger_facts(dialect), only_spine=False
    )
    return UnitPlan(
        state="account_state",
        fields=fields,
        relations=relations,
        before=(
            known_ledger,
            Step("primary_payer", primary_payer()),
            Step("agency_accounts", agency_accounts()),
            Step("account_state", account_state(fields)),
        ),
        population=account_population(target),
        head="account_id AS unit_id, guarantor_id AS household, patient_balance AS amount, account_age AS age_days",
        ids=("payer_id",),
        labels=account_labels(dialect, target, ripe_by) if ripe_by else "",
        prepared={"ledger": "known_ledger"},
    )


def plan_denials(dialect: Dialect, attributes: tuple[str, ...], ripe_by: str | None) -> UnitPlan:
    """Return the denials' side."""
    fields = denial_fields(dialect, attributes)
    return UnitPlan(
        state="denial_state",
        fields=fields,
        relations=denial_relations(fields),
        before=(
            Step("known_appeals", known_appeals()),
            Step("paid_after_denial", paid_after_denial()),
            Step("denial_state", denial_state(fields)),
        ),
        population=DENIAL_POPULATION,
        head=(
            "denial_id AS unit_id, COALESCE(guarantor_id, account_id, denial_id) AS household, "
            "denied_amount AS amount, days_since_denial AS age_days"
        ),
        ids=("account_id", "payer_id"),
        labels=denial_labels(dialect, ripe_by) if ripe_by else "",
    )

"""What differs between accounts and denials in a plan: their state, relations, population and labels."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from payrank.features.dialects.dialect import Dialect
from payrank.features.dialects.identifiers import Step, words_in
from payrank.features.feature import Feature
from payrank.features.relations.account_ledger import known_ledger, ledger_facts
from payrank.features.relations.account_relations import account_relations
from payrank.features.relations.account_state import (
    account_fields,
    account_labels,
    account_population,
    account_state,
    agency_accounts,
    primary_payer,
)
from payrank.features.relations.denial_relations import denial_relations
from payrank.features.relations.denial_state import (
    DENIAL_POPULATION,
    denial_fields,
    denial_labels,
    denial_state,
    known_appeals,
    paid_after_denial,
)
from payrank.features.relations.relation import Field, Relation
from payrank.features.sources import Aggregate, Rate, Snapshot
from payrank.features.sql.aggregate import expressions_of
from payrank.features.targets import PaymentTarget

Read = Callable[[Mapping[str, Field]], tuple[Step, ...]]


@dataclass(frozen=True, slots=True)
class UnitPlan:
    """One unit's side of a plan.

    Parameters
    ----------
    state, fields
        Name of the step that holds every unit as it stood at each snapshot, and its columns.
    relations
        What its features may look at.
    make_state
        Returns the steps that make the state, with the columns that a plan turns out to read.
    population, head, ids
        SQL of who is in the frame, of the frame's first columns, and names of the ids that a row carries along.
    labels
        SQL of the labels; empty for a nightly frame.
    late
        Columns of the state that only the frame's own units need: name to the SQL aggregate over the rows of
        `late_relation`, made in one pass with the features of that relation.
    """

    state: str
    fields: Mapping[str, Field]
    relations: Mapping[str, Relation]
    make_state: Read
    population: str
    head: str
    ids: tuple[str, ...]
    labels: str
    late: Mapping[str, str] = field(default_factory=dict)
    late_relation: str = ""

    @staticmethod
    def step_of(relation: str) -> str:
        """Return the name of the step that holds a relation's aggregates."""
        return f"of_{relation}"

    def spelled(self) -> dict[str, str]:
        """Return the SQL of each column of the state as the frame's last step reads it."""
        spelled = {name: f"spine.{name}" for name in self.fields}
        return spelled | {name: f"COALESCE({self.step_of(self.late_relation)}.known_{name}, 0)" for name in self.late}

    def before(self, later: Sequence[str]) -> tuple[Step, ...]:
        """Return the steps that make the state; it holds the columns that the SQL of the later steps reads."""
        read = {word for sql in later for word in _COLUMN.findall(sql)}
        read |= words_in(self.population) | words_in(self.head) | {*self.ids, "as_of"}
        return self.make_state({name: f for name, f in self.fields.items() if name in read})


_COLUMN = re.compile(r"\b(?:e|s|spine|state)\.(\w+)")


def plan_accounts(
    target: PaymentTarget,
    features: Sequence[Feature],
    dialect: Dialect,
    attributes: tuple[str, ...],
    ripe_by: str | None,
) -> UnitPlan:
    """Return the accounts' side.

    Of every account only those totals of its ledger are made that population, household or rates look at; the others
    are made for the accounts in the frame.
    """
    fields = account_fields(dialect, target, attributes)
    facts = ledger_facts(dialect)
    relations = account_relations(dialect, target.horizon_days, fields)
    population = account_population(target)
    early = words_in(population) | _read_of_every_account(features, relations)
    read = {
        word for feature in features if isinstance(feature.source, Snapshot) for word in words_in(feature.source.value)
    }
    totals = {name for name, f in fields.items() if f.sql == f"COALESCE(l.{name}, 0)"}

    def make_state(kept: Mapping[str, Field]) -> tuple[Step, ...]:
        names = {word for f in kept.values() for word in _LEDGER.findall(f.sql)}
        return (
            Step("known_ledger", known_ledger(facts, names), inline=True),
            Step("primary_payer", primary_payer(), inline=True),
            Step("agency_accounts", agency_accounts(), inline=True),
            Step("account_state", account_state(kept)),
        )

    return UnitPlan(
        state="account_state",
        fields=fields,
        relations=relations,
        make_state=make_state,
        population=population,
        head="account_id AS unit_id, guarantor_id AS household, patient_balance AS amount, account_age AS age_days",
        ids=("payer_id",),
        labels=account_labels(dialect, target, ripe_by) if ripe_by else "",
        late={name: fact.sql for name, fact in facts.items() if name in (totals & read) - early},
        late_relation="ledger",
    )


_LEDGER = re.compile(r"\bl\.(\w+)")


def _read_of_every_account(features: Sequence[Feature], relations: Mapping[str, Relation]) -> set[str]:
    """Return the columns of the state that features may read of accounts outside the frame, or through `spine`."""
    read: set[str] = set()
    for feature in features:
        source = feature.source
        if isinstance(source, Rate):
            read |= {*source.keys}
        elif isinstance(source, Aggregate):
            texts = [*expressions_of(source), *(f.sql for f in relations[source.relation].fields.values())]
            read |= {word for text in expressions_of(source) for word in words_in(text)}
            read |= {word for text in texts for word in re.findall(r"\bspine\.(\w+)", text)}
    return read


def plan_denials(dialect: Dialect, attributes: tuple[str, ...], ripe_by: str | None) -> UnitPlan:
    """Return the denials' side."""
    fields = denial_fields(dialect, attributes)
    return UnitPlan(
        state="denial_state",
        fields=fields,
        relations=denial_relations(fields),
        make_state=lambda kept: (
            Step("known_appeals", known_appeals()),
            Step("paid_after_denial", paid_after_denial()),
            Step("denial_state", denial_state(kept)),
        ),
        population=DENIAL_POPULATION,
        head=(
            "denial_id AS unit_id, COALESCE(guarantor_id, account_id, denial_id) AS household, "
            "denied_amount AS amount, days_since_denial AS age_days"
        ),
        ids=("account_id", "payer_id"),
        labels=denial_labels(dialect, ripe_by) if ripe_by else "",
    )

"""What differs between accounts and denials in a plan: state, relations, population, and labels."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from payrank.features.dialects.dialect import Dialect
from payrank.features.dialects.identifiers import Step, find_identifiers
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
from payrank.features.sql.aggregate import list_expressions
from payrank.features.targets import PaymentTarget

MakeState = Callable[[Mapping[str, Field]], tuple[Step, ...]]


@dataclass(frozen=True, slots=True)
class UnitPlan:
    """The part of a plan that depends on the unit.

    Parameters
    ----------
    state, fields
        Name of the step with every unit's state at each snapshot, and the columns of that state.
    relations
        The relations that features may read.
    make_state
        Returns the steps that compute the state, limited to the given columns.
    population
        SQL condition on the state that selects the units of the frame.
    key_columns, ids
        SQL of the frame's first columns, and names of the IDs that each row carries.
    labels
        SQL of the labels; empty for a nightly frame.
    deferred_columns, deferred_relation
        Columns of the state that only units in the frame need: name to the SQL aggregate over rows of
        `deferred_relation`. They are computed in one pass with the features of that relation, for the frame's units
        only, instead of for every unit of the extract.
    """

    state: str
    fields: Mapping[str, Field]
    relations: Mapping[str, Relation]
    make_state: MakeState
    population: str
    key_columns: str
    ids: tuple[str, ...]
    labels: str
    deferred_columns: Mapping[str, str] = field(default_factory=dict)
    deferred_relation: str = ""

    @staticmethod
    def step_name(relation: str) -> str:
        """Return the name of the step with a relation's aggregates."""
        return f"of_{relation}"

    def column_sql(self) -> dict[str, str]:
        """Return the SQL with which the last step reads each column of the state."""
        step = self.step_name(self.deferred_relation)
        deferred = {name: f"COALESCE({step}.known_{name}, 0)" for name in self.deferred_columns}
        return {name: f"spine.{name}" for name in self.fields} | deferred

    def state_steps(self, later: Sequence[str]) -> tuple[Step, ...]:
        """Return the steps that compute the state, with only the columns that the SQL of later steps reads."""
        read = {name for sql in later for name in _COLUMN.findall(sql)}
        read |= find_identifiers(self.population) | find_identifiers(self.key_columns) | {*self.ids, "as_of"}
        return self.make_state({name: column for name, column in self.fields.items() if name in read})


_COLUMN = re.compile(r"\b(?:e|s|spine|state)\.(\w+)")


def plan_accounts(
    target: PaymentTarget,
    features: Sequence[Feature],
    dialect: Dialect,
    attributes: tuple[str, ...],
    matured_by: str | None,
) -> UnitPlan:
    """Return the accounts' part of a plan.

    Most accounts of an extract are not in the frame. So for every account, only the ledger totals that the population,
    household features, or rates read are computed. The other totals are deferred to the accounts in the frame.
    """
    fields = account_fields(dialect, target, attributes)
    facts = ledger_facts(dialect)
    relations = account_relations(dialect, target.horizon_days, fields)
    population = account_population(target)
    needed_for_all = find_identifiers(population) | _columns_of_other_accounts(features, relations)
    read = {
        name
        for feature in features
        if isinstance(feature.source, Snapshot)
        for name in find_identifiers(feature.source.value)
    }
    totals = {name for name, column in fields.items() if column.sql == f"COALESCE(l.{name}, 0)"}

    def make_state(columns: Mapping[str, Field]) -> tuple[Step, ...]:
        names = {name for column in columns.values() for name in _LEDGER.findall(column.sql)}
        return (
            Step("known_ledger", known_ledger(facts, names), inline=True),
            Step("primary_payer", primary_payer(), inline=True),
            Step("agency_accounts", agency_accounts(), inline=True),
            Step("account_state", account_state(columns)),
        )

    return UnitPlan(
        state="account_state",
        fields=fields,
        relations=relations,
        make_state=make_state,
        population=population,
        key_columns=(
            "account_id AS unit_id, guarantor_id AS household, patient_balance AS amount, account_age AS age_days"
        ),
        ids=("payer_id",),
        labels=account_labels(dialect, target, matured_by) if matured_by else "",
        deferred_columns={name: fact.sql for name, fact in facts.items() if name in (totals & read) - needed_for_all},
        deferred_relation="ledger",
    )


_LEDGER = re.compile(r"\bl\.(\w+)")


def _columns_of_other_accounts(features: Sequence[Feature], relations: Mapping[str, Relation]) -> set[str]:
    """Return the columns of the state that features read from accounts outside the frame, or through `spine`."""
    read: set[str] = set()
    for feature in features:
        source = feature.source
        if isinstance(source, Rate):
            read |= {*source.keys}
        elif isinstance(source, Aggregate):
            texts = [*list_expressions(source), *(column.sql for column in relations[source.relation].fields.values())]
            read |= {name for text in list_expressions(source) for name in find_identifiers(text)}
            read |= {name for text in texts for name in re.findall(r"\bspine\.(\w+)", text)}
    return read


def plan_denials(dialect: Dialect, attributes: tuple[str, ...], matured_by: str | None) -> UnitPlan:
    """Return the denials' part of a plan."""
    fields = denial_fields(dialect, attributes)
    return UnitPlan(
        state="denial_state",
        fields=fields,
        relations=denial_relations(fields),
        make_state=lambda columns: (
            Step("known_appeals", known_appeals()),
            Step("paid_after_denial", paid_after_denial()),
            Step("denial_state", denial_state(columns)),
        ),
        population=DENIAL_POPULATION,
        key_columns=(
            "denial_id AS unit_id, COALESCE(guarantor_id, account_id, denial_id) AS household, "
            "denied_amount AS amount, days_since_denial AS age_days"
        ),
        ids=("account_id", "payer_id"),
        labels=denial_labels(dialect, matured_by) if matured_by else "",
    )

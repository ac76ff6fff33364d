"""What a site's own features may look at: the relations of a unit, their columns, and what kind each column is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from payrank.extracts.contract.tables import Column, table
from payrank.features.dialects.dialect import DuckDBDialect
from payrank.features.feature import Unit
from payrank.features.relations.account_relations import account_relations
from payrank.features.relations.account_state import account_fields
from payrank.features.relations.denial_relations import denial_relations
from payrank.features.relations.denial_state import denial_fields
from payrank.features.relations.relation import Field, Relation
from payrank.features.targets import PaymentTarget

ColumnKind = Literal["words", "number", "day", "id"]


@dataclass(frozen=True, slots=True)
class SiteColumn:
    """A column that a site's feature may name; `levels` are the values that the contract allows it."""

    kind: ColumnKind
    levels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SiteRelation:
    """Rows that a site's feature may aggregate; `dated` says whether they carry the days since they were known."""

    columns: Mapping[str, SiteColumn]
    dated: bool
    ordered: bool


@dataclass(frozen=True, slots=True)
class Reachable:
    """Everything within reach of a unit's features: its own state at the snapshot, and its relations."""

    snapshot: Mapping[str, SiteColumn]
    relations: Mapping[str, SiteRelation]


def find_reachable(unit: Unit) -> Reachable:
    """Return what the features of a unit may look at; all of it is cut to what was known before the snapshot.

    >>> find_reachable("account").relations["contacts"].columns["channel"].levels[:2]
    ('call', 'text')
    """
    fields, relations = _look(unit)
    return Reachable(
        snapshot={name: _describe(name, field) for name, field in fields.items()},
        relations={
            name: SiteRelation(
                columns={column: _describe(column, field) for column, field in relation.fields.items()},
                dated=relation.known_on is not None or "days_ago" in relation.fields,
                ordered=relation.known_on is not None and bool(relation.tie),
            )
            for name, relation in relations.items()
        },
    )


def _look(unit: Unit) -> tuple[Mapping[str, Field], Mapping[str, Relation]]:
    dialect = DuckDBDialect()
    if unit == "account":
        target = PaymentTarget()
        state = account_fields(dialect, target, ())
        return state, account_relations(dialect, target.horizon_days, state)
    state = denial_fields(dialect, ())
    return state, denial_relations(state)


def _describe(name: str, field: Field) -> SiteColumn:
    """Return a column's kind: the contract's where it is the contract's column, else what its name says."""
    column = _contract_column(name, field)
    if column is not None:
        kinds: dict[str, ColumnKind] = {"level": "words", "text": "words", "date": "day", "id": "id"}
        return SiteColumn(kinds.get(column.kind, "number"), column.levels)
    if name.endswith("_on") or name == "as_of":
        return SiteColumn("day")
    return SiteColumn("id" if name.endswith("_id") else "number")


def _contract_column(name: str, field: Field) -> Column | None:
    if name == "outcome" and len(field.needs) != 1:
        return None  # of a state: 1 or 0, not the words of an appeal or contact
    for need in field.needs:
        found = table(need.partition(".")[0]).column(name)
        if found is not None:
            return found
    return None

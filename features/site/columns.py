"""What a site's features may read: the relations of a unit, their columns, and the kind of each column."""

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

SiteColumnKind = Literal["text", "number", "date", "id"]


@dataclass(frozen=True, slots=True)
class SiteColumn:
    """A column that a site's feature may name. `levels` are the values that the contract allows in it."""

    kind: SiteColumnKind
    levels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SiteRelation:
    """Rows that a site's feature may aggregate.

    `dated` rows carry the number of days since they were known; `ordered` rows have a latest row.
    """

    columns: Mapping[str, SiteColumn]
    dated: bool
    ordered: bool


@dataclass(frozen=True, slots=True)
class ReadableColumns:
    """Everything that a unit's features may read: the unit's state at the snapshot, and its relations."""

    snapshot: Mapping[str, SiteColumn]
    relations: Mapping[str, SiteRelation]


def find_readable(unit: Unit) -> ReadableColumns:
    """Return what the features of a unit may read, all limited to what was known before the snapshot.

    >>> find_readable("account").relations["contacts"].columns["channel"].levels[:2]
    ('call', 'text')
    """
    fields, relations = _read_unit(unit)
    return ReadableColumns(
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


def _read_unit(unit: Unit) -> tuple[Mapping[str, Field], Mapping[str, Relation]]:
    dialect = DuckDBDialect()
    if unit == "account":
        target = PaymentTarget()
        state = account_fields(dialect, target, ())
        return state, account_relations(dialect, target.horizon_days, state)
    state = denial_fields(dialect, ())
    return state, denial_relations(state)


def _describe(name: str, field: Field) -> SiteColumn:
    """Return a column's kind: from the contract for a column of the contract, else from its name."""
    column = _contract_column(name, field)
    if column is not None:
        kinds: dict[str, SiteColumnKind] = {"level": "text", "text": "text", "date": "date", "id": "id"}
        return SiteColumn(kinds.get(column.kind, "number"), column.levels)
    if name.endswith("_on") or name == "as_of":
        return SiteColumn("date")
    return SiteColumn("id" if name.endswith("_id") else "number")


def _contract_column(name: str, field: Field) -> Column | None:
    if name == "outcome" and len(field.needs) != 1:
        return None  # A state's outcome is 1 or 0, not the text outcome of an appeal or contact.
    for need in field.needs:
        column = table(need.partition(".")[0]).column(name)
        if column is not None:
            return column
    return None

"""Relations: the sets of rows that features aggregate, each limited to rows known before the snapshot."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Field:
    """A column of a relation: its SQL, the contract's columns that it needs, and when it becomes known.

    `known_on` is set for a value that fills in after its row (the outcome of an appeal). It is null before that date.
    """

    sql: str
    needs: tuple[str, ...] = ()
    known_on: str | None = None


@dataclass(frozen=True, slots=True)
class Relation:
    """Rows with a key.

    Parameters
    ----------
    name
        Name by which features refer to it.
    key
        Column that it shares with the snapshot, in addition to the as-of date.
    key_sql
        SQL of that column in the rows.
    rows
        SQL of a FROM clause.
    known_on
        SQL of the date on which a row became known; None if the rows are states that already have `as_of`.
    fields
        Columns that features may read.
    needs
        Tables, or `table.column`, that the relation requires.
    per_snapshot
        Whether rows are compared with the snapshot's own values (`spine.<column>`), with one group per snapshot.
    tie
        SQL that orders rows of the same day, for `Latest`.
    """

    name: str
    key: str
    key_sql: str
    rows: str
    known_on: str | None
    fields: Mapping[str, Field] = field(default_factory=dict)
    needs: tuple[str, ...] = ()
    per_snapshot: bool = False
    tie: str = ""


def plain_fields(alias: str, table: str, *names: str, known_on: str | None = None) -> dict[str, Field]:
    """Return fields that are plain columns of a contract table.

    >>> plain_fields("t", "transactions", "amount")["amount"].sql
    't.amount'
    """
    return {name: Field(f"{alias}.{name}", (f"{table}.{name}",), known_on) for name in names}

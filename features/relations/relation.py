"""Relations: the sets of rows that features aggregate, each already cut to what was known before the snapshot."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Field:
    """A column of a relation: its SQL, the contract's columns it stands on, and since when it is known.

    `known_on` is set for values that fill in later than their row (an appeal's outcome): before that day they are null.
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
        What features call it.
    key
        Column that it shares with the snapshot, besides the as-of date.
    key_sql
        SQL of that column among the rows.
    rows
        SQL of a FROM clause.
    known_on
        SQL of the day on which a row was known; None when the rows are states that already carry `as_of`.
    fields
        The columns that features may use.
    needs
        Tables, or `table.column`, without which the relation does not exist.
    per_snapshot
        Whether rows are compared with the snapshot's own values (`spine.…`), one group for each snapshot.
    tie
        SQL that orders rows of one day, for `Latest`.
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


def columns_of(alias: str, table: str, *names: str, known_on: str | None = None) -> dict[str, Field]:
    """Return fields that are plain columns of one contract table.

    >>> columns_of("t", "transactions", "amount")["amount"].sql
    't.amount'
    """
    return {name: Field(f"{alias}.{name}", (f"{table}.{name}",), known_on) for name in names}

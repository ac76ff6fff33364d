"""Steps of SQL, and the identifiers in an expression: find them, or substitute SQL for them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Step:
    """A SELECT and the name by which later steps read it.

    `inline` marks a step that is cheaper to compute inside the single step that reads it than to store as a table. An
    engine may store it anyway.
    """

    name: str
    sql: str
    inline: bool = False


IsAvailable = Callable[[str], bool]
"""Says whether the extract has a `table` or a `table.column`."""

_IDENTIFIER = re.compile(r"'(?:[^']|'')*'|(?<![.\w])[a-z_][a-z_0-9]*")
"""A text literal, which is never an identifier, or an unqualified name."""


def find_identifiers(expression: str) -> set[str]:
    """Return the unqualified identifiers in an SQL expression.

    >>> sorted(find_identifiers("kind = 'charge' AND days_ago < 3"))
    ['days_ago', 'kind']
    """
    return {name for name in _IDENTIFIER.findall(expression) if not name.startswith("'")}


def substitute(expression: str, sql_by_name: Mapping[str, str]) -> str:
    """Replace unqualified identifiers in an SQL expression with the SQL that defines them.

    >>> substitute("kind = 'kind'", {"kind": "t.kind"})
    "t.kind = 'kind'"
    """
    return _IDENTIFIER.sub(lambda match: sql_by_name.get(match.group(), match.group()), expression)

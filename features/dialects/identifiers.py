"""Small pieces of SQL text: the names in an expression, and putting SQL in their place."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Step:
    """A SELECT and the name under which later steps read it.

    `inline` marks what is less work to compute inside the one step that reads it than to keep as a table; an engine is
    free to keep it nevertheless.
    """

    name: str
    sql: str
    inline: bool = False


Has = Callable[[str], bool]
"""Whether the extract has a `table` or a `table.column`."""

_WORD = re.compile(r"'(?:[^']|'')*'|(?<![.\w])[a-z_][a-z_0-9]*")


def words_in(expression: str) -> set[str]:
    """Return the bare names in an SQL expression: no literals, no qualified names.

    >>> sorted(words_in("kind = 'charge' AND days_ago < 3"))
    ['days_ago', 'kind']
    """
    return {word for word in _WORD.findall(expression) if not word.startswith("'")}


def put_in(expression: str, spelled: Mapping[str, str]) -> str:
    """Replace bare names in an SQL expression by the SQL that stands for them.

    >>> put_in("kind = 'kind'", {"kind": "t.kind"})
    "t.kind = 'kind'"
    """
    return _WORD.sub(lambda match: spelled.get(match.group(), match.group()), expression)

"""Decide whether a file's first line is a header or a row, because a patient's values must never be shown as names."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from payrank.extracts.readers.mapped.column_words import has_billing_word

_MIN_ALIKE_SHARE = 0.8
"""If at least this share of a column's values are written like its name, the name may be a value, too."""


def looks_like_data(names: Sequence[str], rows: Sequence[Sequence[str | None]]) -> bool:
    """Return whether the column names of a table look like values rather than names.

    A name is known if one of its words is a billing term. It is repeated if it is also a value of its column. It is
    alike if most of the values below it have the same pattern of letters, digits, and punctuation.

    >>> looks_like_data(["SMITH", "JOHN", "CA"], [["DOE", "JANE", "CA"], ["ROE", "RICHARD", "CA"]])
    True
    >>> looks_like_data(["Konto", "Betrag"], [["00123", "12,50"], ["00124", "1,00"]])
    False
    """
    values = [row for row in rows if not _same(names, row)]  # a report may print its header on every page
    known = repeated = alike = strong = 0
    for place, name in enumerate(names):
        column = Counter(text for row in values if place < len(row) and (text := row[place]))
        again = name in column
        repeated += again
        known += not again and has_billing_word(name)
        shape = _shape(name)
        fitting = sum(count for text, count in column.items() if _shape(text) == shape)
        if column and fitting >= _MIN_ALIKE_SHARE * column.total():
            alike += 1
            strong += "9" in shape
    if not known:
        return bool(repeated) or alike == len(names) or not values
    if (strong and alike == len(names)) or (repeated and 2 * alike > len(names)):
        return True
    return 2 * known < len(names) and bool(repeated or strong) and 2 * (alike + repeated) >= len(names)


def _same(names: Sequence[str], row: Sequence[str | None]) -> bool:
    return [name.casefold() for name in names] == [(text or "").casefold() for text in row]


def _shape(text: str) -> str:
    """Return the pattern of a text: A for capitals, a for other letters, 9 for digits, and punctuation unchanged.

    >>> _shape("T0012"), _shape("5-Jan-26"), _shape("Smith, J")
    ('A9', '9-Aa-9', 'Aa, A')
    """
    text = re.sub(r"\d+", "9", text)
    return re.sub(
        r"[^\W\d_]+", lambda match: "A" if match[0].isupper() else ("Aa" if match[0][0].isupper() else "a"), text
    )

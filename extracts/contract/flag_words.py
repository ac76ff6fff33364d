"""Normalize the names of flags. Case, surrounding blanks, and blanks or hyphens between words make no difference."""

from __future__ import annotations

BLANKS = ("\t", "\n", "\r", "\u00a0")
"""Characters that systems send instead of a space."""


def flag_word(column: str) -> str:
    """Return SQL that normalizes a flag column. The SQL is the same for every engine.

    >>> flag_word("f.flag").endswith("' '))), ' ', '_'), '-', '_')")
    True
    """
    for blank in BLANKS:
        column = f"REPLACE({column}, '{blank}', ' ')"
    return f"REPLACE(REPLACE(TRIM(LOWER({column})), ' ', '_'), '-', '_')"


def read_flag_word(word: str) -> str:
    """Return a normalized flag, exactly as the SQL of `flag_word` does.

    >>> read_flag_word(" Cease-Contact\\t")
    'cease_contact'
    """
    for blank in BLANKS:
        word = word.replace(blank, " ")
    return word.lower().strip(" ").replace(" ", "_").replace("-", "_")

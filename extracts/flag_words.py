"""How the word of a flag is read, defined once: case, blanks around it and blanks or hyphens within it say nothing."""

from __future__ import annotations

BLANKS = ("\t", "\n", "\r", "\u00a0")
"""What systems send for a space."""


def flag_word(column: str) -> str:
    """SQL, the same on every engine, of a flag's word as rules read it.

    >>> flag_word("f.flag").endswith("' '))), ' ', '_'), '-', '_')")
    True
    """
    for blank in BLANKS:
        column = f"REPLACE({column}, '{blank}', ' ')"
    return f"REPLACE(REPLACE(TRIM(LOWER({column})), ' ', '_'), '-', '_')"


def read_flag_word(word: str) -> str:
    """Return a flag's word as rules read it; the twin of `flag_word`.

    >>> read_flag_word(" Cease-Contact\\t")
    'cease_contact'
    """
    for blank in BLANKS:
        word = word.replace(blank, " ")
    return word.lower().strip(" ").replace(" ", "_").replace("-", "_")

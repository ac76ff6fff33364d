"""Says why an X12 file is refused: its name, the segment, the rule, and never a value."""

from __future__ import annotations

from payrank.extracts.errors import ExtractRefusedError


def refuse_file(name: str, found: str, allowed: str, advice: str) -> ExtractRefusedError:
    """Say what is wrong with a file as a whole."""
    return ExtractRefusedError(f"{name}: {found}. Allowed: {allowed}. {advice}")


def refuse_segment(name: str, position: int, found: str, allowed: str) -> ExtractRefusedError:
    """Say what is wrong at a segment, counted from 1 with the file's first ISA.

    >>> str(refuse_segment("may.835", 12, "GE while a transaction is open (no SE)", "SE before GE"))
    'may.835: segment 12: GE while a transaction is open (no SE). Allowed: SE before GE. Ask for the file again.'
    """
    return refuse_file(name, f"segment {position}: {found}", allowed, "Ask for the file again.")

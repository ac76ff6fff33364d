"""Errors for refused X12 files: they give the file name, segment, and rule, but never a value."""

from __future__ import annotations

from payrank.extracts.errors import ExtractRefusedError


def refuse_file(name: str, problem: str, allowed: str, advice: str) -> ExtractRefusedError:
    """Return the error for a file as a whole."""
    return ExtractRefusedError(f"{name}: {problem}. Allowed: {allowed}. {advice}")


def refuse_segment(name: str, position: int, problem: str, allowed: str) -> ExtractRefusedError:
    """Return the error for a segment, counted from 1 at the file's first ISA.

    >>> str(refuse_segment("may.835", 12, "GE while a transaction is open (no SE)", "SE before GE"))
    'may.835: segment 12: GE while a transaction is open (no SE). Allowed: SE before GE. Request the file again.'
    """
    return refuse_file(name, f"segment {position}: {problem}", allowed, "Request the file again.")

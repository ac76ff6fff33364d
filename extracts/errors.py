"""Errors that payrank raises on purpose, each with the exit code that the nightly job sees.

Every message says what is wrong, what was found, what is allowed, and what to do. No message contains a value from a
patient's row.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class PayrankError(Exception):
    """Base class of payrank's errors. `exit_code` is what the command line returns."""

    exit_code = 1


class WrongUsageError(PayrankError):
    """An argument, setting, or mapping is unknown or cannot be used."""

    exit_code = 2


class ExtractRefusedError(PayrankError):
    """The AR extract violates its contract, and quarantining rows cannot fix it."""

    exit_code = 3


class OutOfLineError(PayrankError):
    """The extract is too old, or its volume is out of line with the previous run."""

    exit_code = 4


class NoUsableModelError(PayrankError):
    """A model is absent, tampered with, or made for other features."""

    exit_code = 5


class RunLockedError(PayrankError):
    """Another run holds the lock on the output folder."""

    exit_code = 6


def did_you_mean(name: str, allowed: Iterable[str]) -> str:
    """Return a hint that names the closest allowed word, or lists all of them.

    >>> did_you_mean("horizn", ["horizon", "min_share"])
    "did you mean 'horizon'?"
    >>> did_you_mean("zzz", ["horizon", "min_share"])
    'known: horizon, min_share'
    """
    known = list(allowed)
    near = difflib.get_close_matches(name, known, n=1)
    return f"did you mean '{near[0]}'?" if near else "known: " + ", ".join(known)

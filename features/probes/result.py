"""The result of a leakage probe: what it examined, the leaks, or why it could not run."""

from __future__ import annotations

from dataclasses import dataclass

FALSE_ALARM = 0.001
"""Chance of any false alarm in one statistical probe of one unit, over everything that it examines (Bonferroni)."""


@dataclass(frozen=True, slots=True)
class Leak:
    """A feature, column, or table that sees the future, and a sentence with the evidence.

    The sentence has names, counts, and metrics, never a value of a row.
    """

    subject: str
    text: str


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """The result of one probe of one unit.

    `examined` counts what it examined and `details` describes it. `not_run` says why it could not run. `undecided`
    lists the columns with too few rows to decide.
    """

    probe: str
    unit: str
    examined: int
    details: str
    leaks: tuple[Leak, ...] = ()
    not_run: str = ""
    undecided: tuple[str, ...] = ()

    @property
    def verdict(self) -> str:
        """`leak`, `clean`, `too few`, or `not run`."""
        if self.not_run:
            return "not run"
        return "leak" if self.leaks else "too few" if self.undecided else "clean"

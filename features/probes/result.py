"""What a probe found: how much it looked at, the leaks, or why it could not look."""

from __future__ import annotations

from dataclasses import dataclass

FALSE_ALARM = 0.001
"""Chance of a false alarm that each probe of one unit allows itself where it judges by figures, over all that it
looks at (Bonferroni)."""


@dataclass(frozen=True, slots=True)
class Leak:
    """One thing that knows too much: the feature, column or table, and the sentence that says how it shows.

    The sentence holds names, counts and figures, never a value of a row.
    """

    subject: str
    text: str


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """One probe of one unit. `figures` say what was looked at; `not_run` says why it could not look.

    `undecided` are the columns that it looked at and has too few rows to judge.
    """

    probe: str
    unit: str
    looked_at: int
    figures: str
    leaks: tuple[Leak, ...] = ()
    not_run: str = ""
    undecided: tuple[str, ...] = ()

    @property
    def verdict(self) -> str:
        """`leak`, `clean`, `too few` or `not run`."""
        if self.not_run:
            return "not run"
        return "leak" if self.leaks else "too few" if self.undecided else "clean"

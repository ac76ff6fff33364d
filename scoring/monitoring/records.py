"""What was found when earlier runs were judged: promises and what came of them, without a row or an id."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from payrank.scoring.past_run import ListName

BEYOND_CHANCE = 1.96
"""Standard errors beyond which a gap is no accident, 19 times of 20."""
MATTERS = 0.1
"""Share of the promise by which what came must differ to be told as an alarm."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A promise and what came of it: rows, outcomes promised and seen, dollars promised and seen.

    `error` is the standard error of the gap in outcomes, by household. Dollars are None where amounts are unknown.
    """

    name: str
    rows: int
    promised: float
    came: int
    error: float
    dollars_promised: float | None
    dollars_came: float | None

    @property
    def off(self) -> bool:
        """Whether what came differs from the promise beyond chance, and by enough to matter."""
        gap = abs(self.came - self.promised)
        return gap > BEYOND_CHANCE * self.error and gap > MATTERS * max(self.promised, 1.0)


@dataclass(frozen=True, slots=True)
class Watched:
    """One list of one run: all that was scored, by place, by tenth of the promised chance.

    `not_told` are scored rows without an outcome: no longer in the extract, or an appeal that nobody filed or decided.
    `auc` is None where every outcome is the same.
    """

    day: date
    list: ListName
    model: str
    scored: int
    not_told: int
    auc: float | None
    brier: float
    all: Kept
    places: tuple[Kept, ...]
    tenths: tuple[Kept, ...]


@dataclass(frozen=True, slots=True)
class Monitoring:
    """All runs that can be judged by the day, the latest first, and when the others will be ripe."""

    as_of: date
    watched: tuple[Watched, ...]
    waiting: tuple[tuple[date, ListName, date], ...]

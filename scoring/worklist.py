"""The records from which the worklist files are written: what a collector needs, and nothing more.

Least disclosure: a line has ids, balances, reasons, a deadline, and an action. It has no field for a name, birth date,
diagnosis, or note, so none can reach a file. Money is in US dollars, ages are in days, and unknown is None, never 0.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Generic, TypeVar

from payrank.scoring.action_table import FOLLOW_UP

URGENT_DAYS = 14
"""A deadline this many days away, or fewer, is highlighted and worked first (rule D2)."""


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason for a score, ready to display.

    Parameters
    ----------
    feature
        Name of the feature in the catalog. Worklist files do not show it: a reader sees `text`.
    text
        Plain English, with the value in its usual unit.
    value
        The feature's value; None when unknown.
    contribution
        SHAP contribution on the log-odds scale: positive raises the probability, negative lowers it.
    """

    feature: str
    text: str
    value: float | str | None
    contribution: float


@dataclass(frozen=True, slots=True)
class AccountLine:
    """One account of a household. Money in dollars, `age_days` since the account opened, `probability` in [0, 1].

    `base_value` (the baseline) and `raw_score` (this account's score) are log-odds. With both, the page draws the
    reasons as a waterfall from one to the other, with all unlisted reasons combined in a last step.
    """

    account_id: str
    balance: float
    age_days: int
    payer: str
    probability: float
    expected_share: float
    expected_recovery: float
    expected_value: float
    reasons: tuple[Reason, ...]
    base_value: float | None = None
    raw_score: float | None = None


@dataclass(frozen=True, slots=True)
class PatientLine:
    """One guarantor: the household's patient balance, one recommended action, and the accounts below it.

    `deadline_source` says in plain English where `deadline` comes from. `probability` and `reasons` are those of the
    lead account. `expected_value` is in dollars, net of the cost to work the line.
    """

    rank: int
    guarantor_id: str
    queue: str
    action: str
    action_why: str
    balance: float
    age_days: int
    probability: float
    expected_recovery: float
    expected_value: float
    deadline: date | None
    deadline_source: str
    reasons: tuple[Reason, ...]
    accounts: tuple[AccountLine, ...]

    @property
    def amount(self) -> float:
        """Dollars at stake: the household's patient balance."""
        return self.balance

    @property
    def due_on(self) -> date | None:
        """The deadline; None where there is none."""
        return self.deadline

    @property
    def due_on_source(self) -> str:
        """Where the deadline comes from."""
        return self.deadline_source

    @property
    def payers(self) -> tuple[str, ...]:
        """Payers of the household's accounts, without repeats, in alphabetical order."""
        return tuple(sorted({account.payer for account in self.accounts if account.payer}))


@dataclass(frozen=True, slots=True)
class DenialLine:
    """One denial: what was denied and why, the probability of an overturn, and the deadline with its source.

    `days_left` counts from the as-of date to `due_on`; `work_on` is the planned work day. `denied_amount`,
    `expected_recovery` and `expected_value` are in dollars, None where the extract has no amount (NaN becomes None).
    """

    rank: int
    denial_id: str
    account_id: str | None
    payer: str
    payer_class: str
    group_code: str
    carc: str
    rarc: str
    denied_amount: float | None
    age_days: int
    probability: float
    expected_recovery: float | None
    expected_value: float | None
    due_on: date
    due_on_source: str
    days_left: int
    work_on: date
    queue: str
    action: str
    action_why: str
    reasons: tuple[Reason, ...]
    base_value: float | None = None
    raw_score: float | None = None

    def __post_init__(self) -> None:
        """Replace NaN, which numeric tables use for unknown, with None."""
        for name in ("denied_amount", "expected_recovery", "expected_value"):
            value = getattr(self, name)
            if value is not None and math.isnan(value):
                object.__setattr__(self, name, None)

    @property
    def amount(self) -> float | None:
        """Dollars at stake: the denied amount; None when unknown."""
        return self.denied_amount

    @property
    def payers(self) -> tuple[str, ...]:
        """The payer that denied the claim, or none when unknown."""
        return (self.payer,) if self.payer else ()

    @property
    def filed(self) -> bool:
        """Whether an appeal is filed and waits for the payer: the filing deadline has been met."""
        return self.queue == FOLLOW_UP

    @property
    def urgent(self) -> bool:
        """Whether `URGENT_DAYS` days or fewer are left to file an appeal (rule D2). A filed appeal is not urgent."""
        return not self.filed and 0 <= self.days_left <= URGENT_DAYS

    @property
    def code(self) -> str:
        """Group code, CARC, and RARC, as printed on a remittance: a CARC alone is ambiguous.

        >>> _denial(group_code="CO", carc="197", rarc="N30").code
        'CO-197 N30'
        """
        return " ".join(part for part in ("-".join(p for p in (self.group_code, self.carc) if p), self.rarc) if part)


def _denial(*, group_code: str, carc: str, rarc: str) -> DenialLine:
    day = date(2026, 11, 20)
    return DenialLine(
        1, "D", None, "", "", group_code, carc, rarc, None, 0, 0.5, None, None, day, "", 0, day, "appeal", "", "", ()
    )


Line = PatientLine | DenialLine
Line_co = TypeVar("Line_co", bound=Line, covariant=True)


@dataclass(frozen=True, slots=True)
class Worklist(Generic[Line_co]):
    """One list of a run, best first.

    Parameters
    ----------
    name
        "patient_pay" or "denials": the stem of its files.
    title, model, notices
        Shown in the header. `model` is the model's name and version.
    lines
        Ranked from 1.
    over_capacity
        Accounts or denials that were scored and not suppressed, but did not fit within the capacity.
    suppressed_by
        Accounts or denials suppressed by each rule, by the rule's id in rules.toml.
    suppressed
        Accounts or denials suppressed in total, each counted once even if several rules apply; None when not counted.
    baseline_probability
        The model's average probability before anything is known about an account or denial; None when not computed.
    """

    name: str
    title: str
    as_of: date
    lines: tuple[Line_co, ...]
    over_capacity: int
    suppressed_by: Mapping[str, int]
    notices: tuple[str, ...]
    model: str
    suppressed: int | None = None
    baseline_probability: float | None = None

    @property
    def at_stake(self) -> float:
        """Dollars at stake on the list; unknown amounts count as nothing."""
        return sum(line.amount for line in self.lines if line.amount is not None)

    @property
    def amounts_unknown(self) -> int:
        """Number of lines without a known amount."""
        return sum(line.amount is None for line in self.lines)

    @property
    def expected(self) -> float:
        """Expected recovery of the whole list in dollars, before the cost to work it."""
        return sum(line.expected_recovery for line in self.lines if line.expected_recovery is not None)

    @property
    def urgent(self) -> int:
        """Number of lines due in `URGENT_DAYS` days or fewer; for denials, those that rule D2 puts first."""
        return sum(is_urgent(line, self.as_of) for line in self.lines)

    @property
    def simulated(self) -> bool:
        """Whether a notice says that the data are simulated."""
        return any("simulated" in notice.lower() for notice in self.notices)


def days_left(line: Line, as_of: date) -> int | None:
    """Return the days from the as-of date to the line's deadline; None without a deadline."""
    if isinstance(line, DenialLine):
        return line.days_left
    return None if line.deadline is None else (line.deadline - as_of).days


def is_urgent(line: Line, as_of: date) -> bool:
    """Return whether a line is due in `URGENT_DAYS` days or fewer, or, for a guarantor, overdue."""
    if isinstance(line, DenialLine):
        return line.urgent
    left = days_left(line, as_of)
    return left is not None and left <= URGENT_DAYS


def is_assumed(source: str) -> bool:
    """Return whether a deadline is based on an assumption: its source must then contain the word "assumed".

    >>> is_assumed("assumed: 60 days from the denial")
    True
    >>> is_assumed("the payer's contract: 90 days")
    False
    """
    return "assumed" in source.lower()

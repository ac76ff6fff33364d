"""The columns of the worklist files, once for CSV and XLSX: name, title, kind, width and where the value comes from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Generic, Literal, TypeVar

from payrank.scoring.worklist import AccountLine, DenialLine, Line, PatientLine, Reason, Worklist

Kind = Literal["text", "code", "long_text", "money", "probability", "count", "date"]
Value = str | float | int | date | None
Line_contra = TypeVar("Line_contra", contravariant=True)

REASONS_SHOWN = 3
"""Reasons that a row of a flat file carries; the page and the scores hold them all."""
JOINER = "|"
"""Between several ids in one cell. Not ';', which a spreadsheet of many countries reads as the next cell."""


@dataclass(frozen=True, slots=True)
class Column(Generic[Line_contra]):
    """One column: `name` heads the CSV, `title` the spreadsheet, `width` is in characters."""

    name: str
    title: str
    kind: Kind
    width: int
    value: Callable[[Line_contra], Value]


@dataclass(frozen=True, slots=True)
class Grid:
    """A table ready to write: columns without their sources, and a row of values a line."""

    columns: tuple[tuple[str, str, Kind, int], ...]
    rows: tuple[tuple[Value, ...], ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns."""
        return tuple(name for name, _, _, _ in self.columns)


_PROPER = {
    "medicare_advantage": "Medicare Advantage",
    "managed_medicaid": "Managed Medicaid",
    "workers_comp": "Workers' compensation",
    "self_pay": "Self-pay",
}


def in_words(code: str) -> str:
    """Return a queue, action or class as a reader would say it.

    >>> in_words("write_off_review")
    'Write off review'
    >>> in_words("Call by Friday")
    'Call by Friday'
    """
    words = _PROPER.get(code, code.replace("_", " ").strip())
    return words[:1].upper() + words[1:]


def _reason(at: int) -> Callable[[PatientLine | DenialLine], Value]:
    return lambda line: say_reason(line.reasons[at]) if at < len(line.reasons) else ""


def say_reason(reason: Reason) -> str:
    """Return a reason with its direction: in a cell there is no arrow beside it.

    >>> say_reason(Reason("patient_balance", "Patient owes $9,453", 9453.0, -0.87))
    'Lowers: Patient owes $9,453'
    """
    return f"{'Lowers' if reason.contribution < 0 else 'Raises'}: {reason.text}"


def _reason_columns() -> tuple[Column[PatientLine | DenialLine], ...]:
    return tuple(
        Column(f"reason_{at + 1}", f"Reason {at + 1}", "long_text", 44, _reason(at)) for at in range(REASONS_SHOWN)
    )


def _in_one(reasons: Sequence[Reason]) -> str:
    return "; ".join(say_reason(reason) for reason in reasons[:REASONS_SHOWN])


PATIENT_COLUMNS: tuple[Column[PatientLine], ...] = (
    Column("rank", "Rank", "count", 7, lambda line: line.rank),
    Column("guarantor_id", "Guarantor", "text", 16, lambda line: line.guarantor_id),
    Column("account_ids", "Accounts", "text", 22, lambda line: JOINER.join(a.account_id for a in line.accounts)),
    Column("queue", "Queue", "code", 18, lambda line: line.queue),
    Column("action", "Next action", "text", 26, lambda line: line.action),
    Column("action_why", "Why this action", "long_text", 44, lambda line: line.action_why),
    Column("balance", "Balance", "money", 13, lambda line: line.balance),
    Column("age_days", "Age (days)", "count", 11, lambda line: line.age_days),
    Column("payers", "Payers", "text", 22, lambda line: JOINER.join(line.payers)),
    Column("probability", "Chance of payment", "probability", 11, lambda line: line.probability),
    Column("expected_recovery", "Expected recovery", "money", 13, lambda line: line.expected_recovery),
    Column("expected_value", "Expected value", "money", 13, lambda line: line.expected_value),
    Column("deadline", "Deadline", "date", 13, lambda line: line.deadline),
    Column("deadline_source", "Deadline from", "long_text", 30, lambda line: line.deadline_source),
    *_reason_columns(),
)

DENIAL_COLUMNS: tuple[Column[DenialLine], ...] = (
    Column("rank", "Rank", "count", 7, lambda line: line.rank),
    Column("denial_id", "Denial", "text", 16, lambda line: line.denial_id),
    Column("account_id", "Account", "text", 16, lambda line: line.account_id),
    Column("payer", "Payer", "text", 24, lambda line: line.payer),
    Column("payer_class", "Payer class", "code", 18, lambda line: line.payer_class),
    Column("group_code", "Group", "text", 8, lambda line: line.group_code),
    Column("carc", "CARC", "text", 8, lambda line: line.carc),
    Column("rarc", "RARC", "text", 9, lambda line: line.rarc),
    Column("queue", "Queue", "code", 18, lambda line: line.queue),
    Column("action", "Next action", "text", 26, lambda line: line.action),
    Column("action_why", "Why this action", "long_text", 44, lambda line: line.action_why),
    Column("denied_amount", "Denied amount", "money", 13, lambda line: line.denied_amount),
    Column("age_days", "Age (days)", "count", 11, lambda line: line.age_days),
    Column("probability", "Chance of overturn", "probability", 11, lambda line: line.probability),
    Column("expected_recovery", "Expected recovery", "money", 13, lambda line: line.expected_recovery),
    Column("expected_value", "Expected value", "money", 13, lambda line: line.expected_value),
    Column("due_on", "Due on", "date", 13, lambda line: line.due_on),
    Column("days_left", "Days left", "count", 10, lambda line: line.days_left),
    Column("due_on_source", "Due date from", "long_text", 30, lambda line: line.due_on_source),
    Column("work_on", "Work on", "date", 13, lambda line: line.work_on),
    *_reason_columns(),
)

_HouseholdAccount = tuple[PatientLine, AccountLine]

ACCOUNT_COLUMNS: tuple[Column[_HouseholdAccount], ...] = (
    Column("rank", "Rank", "count", 7, lambda pair: pair[0].rank),
    Column("guarantor_id", "Guarantor", "text", 16, lambda pair: pair[0].guarantor_id),
    Column("account_id", "Account", "text", 16, lambda pair: pair[1].account_id),
    Column("payer", "Payer", "text", 24, lambda pair: pair[1].payer),
    Column("balance", "Balance", "money", 13, lambda pair: pair[1].balance),
    Column("age_days", "Age (days)", "count", 11, lambda pair: pair[1].age_days),
    Column("probability", "Chance of payment", "probability", 11, lambda pair: pair[1].probability),
    Column("expected_share", "Expected share paid", "probability", 11, lambda pair: pair[1].expected_share),
    Column("expected_recovery", "Expected recovery", "money", 13, lambda pair: pair[1].expected_recovery),
    Column("expected_value", "Expected value", "money", 13, lambda pair: pair[1].expected_value),
    Column("reasons", "Reasons", "long_text", 90, lambda pair: _in_one(pair[1].reasons)),
)


def _grid(columns: Sequence[Column[Line_contra]], lines: Sequence[Line_contra]) -> Grid:
    heads = tuple((column.name, column.title, column.kind, column.width) for column in columns)
    return Grid(heads, tuple(tuple(column.value(line) for column in columns) for line in lines))


def grid_of(lines: Sequence[Line], name: str) -> Grid:
    """Return the flat table of a list's lines; `name` is the worklist's."""
    if name == "denials":
        return _grid(DENIAL_COLUMNS, [line for line in lines if isinstance(line, DenialLine)])
    return _grid(PATIENT_COLUMNS, [line for line in lines if isinstance(line, PatientLine)])


def accounts_of(worklist: Worklist[Line]) -> Grid:
    """Return the table of the accounts beneath the guarantors, in the list's order; no row for a list of denials."""
    households = (line for line in worklist.lines if isinstance(line, PatientLine))
    return _grid(ACCOUNT_COLUMNS, [(line, account) for line in households for account in line.accounts])

"""The columns of the worklist files, shared by CSV and XLSX: name, title, format, width, and value."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Generic, Literal, TypeVar

from payrank.scoring.worklist import AccountLine, DenialLine, Line, PatientLine, Reason, Worklist

CellFormat = Literal["text", "code", "long_text", "money", "probability", "count", "date"]
Value = str | float | int | date | None
Line_contra = TypeVar("Line_contra", contravariant=True)

REASONS_SHOWN = 3
"""Reasons per row of a flat file; the page and the score files have all of them."""
ID_SEPARATOR = "|"
"""Between several ids in one cell. Not ';', which spreadsheets in many countries read as a cell separator."""


@dataclass(frozen=True, slots=True)
class ListColumn(Generic[Line_contra]):
    """One column: `name` is the CSV heading, `title` the spreadsheet heading; `width` is in characters."""

    name: str
    title: str
    format: CellFormat
    width: int
    value: Callable[[Line_contra], Value]


@dataclass(frozen=True, slots=True)
class Grid:
    """A table ready to write: (name, title, format, width) of each column, and one row of values per line."""

    columns: tuple[tuple[str, str, CellFormat, int], ...]
    rows: tuple[tuple[Value, ...], ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns."""
        return tuple(name for name, _, _, _ in self.columns)


_DISPLAY_TEXTS = {
    "medicare_advantage": "Medicare Advantage",
    "managed_medicaid": "Managed Medicaid",
    "workers_comp": "Workers' compensation",
    "self_pay": "Self-pay",
    "write_off_review": "Write-off review",
    "follow_up": "Follow-up",
    "peer_to_peer": "Peer-to-peer",
    "plan_missed": "Missed installment",
}


def display_text(code: str) -> str:
    """Return the display text of a queue, action, or payer class.

    >>> display_text("write_off_review")
    'Write-off review'
    >>> display_text("Call by Friday")
    'Call by Friday'
    """
    text = _DISPLAY_TEXTS.get(code, code.replace("_", " ").strip())
    return text[:1].upper() + text[1:]


def _reason(position: int) -> Callable[[PatientLine | DenialLine], Value]:
    return lambda line: format_reason(line.reasons[position]) if position < len(line.reasons) else ""


def format_reason(reason: Reason) -> str:
    """Return a reason with its direction, because a spreadsheet cell has no arrow.

    >>> format_reason(Reason("patient_balance", "Patient owes $9,453", 9453.0, -0.87))
    'Lowers: Patient owes $9,453'
    """
    return f"{'Lowers' if reason.contribution < 0 else 'Raises'}: {reason.text}"


def _reason_columns() -> tuple[ListColumn[PatientLine | DenialLine], ...]:
    return tuple(
        ListColumn(f"reason_{position + 1}", f"Reason {position + 1}", "long_text", 52, _reason(position))
        for position in range(REASONS_SHOWN)
    )


def _join_reasons(reasons: Sequence[Reason]) -> str:
    return "; ".join(format_reason(reason) for reason in reasons[:REASONS_SHOWN])


PATIENT_COLUMNS: tuple[ListColumn[PatientLine], ...] = (
    ListColumn("rank", "Rank", "count", 7, lambda line: line.rank),
    ListColumn("guarantor_id", "Guarantor", "text", 16, lambda line: line.guarantor_id),
    ListColumn(
        "account_ids", "Accounts", "text", 22, lambda line: ID_SEPARATOR.join(a.account_id for a in line.accounts)
    ),
    ListColumn("queue", "Queue", "code", 18, lambda line: line.queue),
    ListColumn("action", "Next action", "text", 38, lambda line: line.action),
    ListColumn("action_why", "Reason for action", "long_text", 60, lambda line: line.action_why),
    ListColumn("balance", "Balance", "money", 13, lambda line: line.balance),
    ListColumn("age_days", "Age (days)", "count", 11, lambda line: line.age_days),
    ListColumn("payers", "Payers", "text", 22, lambda line: ID_SEPARATOR.join(line.payers)),
    ListColumn("probability", "Chance of payment", "probability", 11, lambda line: line.probability),
    ListColumn("expected_recovery", "Expected recovery", "money", 13, lambda line: line.expected_recovery),
    ListColumn("expected_value", "Expected value", "money", 13, lambda line: line.expected_value),
    ListColumn("deadline", "Deadline", "date", 13, lambda line: line.deadline),
    ListColumn("deadline_source", "Deadline source", "long_text", 30, lambda line: line.deadline_source),
    *_reason_columns(),
)

DENIAL_COLUMNS: tuple[ListColumn[DenialLine], ...] = (
    ListColumn("rank", "Rank", "count", 7, lambda line: line.rank),
    ListColumn("denial_id", "Denial", "text", 16, lambda line: line.denial_id),
    ListColumn("account_id", "Account", "text", 16, lambda line: line.account_id),
    ListColumn("payer", "Payer", "text", 24, lambda line: line.payer),
    ListColumn("payer_class", "Payer class", "code", 18, lambda line: line.payer_class),
    ListColumn("group_code", "Group", "text", 8, lambda line: line.group_code),
    ListColumn("carc", "CARC", "text", 8, lambda line: line.carc),
    ListColumn("rarc", "RARC", "text", 9, lambda line: line.rarc),
    ListColumn("queue", "Queue", "code", 18, lambda line: line.queue),
    ListColumn("action", "Next action", "text", 38, lambda line: line.action),
    ListColumn("action_why", "Reason for action", "long_text", 60, lambda line: line.action_why),
    ListColumn("denied_amount", "Denied amount", "money", 13, lambda line: line.denied_amount),
    ListColumn("age_days", "Age (days)", "count", 11, lambda line: line.age_days),
    ListColumn("probability", "Chance of overturn", "probability", 11, lambda line: line.probability),
    ListColumn("expected_recovery", "Expected recovery", "money", 13, lambda line: line.expected_recovery),
    ListColumn("expected_value", "Expected value", "money", 13, lambda line: line.expected_value),
    ListColumn("due_on", "Due on", "date", 13, lambda line: line.due_on),
    ListColumn("days_left", "Days left", "count", 10, lambda line: line.days_left),
    ListColumn("due_on_source", "Due date source", "long_text", 30, lambda line: line.due_on_source),
    ListColumn("work_on", "Work on", "date", 13, lambda line: line.work_on),
    *_reason_columns(),
)

_HouseholdAccount = tuple[PatientLine, AccountLine]

ACCOUNT_COLUMNS: tuple[ListColumn[_HouseholdAccount], ...] = (
    ListColumn("rank", "Rank", "count", 7, lambda pair: pair[0].rank),
    ListColumn("guarantor_id", "Guarantor", "text", 16, lambda pair: pair[0].guarantor_id),
    ListColumn("account_id", "Account", "text", 16, lambda pair: pair[1].account_id),
    ListColumn("payer", "Payer", "text", 24, lambda pair: pair[1].payer),
    ListColumn("balance", "Balance", "money", 13, lambda pair: pair[1].balance),
    ListColumn("age_days", "Age (days)", "count", 11, lambda pair: pair[1].age_days),
    ListColumn("probability", "Chance of payment", "probability", 11, lambda pair: pair[1].probability),
    ListColumn("expected_share", "Expected share paid", "probability", 11, lambda pair: pair[1].expected_share),
    ListColumn("expected_recovery", "Expected recovery", "money", 13, lambda pair: pair[1].expected_recovery),
    ListColumn("expected_value", "Expected value", "money", 13, lambda pair: pair[1].expected_value),
    ListColumn("reasons", "Reasons", "long_text", 90, lambda pair: _join_reasons(pair[1].reasons)),
)


def _grid(columns: Sequence[ListColumn[Line_contra]], lines: Sequence[Line_contra]) -> Grid:
    heads = tuple((column.name, column.title, column.format, column.width) for column in columns)
    return Grid(heads, tuple(tuple(column.value(line) for column in columns) for line in lines))


def list_grid(lines: Sequence[Line], name: str) -> Grid:
    """Return the flat table of a list's lines; `name` is the worklist's name."""
    if name == "denials":
        return _grid(DENIAL_COLUMNS, [line for line in lines if isinstance(line, DenialLine)])
    return _grid(PATIENT_COLUMNS, [line for line in lines if isinstance(line, PatientLine)])


def account_grid(worklist: Worklist[Line]) -> Grid:
    """Return the accounts below the guarantors, in the list's order; empty for the denial list."""
    households = (line for line in worklist.lines if isinstance(line, PatientLine))
    return _grid(ACCOUNT_COLUMNS, [(line, account) for line in households for account in line.accounts])

"""The canonical AR extract: its tables, columns, keys, and allowed values.

Money is US dollars with two decimals and the ledger's sign (+ raises what is owed, - lowers it). Dates are ISO dates.
IDs are text, kept exactly. Unknown is null. `known_on` is the column with the day on which the AR system knew the row.
A snapshot as of day D sees only rows known before D.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

ColumnKind = Literal["id", "text", "level", "money", "date", "integer", "boolean", "number"]

SQL_TYPES: dict[str, str] = {
    "id": "VARCHAR",
    "text": "VARCHAR",
    "level": "VARCHAR",
    "money": "DECIMAL(18,2)",
    "date": "DATE",
    "integer": "INTEGER",
    "boolean": "BOOLEAN",
    "number": "DOUBLE",
}
"""Column kind -> DuckDB type."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the contract. `levels` are the allowed values of a `level` column."""

    name: str
    kind: ColumnKind
    required: bool = False
    levels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Table:
    """A table of the contract: its key, and the column with the day on which a row was known (None: not dated)."""

    name: str
    key: tuple[str, ...]
    known_on: str | None
    columns: tuple[Column, ...]

    def column(self, name: str) -> Column | None:
        """Return the column with that name, or None."""
        return next((column for column in self.columns if column.name == name), None)

    @property
    def names(self) -> tuple[str, ...]:
        """Column names, in the contract's order."""
        return tuple(column.name for column in self.columns)


def _id(name: str, *, required: bool = False) -> Column:
    return Column(name, "id", required)


def _date(name: str, *, required: bool = False) -> Column:
    return Column(name, "date", required)


def _money(name: str, *, required: bool = False) -> Column:
    return Column(name, "money", required)


def _text(name: str) -> Column:
    return Column(name, "text")


def _level(name: str, levels: str, *, required: bool = False) -> Column:
    return Column(name, "level", required, tuple(levels.split()))


PAYER_CLASSES = (
    "medicare medicare_advantage medicaid managed_medicaid commercial workers_comp auto military self_pay other"
)
TRANSACTION_KINDS = (
    "charge insurance_payment patient_payment contractual_adjustment charity_adjustment small_balance_write_off "
    "bad_debt_write_off other_adjustment refund transfer interest"
)

KNOWN_FLAGS = (
    "bankruptcy",
    "deceased",
    "attorney",
    "litigation",
    "cease_contact",
    "minor",
    "qmb",
    "charity_pending",
    "charity_approved",
    "dispute",
    "agency_placed",
)
"""Flags that a rule uses. Other flags are loaded, and the run's report counts them."""

TABLES: tuple[Table, ...] = (
    Table(
        "accounts",
        ("account_id",),
        "opened_on",
        (
            _id("account_id", required=True),
            _id("guarantor_id", required=True),
            _date("opened_on", required=True),
            _date("service_on"),
            _level("patient_class", "inpatient outpatient emergency clinic other"),
            _text("service_line"),
            _text("facility"),
        ),
    ),
    Table(
        "coverages",
        ("account_id", "payer_id", "priority", "known_on"),
        "known_on",
        (
            _id("account_id", required=True),
            _id("payer_id", required=True),
            Column("priority", "integer", True),
            _date("known_on", required=True),
            _date("ended_on"),
        ),
    ),
    Table(
        "payers",
        ("payer_id",),
        None,
        (
            _id("payer_id", required=True),
            _text("payer_name"),
            _level("payer_class", PAYER_CLASSES, required=True),
            Column("appeal_days", "integer"),
            Column("filing_days", "integer"),
        ),
    ),
    Table(
        "guarantors",
        ("guarantor_id",),
        None,
        (
            _id("guarantor_id", required=True),
            Column("birth_year", "integer"),
            _text("state"),
            _text("zip3"),
            _text("language"),
            Column("text_consent", "boolean"),
        ),
    ),
    Table(
        "transactions",
        ("transaction_id",),
        "posted_on",
        (
            _id("transaction_id", required=True),
            _id("account_id", required=True),
            _date("posted_on", required=True),
            _date("effective_on"),
            _level("kind", TRANSACTION_KINDS, required=True),
            _money("amount", required=True),
            _level("responsibility", "patient insurance", required=True),
            _id("payer_id"),
            _id("reverses_id"),
        ),
    ),
    Table(
        "denials",
        ("denial_id",),
        "denied_on",
        (
            _id("denial_id", required=True),
            _id("account_id"),
            _id("claim_id"),
            _id("payer_id"),
            _date("denied_on", required=True),
            _money("denied_amount"),
            _text("group_code"),
            _text("carc"),
            _text("rarc"),
            _text("service_line"),
            _date("appeal_due_on"),
        ),
    ),
    Table(
        "appeals",
        ("appeal_id",),
        "filed_on",
        (
            _id("appeal_id", required=True),
            _id("denial_id", required=True),
            Column("level", "integer"),
            _date("filed_on", required=True),
            _date("decided_on"),
            _level("outcome", "overturned partially_overturned upheld withdrawn"),
            _money("recovered_amount"),
        ),
    ),
    Table(
        "contacts",
        ("contact_id",),
        "contacted_on",
        (
            _id("contact_id", required=True),
            _id("guarantor_id", required=True),
            _id("account_id"),
            _date("contacted_on", required=True),
            _level("channel", "call text email letter statement portal visit"),
            _level("direction", "in out"),
            _level(
                "outcome",
                "right_party no_answer left_message wrong_number returned promise refused dispute viewed",
            ),
        ),
    ),
    Table(
        "promises",
        ("promise_id",),
        "made_on",
        (
            _id("promise_id", required=True),
            _id("account_id", required=True),
            _date("made_on", required=True),
            _date("due_on", required=True),
            _money("amount", required=True),
        ),
    ),
    Table(
        "payment_plans",
        ("plan_id",),
        "started_on",
        (
            _id("plan_id", required=True),
            _id("account_id", required=True),
            _date("started_on", required=True),
            _money("installment"),
            Column("frequency_days", "integer"),
            _date("ended_on"),
            _text("end_reason"),
        ),
    ),
    Table(
        "flags",
        ("subject_type", "subject_id", "flag", "known_on"),
        "known_on",
        (
            _level("subject_type", "account guarantor", required=True),
            _id("subject_id", required=True),
            Column("flag", "text", True),
            _date("known_on", required=True),
            _date("ended_on"),
        ),
    ),
)

STATED_BALANCES = Table(
    "stated_balances",
    ("account_id", "responsibility"),
    None,
    (
        _id("account_id", required=True),
        _level("responsibility", "patient insurance"),
        _money("balance", required=True),
    ),
)
"""Account balances as the source states them, to reconcile the ledger with. Features do not use them. A null
`responsibility` means the whole account. An extract may include this table, and an import writes it."""

MERGES = Table(
    "merges",
    ("subject_type", "subject_id"),
    None,
    (
        _level("subject_type", "account guarantor", required=True),
        _id("subject_id", required=True),
        _id("into_id", required=True),
    ),
)
"""Accounts or guarantors that were merged into others. An import applies the merges and does not write this table."""

LATER_KNOWN: dict[str, str] = {
    "appeals": "decided_on",
    "coverages": "ended_on",
    "payment_plans": "ended_on",
    "flags": "ended_on",
}
"""Table -> the date column that is filled in after the row is known. Before that date, the row's later columns are
unknown."""


def table(name: str) -> Table:
    """Return the table with that name. Raises KeyError if the contract has none."""
    return _BY_NAME[name]


_BY_NAME = {t.name: t for t in TABLES}
TABLE_NAMES: tuple[str, ...] = tuple(_BY_NAME)


def any_table(name: str) -> Table:
    """Return the table with that name, including `stated_balances` and `merges`. Raises KeyError if there is none."""
    additional = {other.name: other for other in (STATED_BALANCES, MERGES)}
    return additional.get(name) or table(name)

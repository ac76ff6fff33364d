"""Small messy extracts built in memory: rows are dictionaries, loaded with the contract's types."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date, timedelta
from decimal import Decimal
from random import Random
from typing import Any

import duckdb
import pyarrow as pa

from payrank.extracts.contract.metadata import Metadata
from payrank.extracts.contract.tables import LATER_KNOWN, SQL_TYPES, TABLES, TRANSACTION_KINDS, table
from payrank.extracts.extract import Extract, TableState

Row = dict[str, Any]
Rows = dict[str, list[Row]]

DAY = date(2026, 3, 1)
"""The day around which the events of the small extracts fall."""

SITE = {
    "accounts": {"clinic": "category", "channel_code": "category", "visits": "number", "referred": "boolean"},
    "denials": {"diagnosis": "category", "treatment": "category", "beds": "number", "urgent": "boolean"},
}
KINDS = {"category": "text", "number": "number", "boolean": "boolean"}

_ARROW = {
    "money": pa.decimal128(18, 2),
    "date": pa.date32(),
    "integer": pa.int32(),
    "boolean": pa.bool_(),
    "number": pa.float64(),
}


def list_columns(name: str, attributes: Mapping[str, Mapping[str, str]] = SITE) -> dict[str, str]:
    """Return the columns of a table, including site attributes, with their kinds."""
    columns = {column.name: column.kind for column in table(name).columns}
    return columns | {column: KINDS[kind] for column, kind in attributes.get(name, {}).items()}


def make_extract(
    rows: Rows, *, absent: Collection[str] = (), attributes: Mapping[str, Mapping[str, str]] = SITE
) -> Extract:
    """Return a loaded extract of these rows; `absent` names missing tables and `table.column`s."""
    connection = duckdb.connect(config={"threads": 1})
    states = {}
    for name in (t.name for t in TABLES):
        columns = list_columns(name, attributes)
        fields = ", ".join(f'"{column}" {SQL_TYPES[kind]}' for column, kind in columns.items())
        connection.execute(f"CREATE TABLE {name} ({fields})")
        missing = tuple(column for column in columns if f"{name}.{column}" in absent)
        source_rows = [] if name in absent else rows.get(name, [])
        loaded = [{c: None if c in missing else row.get(c) for c in columns} for row in source_rows]
        if loaded:
            schema = pa.schema([(column, _ARROW.get(kind, pa.string())) for column, kind in columns.items()])
            connection.register("incoming", pa.Table.from_pylist(loaded, schema))
            connection.execute(f"INSERT INTO {name} SELECT * FROM incoming")
            connection.unregister("incoming")
        states[name] = TableState(
            name, name not in absent, missing, (), attributes.get(name, {}), len(loaded), len(loaded), 0, 0
        )
    return Extract(connection, "small", Metadata(attributes=dict(attributes)), states, {}, ())


def read_rows(extract: Extract) -> Rows:
    """Return every row of an extract as dictionaries."""
    attributes = extract.metadata.attributes
    return {
        t.name: extract.connection.sql(f"SELECT {', '.join(list_columns(t.name, attributes))} FROM {t.name}")
        .to_arrow_table()
        .to_pylist()
        for t in TABLES
    }


GUARANTORS = ("G1", "G2", "G3")
ACCOUNTS = tuple(f"A{number}" for number in range(12))
BUSY = ACCOUNTS[:8] * 6 + ACCOUNTS[8:]
"""Most transactions belong to some accounts, so others are new or nearly empty."""
PAYERS = ("P1", "P2", "P3", "P-unlisted")
CLAIMS = ("C1", "C2", "C3", None)
EDGES = (0, 1, 2, 7, 19, 20, 21, 29, 30, 31, 59, 60, 61, 89, 90, 91, 120, 364, 365, 366, 730, 731)


def draw_day(random: Random, day: date = DAY) -> date:
    """Draw a day before `day`, rarely on or after it, and often at the edge of a time window."""
    chance = random.random()
    if chance < 0.12:
        return day + timedelta(days=random.choice((0, 0, 1, 5, 19, 20, 30)))
    back = random.choice(EDGES) if chance < 0.45 else random.randrange(1, 150)
    return day - timedelta(days=back)


def money(random: Random, most: int = 400) -> Decimal:
    """Draw dollars and cents, sometimes a round amount."""
    cents = random.choice((1000, 10000, 25000)) if random.random() < 0.3 else random.randrange(1, most * 100)
    return Decimal(cents) / 100


def draw_row(random: Random, name: str, key: str, day: date = DAY) -> Row:
    """Draw a row of a table, with `key` as its ID if it has one."""
    return _DRAW[name](random, key, day)


def maybe(random: Random, value: Any, chance: float = 0.8) -> Any:
    """Return the value, or sometimes None."""
    return value if random.random() < chance else None


def _account(random: Random, key: str, day: date) -> Row:
    opened = draw_day(random, day)
    return {
        "account_id": key,
        "guarantor_id": random.choice(GUARANTORS),
        "opened_on": opened,
        "service_on": maybe(random, opened - timedelta(days=random.randrange(9))),
        "patient_class": maybe(random, random.choice(("inpatient", "emergency"))),
        "service_line": maybe(random, random.choice(("cardiology", "imaging"))),
        "facility": maybe(random, "main"),
        "clinic": maybe(random, random.choice(("north", "south"))),
        "channel_code": maybe(random, random.choice(("x", "y"))),
        "visits": maybe(random, random.random()),
        "referred": maybe(random, random.random() < 0.5),
    }


def _coverage(random: Random, key: str, day: date) -> Row:
    return {
        "account_id": random.choice(ACCOUNTS),
        "payer_id": random.choice(PAYERS),
        "priority": random.choice((1, 1, 2, 3)),
        "known_on": draw_day(random, day),
        "ended_on": maybe(random, draw_day(random, day), 0.4),
    }


def _transaction(random: Random, key: str, day: date) -> Row:
    kind = random.choice(
        (*TRANSACTION_KINDS.split(), "charge", "transfer", "patient_payment", "patient_payment", "charge")
    )
    if kind == "bad_debt_write_off" and random.random() < 0.85:
        kind = "transfer"
    lowers = kind not in ("charge", "transfer", "refund", "interest")
    amount = money(random) * (-1 if lowers != (random.random() < 0.12) else 1)
    payers_side = {"insurance_payment": "insurance", "patient_payment": "patient"}
    return {
        "transaction_id": key,
        "account_id": random.choice(BUSY),
        "posted_on": draw_day(random, day),
        "kind": kind,
        "amount": amount,
        "responsibility": payers_side.get(kind) or random.choice(("patient", "patient", "insurance")),
        "payer_id": maybe(random, random.choice(PAYERS), 0.5),
    }


def _denial(random: Random, key: str, day: date) -> Row:
    denied = draw_day(random, day)
    return {
        "denial_id": key,
        "account_id": maybe(random, random.choice(ACCOUNTS)),
        "claim_id": random.choice(CLAIMS),
        "payer_id": maybe(random, random.choice(PAYERS)),
        "denied_on": denied,
        "denied_amount": maybe(random, money(random)),
        "group_code": maybe(random, random.choice(("CO", "PR"))),
        "carc": maybe(random, random.choice(("16", "50", "197"))),
        "rarc": maybe(random, random.choice(("N1", "M2")), 0.5),
        "service_line": maybe(random, random.choice(("cardiology", "imaging"))),
        "appeal_due_on": maybe(random, denied + timedelta(days=90), 0.3),
        "diagnosis": maybe(random, random.choice(("heart", "back"))),
        "treatment": maybe(random, random.choice(("drug", "surgery"))),
        "beds": maybe(random, random.random()),
        "urgent": maybe(random, random.random() < 0.5),
    }


def _appeal(random: Random, key: str, day: date) -> Row:
    decided = maybe(random, draw_day(random, day), 0.75)
    outcome = random.choice(("overturned", "partially_overturned", "upheld", "upheld", "withdrawn", None))
    return {
        "appeal_id": key,
        "denial_id": f"D{random.randrange(14)}",
        "level": maybe(random, random.choice((1, 2, 3))),
        "filed_on": draw_day(random, day),
        "decided_on": decided,
        "outcome": outcome,
        "recovered_amount": maybe(random, money(random), 0.7),
    }


def _contact(random: Random, key: str, day: date) -> Row:
    outcomes = "right_party no_answer left_message wrong_number returned promise refused dispute viewed".split()
    return {
        "contact_id": key,
        "guarantor_id": random.choice(GUARANTORS),
        "account_id": maybe(random, random.choice(ACCOUNTS), 0.5),
        "contacted_on": draw_day(random, day),
        "channel": maybe(random, random.choice("call call letter statement portal text email".split()), 0.9),
        "direction": maybe(random, random.choice(("in", "out", "out")), 0.9),
        "outcome": maybe(random, random.choice(outcomes), 0.7),
    }


def _promise(random: Random, key: str, day: date) -> Row:
    made_on = draw_day(random, day)
    return {
        "promise_id": key,
        "account_id": random.choice(ACCOUNTS),
        "made_on": made_on,
        "due_on": made_on + timedelta(days=random.choice((0, 10, 30))),
        "amount": money(random, 60),
    }


def _plan(random: Random, key: str, day: date) -> Row:
    return {
        "plan_id": key,
        "account_id": random.choice(ACCOUNTS),
        "started_on": draw_day(random, day),
        "installment": maybe(random, money(random)),
        "frequency_days": 30,
        "ended_on": maybe(random, draw_day(random, day), 0.5),
        "end_reason": maybe(random, random.choice(("completed", "paid in full", "broken"))),
    }


OTHER_WORDS = ("Deceased", "attorney ", "charity_pending", "CHARITY APPROVED", "charity-pending", "qmb")
AGENCY_WORDS = ("agency_placed", "\tAgency Placed ", "AGENCY-PLACED")


def _flag(random: Random, key: str, day: date) -> Row:
    kind = random.choice(("account", "account", "account", "guarantor"))
    return {
        "subject_type": kind,
        "subject_id": random.choice(ACCOUNTS if kind == "account" else GUARANTORS[:1]),
        "flag": random.choice((random.choice(AGENCY_WORDS), *OTHER_WORDS)),
        "known_on": draw_day(random, day),
        "ended_on": maybe(random, draw_day(random, day), 0.5),
    }


_DRAW = {
    "accounts": _account,
    "coverages": _coverage,
    "transactions": _transaction,
    "denials": _denial,
    "appeals": _appeal,
    "contacts": _contact,
    "promises": _promise,
    "payment_plans": _plan,
    "flags": _flag,
}
_HOW_MANY = {
    "coverages": 9,
    "transactions": 170,
    "denials": 14,
    "appeals": 18,
    "contacts": 25,
    "promises": 8,
    "payment_plans": 7,
    "flags": 14,
}
_PREFIX = {"denials": "D"}


def draw_rows(seed: int, day: date = DAY) -> Rows:
    """Draw a small messy extract around a day: dangling IDs, nulls, reversals, edges of windows, and later rows."""
    random = Random(seed)  # noqa: S311 - test data, not security
    rows: Rows = {
        "payers": [
            {
                "payer_id": payer,
                "payer_class": random.choice(("commercial", "medicaid", "managed_medicaid", "medicare")),
                "appeal_days": random.choice((None, 30, 45)),
            }
            for payer in PAYERS[:3]
        ],
        "guarantors": [{"guarantor_id": guarantor, "birth_year": 1980, "state": "OH"} for guarantor in GUARANTORS[:2]],
        "accounts": [draw_row(random, "accounts", account, day) for account in ACCOUNTS],
    }
    for name, count in _HOW_MANY.items():
        prefix = _PREFIX.get(name, name[:2].upper())
        rows[name] = unique(name, [draw_row(random, name, f"{prefix}{at}", day) for at in range(count)])
    ended = [draw_row(random, "coverages", "", day) | {"ended_on": draw_day(random, day)} for _ in range(12)]
    rows["coverages"] = unique("coverages", rows["coverages"] + ended)
    return rows


def unique(name: str, rows: list[Row]) -> list[Row]:
    """Keep the first row of each key, because a loaded extract has unique keys."""
    key = table(name).key
    return list({tuple(row[column] for column in key): row for row in reversed(rows)}.values())[::-1]


def change_the_future(rows: Rows, day: date, seed: int) -> Rows:
    """Add, change, and delete rows known on or after a day in every table, and later values of earlier rows."""
    random = Random(seed)  # noqa: S311 - test data, not security
    changed = dict(rows)
    for name, known_on in ((t.name, t.known_on) for t in TABLES if t.known_on):
        past = [dict(row) for row in rows.get(name, []) if row[known_on] < day]
        future = [dict(row) for row in rows.get(name, []) if row[known_on] >= day]
        if name in LATER_KNOWN:
            for row in past:
                _change_what_came_later(random, name, row, day)
        retained = [row for row in future if random.random() < 0.5]
        for row in retained:
            row.update(redrawn(random, name, row, day))
        taken = random.sample(past, min(len(past), 12))
        added = [_as_new(random, name, row, f"new-{at}", day) for at, row in enumerate(taken)]
        changed[name] = unique(name, past + retained + added)
    return changed


def _later(random: Random, day: date) -> date:
    return day + timedelta(days=random.choice((0, 0, 1, 3, 20, 40)))


def _change_what_came_later(random: Random, name: str, row: Row, day: date) -> None:
    column = LATER_KNOWN[name]
    if row[column] is not None and row[column] < day:
        return
    row[column] = maybe(random, _later(random, day))
    if name == "appeals":
        row["outcome"] = random.choice(("overturned", "upheld", "withdrawn", None))
        row["recovered_amount"] = maybe(random, money(random))
    if name == "payment_plans":
        row["end_reason"] = random.choice(("broken", None))


def redrawn(random: Random, name: str, row: Row, day: date) -> Row:
    """Return a row with new values, the same key and IDs, and a known date on the day or later."""
    fresh = draw_row(random, name, "x", day)
    keep = {*table(name).key, *(column for column in row if column.endswith("_id"))}
    fresh = {column: value for column, value in fresh.items() if column in row and column not in keep}
    known_on = table(name).known_on or ""
    if known_on not in table(name).key:
        fresh[known_on] = _later(random, day)
    return row | fresh


def _as_new(random: Random, name: str, row: Row, key: str, day: date) -> Row:
    """Return a row like a known one, with a new key, known on or after the day."""
    known_on = table(name).known_on or ""
    new = dict(row) | {known_on: _later(random, day)}
    own_key = table(name).key
    if len(own_key) == 1:
        new[own_key[0]] = key
    if "amount" in new:
        new["amount"] = new["amount"] * random.choice((1, -1, 7))
    return new

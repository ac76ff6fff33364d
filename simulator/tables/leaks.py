"""Data faults that real extracts have, planted on request so that the leakage checks can find them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np

from payrank.extracts.contract.tables import Column
from payrank.extracts.errors import WrongUsageError, did_you_mean
from payrank.features.arrays import Floats
from payrank.simulator.claims.appeals import PARTIAL, WITHDRAWN
from payrank.simulator.event_log import MISSING
from payrank.simulator.hospital import Hospital
from payrank.simulator.ledger import KINDS, PATIENT
from payrank.simulator.randomness import Integers, between, happens, stream
from payrank.simulator.tables.write_parquet import ColumnBuilder, write_integers, write_names, write_numbers

LEAKS: dict[str, str] = {
    "status_refreshed": "accounts.account_status, a site attribute with the account's current status",
    "payment_dated_back": "half of the patient payments are split into two rows, the first backdated by some weeks",
    "rate_with_own_row": "denials.overturn_rate, a site attribute: the rate of similar denials, including itself",
    "guarantor_paid_later": "accounts.guarantor_payments, a site attribute: payments up to the as-of date",
}
"""Leaks that can be planted. Each value is stored as if it had been known at the time of its row, but it was not."""

STATUSES = ("with insurance", "open", "paid", "written off", "closed")
SPLIT = 0.5
"""Share of patient payments that `payment_dated_back` splits into two rows."""


@dataclass(frozen=True, slots=True)
class LeakAttribute:
    """A site attribute: its column, its type in `extract.toml`, and its values."""

    column: Column
    kind: str
    build: ColumnBuilder


def check_leaks(leaks: Collection[str]) -> frozenset[str]:
    """Return the leaks to plant.

    Raises
    ------
    WrongUsageError
        If a name is not in LEAKS.
    """
    if isinstance(leaks, str):
        raise WrongUsageError(f"cannot plant {leaks!r}: pass a list of names, such as ({leaks!r},)")
    for name in leaks:
        if name not in LEAKS:
            raise WrongUsageError(
                f"unknown leak {name!r}: {did_you_mean(name, LEAKS)}; the known leaks are {', '.join(LEAKS)}"
            )
    return frozenset(leaks)


def account_attributes(hospital: Hospital, leaks: frozenset[str]) -> tuple[LeakAttribute, ...]:
    """Return the leaking site attributes of accounts."""
    planted = []
    if "status_refreshed" in leaks:
        build = write_names(_status(hospital), STATUSES)
        planted.append(LeakAttribute(Column("account_status", "text"), "category", build))
    if "guarantor_paid_later" in leaks:
        build = write_integers(_guarantor_payments(hospital))
        planted.append(LeakAttribute(Column("guarantor_payments", "integer"), "number", build))
    return tuple(planted)


def denial_attributes(hospital: Hospital, leaks: frozenset[str], size: int) -> tuple[LeakAttribute, ...]:
    """Return the leaking site attributes of the first `size` denials."""
    if "rate_with_own_row" not in leaks:
        return ()
    build = write_numbers(_overturn_rate(hospital)[:size])
    return (LeakAttribute(Column("overturn_rate", "number"), "number", build),)


def declare_attributes(
    accounts: tuple[LeakAttribute, ...], denials: tuple[LeakAttribute, ...]
) -> dict[str, dict[str, str]]:
    """Return the attributes in the form that `extract.toml` declares them."""
    tables: Mapping[str, tuple[LeakAttribute, ...]] = {"accounts": accounts, "denials": denials}
    return {name: {a.column.name: a.kind for a in planted} for name, planted in tables.items() if planted}


def date_payments_back(columns: dict[str, Integers], seed: int) -> dict[str, Integers]:
    """Split half of the patient payments and backdate the first row. The column `entered` keeps the true posting day.

    Rows stay in the order of entry, so the transaction numbers reveal the fault.
    """
    rng = stream(seed, "dated back")
    size = len(columns["kind"])
    reversed_rows = columns["reverses"][columns["reverses"] != MISSING]
    chosen = (columns["kind"] == KINDS.index("patient_payment")) & (columns["cents"] < -400)
    chosen &= (columns["reverses"] == MISSING) & happens(rng, SPLIT, size)
    chosen[reversed_rows] = False
    rows = np.flatnonzero(chosen)
    first = {name: column[rows].copy() for name, column in columns.items()}
    first["cents"] = -np.maximum(100, (-first["cents"] * rng.uniform(0.05, 0.25, len(rows))).astype(np.int64))
    back = between(rng, 5, 40, len(rows))
    rest = {**columns, "cents": columns["cents"].copy(), "entered": columns["posted"]}
    rest["cents"][rows] -= first["cents"]
    first["entered"] = first["posted"]
    first["posted"] = (first["posted"] - back).astype(first["posted"].dtype)
    first["effective"] = first["posted"]
    return {name: np.concatenate([rest[name], first[name]]) for name in rest}


def _status(hospital: Hospital) -> Integers:
    """Return the index of each account's status on the as-of date."""
    ledger, size = hospital.ledger, hospital.visits.size
    known = ledger["posted"] < hospital.as_of
    account, cents = ledger["account"][known], ledger["cents"][known]
    mine = ledger["responsibility"][known] == PATIENT
    owed = np.bincount(account[mine], cents[mine], size)
    insured = np.bincount(account[~mine], cents[~mine], size)
    kind = ledger["kind"][known]
    paid = np.bincount(account[kind == KINDS.index("patient_payment")], minlength=size) > 0
    off = np.bincount(account[kind == KINDS.index("bad_debt_write_off")], minlength=size) > 0
    return np.select([insured > 0, off, owed > 0, paid], [0, 3, 1, 2], 4).astype(np.int64)


def _guarantor_payments(hospital: Hospital) -> Integers:
    """Return how many payments each account's guarantor made on all accounts before the as-of date."""
    ledger = hospital.ledger
    payment = (ledger["kind"] == KINDS.index("patient_payment")) & (ledger["cents"] < 0)
    payment &= ledger["posted"] < hospital.as_of
    payer = hospital.visits.guarantor[ledger["account"][payment]]
    return np.bincount(payer, minlength=hospital.people.size)[hospital.visits.guarantor].astype(np.int64)


def _overturn_rate(hospital: Hospital) -> Floats:
    """Return the overturn rate of decided first appeals with the same payer, code, service line, and facility."""
    denials, claims, visits = hospital.denials, hospital.claims, hospital.visits
    account = claims.account[denials.claim]
    keys = [claims.payer[denials.claim], denials.code, visits.service_line[account], visits.facility[account]]
    _, cell = np.unique(np.stack(keys), axis=1, return_inverse=True)
    rows = hospital.outcomes.rows.collect()
    first = (rows["level"] == 1) & (rows["outcome"] != WITHDRAWN) & (rows["decided"] < hospital.as_of)
    decided, won = rows["denial"][first], rows["outcome"][first] <= PARTIAL
    count = np.bincount(cell[decided], minlength=cell.max(initial=0) + 1)
    wins = np.bincount(cell[decided], won, len(count))
    return np.where(count > 0, wins / np.maximum(count, 1), np.nan)[cell]

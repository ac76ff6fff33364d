"""The mess of real ledgers: rows voided and posted again, cash found elsewhere, money posted weeks late."""

from __future__ import annotations

import numpy as np

from payrank.simulator.event_log import MISSING
from payrank.simulator.ledger import KINDS
from payrank.simulator.population.visits import Visits
from payrank.simulator.randomness import Booleans, Integers, between, happens, stream

VOIDED = {"charge": 0.006, "insurance_payment": 0.008, "contractual_adjustment": 0.004, "patient_payment": 0.003}
"""Share of rows of a kind that are reversed some days later and posted again on the same day."""
MISAPPLIED = 0.012
"""Share of patients' payments that are first applied to an older account of the guarantor, and moved later."""
POSTED_LATE = {"patient_payment": 0.02, "insurance_payment": 0.015}
"""Share of payments whose money came weeks before they were posted."""

PAYMENT = KINDS.index("patient_payment")


def misapply_payments(columns: dict[str, Integers], visits: Visits, seed: int) -> dict[str, Integers]:
    """Let some payments stand on another account of the same guarantor before they reach the right one.

    The money is posted to the older account, taken back there on the day on which it is moved, and posted where it
    belongs with the day of its arrival as the effective day.
    """
    rng = stream(seed, "unapplied cash")
    size = len(columns["kind"])
    older = _older_account(visits)[columns["account"]]
    came = columns["posted"] - between(rng, 3, 20, size)
    chosen = find_unreversed(columns) & (columns["kind"] == PAYMENT) & (columns["cents"] < 0) & (older != MISSING)
    chosen &= came >= visits.opened[np.maximum(older, 0)]
    rows = np.flatnonzero(chosen & happens(rng, MISAPPLIED, size))
    first = {name: column[rows].copy() for name, column in columns.items()}
    first["account"] = older[rows].astype(first["account"].dtype)
    first["posted"] = came[rows].astype(first["posted"].dtype)
    first["effective"] = first["posted"]
    taken = {name: column.copy() for name, column in first.items()}
    taken["posted"] = columns["posted"][rows]
    taken["cents"] = -first["cents"]
    taken["reverses"] = size + np.arange(len(rows))
    own = {**columns, "effective": columns["effective"].copy()}
    own["effective"][rows] = first["posted"]
    return append_rows(own, first, taken)


def void_and_repost(columns: dict[str, Integers], seed: int) -> dict[str, Integers]:
    """Append a reversal and a new row for a few rows of each kind; every balance ends where it was."""
    rng = stream(seed, "mess")
    plain, parts = find_unreversed(columns), [columns]
    for kind, share in VOIDED.items():
        rows = np.flatnonzero((columns["kind"] == KINDS.index(kind)) & plain & happens(rng, share, len(plain)))
        voided = {name: column[rows].copy() for name, column in columns.items()}
        voided["posted"] = voided["posted"] + between(rng, 1, 12, len(rows)).astype(voided["posted"].dtype)
        again = dict(voided)
        voided["cents"] = -voided["cents"]
        voided["reverses"] = rows
        parts += [voided, again]
    return append_rows(*parts)


def delay_postings(columns: dict[str, Integers], seed: int) -> dict[str, Integers]:
    """Let the money of some payments have come one to six weeks before it is posted: the effective day says so."""
    rng = stream(seed, "late postings")
    effective = columns["effective"].copy()
    for kind, share in POSTED_LATE.items():
        rows = np.flatnonzero((columns["kind"] == KINDS.index(kind)) & happens(rng, share, len(effective)))
        came = columns["posted"][rows] - between(rng, 7, 42, len(rows))
        effective[rows] = came.astype(effective.dtype)
    return {**columns, "effective": effective}


def blank_values(rng: np.random.Generator, values: Integers, share: float) -> Integers:
    """Return the values with that share of them MISSING."""
    return np.where(happens(rng, share, len(values)), MISSING, values)


def replace_codes(rng: np.random.Generator, codes: Integers, unknown: int, share: float) -> Integers:
    """Return the codes with that share of the known ones replaced by `unknown`, a code that no list explains."""
    return np.where((codes != MISSING) & happens(rng, share, len(codes)), unknown, codes)


def find_unreversed(columns: dict[str, Integers]) -> Booleans:
    """Return which rows neither reverse another nor are reversed."""
    plain: Booleans = columns["reverses"] == MISSING
    plain[columns["reverses"][~plain]] = False
    return plain


def _older_account(visits: Visits) -> Integers:
    """Return the account that each account's guarantor had before it, MISSING for the first."""
    order = np.lexsort((np.arange(visits.size), visits.opened, visits.guarantor))
    older = np.full(visits.size, MISSING, dtype=np.int64)
    same = visits.guarantor[order[1:]] == visits.guarantor[order[:-1]]
    older[order[1:][same]] = order[:-1][same]
    return older


def append_rows(*parts: dict[str, Integers]) -> dict[str, Integers]:
    """Return the rows of all parts, those of the first in front: their row numbers stay."""
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}

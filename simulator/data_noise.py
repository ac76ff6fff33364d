"""Noise found in real ledgers: voids and reposts, misapplied cash, late postings, blanks, and unknown codes."""

from __future__ import annotations

import numpy as np

from payrank.simulator.event_log import MISSING
from payrank.simulator.ledger import KINDS
from payrank.simulator.population.visits import Visits
from payrank.simulator.randomness import Booleans, Integers, between, happens, stream

VOIDED = {"charge": 0.006, "insurance_payment": 0.008, "contractual_adjustment": 0.004, "patient_payment": 0.003}
"""Share of rows, by transaction kind, that are reversed some days later and reposted on that day."""
MISAPPLIED = 0.012
"""Share of patient payments that first post to an older account of the same guarantor and move later."""
POSTED_LATE = {"patient_payment": 0.02, "insurance_payment": 0.015}
"""Share of payments received weeks before they post."""

PAYMENT = KINDS.index("patient_payment")


def misapply_payments(columns: dict[str, Integers], visits: Visits, seed: int) -> dict[str, Integers]:
    """Post some payments to another account of the same guarantor before moving them to the correct account.

    The payment posts to the older account, is reversed there on the day it moves, and posts to the correct account with
    the original receipt date as its effective date.
    """
    rng = stream(seed, "unapplied cash")
    size = len(columns["kind"])
    older = _older_account(visits)[columns["account"]]
    received = columns["posted"] - between(rng, 3, 20, size)
    chosen = find_unreversed(columns) & (columns["kind"] == PAYMENT) & (columns["cents"] < 0) & (older != MISSING)
    chosen &= received >= visits.opened[np.maximum(older, 0)]
    rows = np.flatnonzero(chosen & happens(rng, MISAPPLIED, size))
    first = {name: column[rows].copy() for name, column in columns.items()}
    first["account"] = older[rows].astype(first["account"].dtype)
    first["posted"] = received[rows].astype(first["posted"].dtype)
    first["effective"] = first["posted"]
    taken = {name: column.copy() for name, column in first.items()}
    taken["posted"] = columns["posted"][rows]
    taken["cents"] = -first["cents"]
    taken["reverses"] = size + np.arange(len(rows))
    moved = {**columns, "effective": columns["effective"].copy()}
    moved["effective"][rows] = first["posted"]
    return append_rows(moved, first, taken)


def void_and_repost(columns: dict[str, Integers], seed: int) -> dict[str, Integers]:
    """Append a reversal and a repost for a few rows of each kind. Balances do not change."""
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
    """Backdate the effective date of some payments to one to six weeks before posting."""
    rng = stream(seed, "late postings")
    effective = columns["effective"].copy()
    for kind, share in POSTED_LATE.items():
        rows = np.flatnonzero((columns["kind"] == KINDS.index(kind)) & happens(rng, share, len(effective)))
        received = columns["posted"][rows] - between(rng, 7, 42, len(rows))
        effective[rows] = received.astype(effective.dtype)
    return {**columns, "effective": effective}


def blank_values(rng: np.random.Generator, values: Integers, share: float) -> Integers:
    """Return the values with the given share replaced by MISSING."""
    return np.where(happens(rng, share, len(values)), MISSING, values)


def replace_codes(rng: np.random.Generator, codes: Integers, unknown: int, share: float) -> Integers:
    """Return the codes with the given share of known codes replaced by `unknown`, a code that is on no code list."""
    return np.where((codes != MISSING) & happens(rng, share, len(codes)), unknown, codes)


def find_unreversed(columns: dict[str, Integers]) -> Booleans:
    """Return a mask of the rows that neither reverse another row nor are reversed."""
    plain: Booleans = columns["reverses"] == MISSING
    plain[columns["reverses"][~plain]] = False
    return plain


def _older_account(visits: Visits) -> Integers:
    """Return the previous account of each account's guarantor, or MISSING if it is the guarantor's first."""
    order = np.lexsort((np.arange(visits.size), visits.opened, visits.guarantor))
    older = np.full(visits.size, MISSING, dtype=np.int64)
    same = visits.guarantor[order[1:]] == visits.guarantor[order[:-1]]
    older[order[1:][same]] = order[:-1][same]
    return older


def append_rows(*parts: dict[str, Integers]) -> dict[str, Integers]:
    """Concatenate the rows of all parts. Row numbers in the first part do not change."""
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}

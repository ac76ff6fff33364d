"""The mess of real ledgers: rows voided and posted again, and optional columns that nobody filled."""

from __future__ import annotations

import numpy as np

from extracts.simulator.ledger import KINDS
from extracts.simulator.randomness import Integers, between, happens, stream
from extracts.simulator.rows import MISSING

VOIDED = {"charge": 0.006, "insurance_payment": 0.008, "contractual_adjustment": 0.004}
"""Share of rows of a kind that are reversed some days later and posted again on the same day."""


def void_and_repost(columns: dict[str, Integers], seed: int) -> dict[str, Integers]:
    """Append a reversal and a new row for a few rows of each kind; every balance ends where it was."""
    rng = stream(seed, "mess")
    parts = [columns]
    for kind, share in VOIDED.items():
        rows = np.flatnonzero((columns["kind"] == KINDS.index(kind)) & happens(rng, share, len(columns["kind"])))
        voided = {name: column[rows].copy() for name, column in columns.items()}
        voided["posted"] = voided["posted"] + between(rng, 1, 12, len(rows)).astype(voided["posted"].dtype)
        again = dict(voided)
        voided["cents"] = -voided["cents"]
        voided["reverses"] = rows
        parts += [voided, again]
    return {name: np.concatenate([part[name] for part in parts]) for name in columns}


def forget(rng: np.random.Generator, values: Integers, share: float) -> Integers:
    """Return the values with that share of them MISSING."""
    return np.where(happens(rng, share, len(values)), MISSING, values)

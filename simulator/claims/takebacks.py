"""Takebacks: an insurer audits a payment months later, recoups it, and repays less or nothing."""

from __future__ import annotations

import numpy as np

from payrank.simulator.data_noise import append_rows, find_unreversed
from payrank.simulator.event_log import select_rows
from payrank.simulator.ledger import KINDS
from payrank.simulator.randomness import Integers, between, happens, stream

TAKEBACK_SHARE = 0.006
"""Share of insurance payments of $100 or more that are recouped."""
SMALLEST = 10_000
"""Minimum insurance payment, in cents, that can be recouped."""
TAKEBACK_DAYS = (60, 420)
"""Minimum and maximum days from the payment to the takeback. A void happens much sooner."""
NOT_REPAID_SHARE = 0.25
"""Share of takebacks after which nothing is repaid."""
REPAID_PART = (0.5, 0.95)
"""Minimum and maximum share that is repaid after the other takebacks."""


def post_takebacks(columns: dict[str, Integers], seed: int) -> dict[str, Integers]:
    """Append takebacks: reverse the payment, post any reduced payment on the same day, and adjust the rest off."""
    rng = stream(seed, "takebacks")
    payment = (columns["kind"] == KINDS.index("insurance_payment")) & (columns["cents"] <= -SMALLEST)
    rows = np.flatnonzero(payment & find_unreversed(columns) & happens(rng, TAKEBACK_SHARE, len(payment)))
    size = len(rows)
    taken = select_rows(columns, rows)
    taken["posted"] = taken["posted"] + between(rng, *TAKEBACK_DAYS, size).astype(taken["posted"].dtype)
    taken["effective"] = taken["posted"]
    part = np.where(happens(rng, NOT_REPAID_SHARE, size), 0.0, rng.uniform(*REPAID_PART, size))
    again = dict(taken)
    again["cents"] = -np.floor(-taken["cents"] * part).astype(np.int64)
    lost = dict(taken)
    lost["cents"] = taken["cents"] - again["cents"]
    # A reduced payment is a repricing (contractual). If nothing is repaid, the amount is written off.
    wholly, repriced = KINDS.index("other_adjustment"), KINDS.index("contractual_adjustment")
    lost["kind"] = np.where(again["cents"] == 0, wholly, repriced).astype(taken["kind"].dtype)
    taken["cents"] = -taken["cents"]
    taken["reverses"] = rows
    return append_rows(columns, taken, select_rows(again, again["cents"] != 0), lost)

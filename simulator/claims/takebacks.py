"""Takebacks: an insurer's audit takes a payment back months later and pays less for it, or nothing."""

from __future__ import annotations

import numpy as np

from payrank.simulator.data_noise import append_rows, find_unreversed
from payrank.simulator.event_log import select_rows
from payrank.simulator.ledger import KINDS
from payrank.simulator.randomness import Integers, between, happens, stream

TAKEBACK_SHARE = 0.006
"""Share of insurers' payments of $100 and more that are taken back."""
SMALLEST = 10_000
"""Cents."""
TAKEBACK_DAYS = (60, 420)
"""Fewest and most days from the payment to the takeback: months, unlike a void."""
NOT_REPAID_SHARE = 0.25
"""Share of takebacks after which nothing is paid again."""
REPAID_PART = (0.5, 0.95)
"""Smallest and largest part that is paid again otherwise."""


def post_takebacks(columns: dict[str, Integers], seed: int) -> dict[str, Integers]:
    """Append takebacks: the payment reversed, what is paid again on that day, and the rest off as an adjustment."""
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
    # What is paid lower was priced anew; what is never paid again is given up.
    wholly, repriced = KINDS.index("other_adjustment"), KINDS.index("contractual_adjustment")
    lost["kind"] = np.where(again["cents"] == 0, wholly, repriced).astype(taken["kind"].dtype)
    taken["cents"] = -taken["cents"]
    taken["reverses"] = rows
    return append_rows(columns, taken, select_rows(again, again["cents"] != 0), lost)

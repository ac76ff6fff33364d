"""How often a household may be contacted, by state: the table behind rule S1, and the SQL that counts against it."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files

from payrank.extracts.contract.source_file import quote_text

TALKED = ("right_party", "promise", "refused", "dispute")
"""Outcomes of a call that was a conversation."""


@dataclass(frozen=True, slots=True)
class CallCap:
    """At most `most` contacts of `channels` in `days`, for a state ("" for all); quiet for days after a conversation.

    `quiet_days` 0 asks for no quiet after a conversation.
    """

    state: str
    most: int
    days: int
    channels: tuple[str, ...]
    citation: str
    since: date
    quiet_days: int = 0
    check: bool = False


@cache
def read_call_caps() -> tuple[CallCap, ...]:
    """Read the table that ships with payrank."""
    data = tomllib.loads(files("payrank.scoring.rules").joinpath("call_caps.toml").read_text("utf-8"))
    return tuple(CallCap(**{**row, "channels": tuple(row["channels"])}) for row in data["cap"])


def households_at_cap(caps: Sequence[CallCap], day: str) -> str:
    """SQL: the guarantors whose contacts are used up as of a day, over `contacts` and `guarantors`.

    Days count back from the day, which is not over yet and does not count itself.

    Parameters
    ----------
    day
        SQL of the as-of day.
    """
    return " UNION ".join(sql for cap in caps for sql in _hits(cap, day))


def _hits(cap: CallCap, day: str) -> list[str]:
    channels = ", ".join(map(quote_text, cap.channels))
    lives = f"AND UPPER(TRIM(g.state)) = {quote_text(cap.state)}" if cap.state else ""

    def contacted(days: int) -> str:
        return (
            "SELECT c.guarantor_id FROM contacts c LEFT JOIN guarantors g ON g.guarantor_id = c.guarantor_id "
            f"WHERE c.contacted_on < {day} AND c.contacted_on >= {day} - {days} {lives}"
        )

    hits = [
        f"{contacted(cap.days)} AND c.direction = 'out' AND c.channel IN ({channels}) "
        f"GROUP BY c.guarantor_id HAVING COUNT(*) >= {cap.most}"
    ]
    if cap.quiet_days:
        talked = ", ".join(map(quote_text, TALKED))
        hits.append(f"{contacted(cap.quiet_days)} AND c.channel = 'call' AND c.outcome IN ({talked})")
    return hits

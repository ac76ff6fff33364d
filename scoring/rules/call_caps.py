"""How often a guarantor may be contacted, by state: the table behind rule S1, and the SQL that applies it."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files

from payrank.extracts.contract.source_file import quote_text

CONVERSATIONS = ("right_party", "promise", "refused", "dispute")
"""Call outcomes that count as a conversation."""


@dataclass(frozen=True, slots=True)
class CallCap:
    """At most `max_contacts` over `channels` in `days`, for one state ("" for all states).

    After a conversation, no calls are made for `quiet_days`; 0 means no such pause.
    """

    state: str
    max_contacts: int
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


def guarantors_at_cap(caps: Sequence[CallCap], day: str) -> str:
    """SQL: the guarantors who may not be contacted for now, from the tables `contacts` and `guarantors`.

    Days count back from the as-of date, which itself does not count because it is not over yet.

    Parameters
    ----------
    day
        SQL of the as-of date.
    """
    return " UNION ".join(sql for cap in caps for sql in _hits(cap, day))


def _hits(cap: CallCap, day: str) -> list[str]:
    channels = ", ".join(map(quote_text, cap.channels))
    in_state = f"AND UPPER(TRIM(g.state)) = {quote_text(cap.state)}" if cap.state else ""

    def contacted(days: int) -> str:
        return (
            "SELECT c.guarantor_id FROM contacts c LEFT JOIN guarantors g ON g.guarantor_id = c.guarantor_id "
            f"WHERE c.contacted_on < {day} AND c.contacted_on >= {day} - {days} {in_state}"
        )

    hits = [
        f"{contacted(cap.days)} AND c.direction = 'out' AND c.channel IN ({channels}) "
        f"GROUP BY c.guarantor_id HAVING COUNT(*) >= {cap.max_contacts}"
    ]
    if cap.quiet_days:
        outcomes = ", ".join(map(quote_text, CONVERSATIONS))
        hits.append(f"{contacted(cap.quiet_days)} AND c.channel = 'call' AND c.outcome IN ({outcomes})")
    return hits

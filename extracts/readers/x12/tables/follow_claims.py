"""Which claims of an account charge, and which claim a replacement or a void takes back: event after event."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import groupby
from typing import NamedTuple

import duckdb
import pyarrow as pa

AGAIN = "the same claim sent again"
LATER_PAYER = "claim to a later payer: its charges came with the claim to the first"
STRAY_VOID = "void of a claim that is not in this import"
STRAY_REPLACEMENT = "replacement of a claim that cannot be told in this import"
STANDS = "void or replacement of a claim whose charges stand for another payer"
ASIDES = (AGAIN, LATER_PAYER, STRAY_VOID, STRAY_REPLACEMENT, STANDS)

REPLACEMENT, VOID = "7", "8"
"""Claim frequency code (CLM05-3; NUBC): a replacement of a prior claim, a void of a prior claim."""


class _Event(NamedTuple):
    """A claim of an account that has several; `rank` is the payer's turn from 1, `paid` what 835s say of REF*F8."""

    account: str
    file: int
    source_line: int
    frequency: str
    rank: int
    payer: str
    provider: str
    key: str
    content: str
    days: str
    procedures: str
    billed: str
    charged: str
    service_on: str | None
    original_claim: str
    paid: list[dict[str, str | None]] | None


EVENTS = """
SELECT account, file, source_line, frequency, rank, coalesce(payer_id, ''), provider, key, content, days, procedures,
  billed, charged, service_on, original_claim, paid
FROM x12_submitted LEFT JOIN (
  SELECT account, payer_claim AS original_claim, list({'charged': charged, 'service_on': service_on} ORDER BY file,
    source_line) AS paid
  FROM (SELECT account, payer_claim, CAST(charged_dollars AS VARCHAR) AS charged, file, source_line,
      least(service_on, first_day) AS service_on
    FROM x12_claim LEFT JOIN x12_first_days USING (file, source_line)
    WHERE NOT reversal AND payer_claim IN (SELECT original_claim FROM x12_submitted WHERE original_claim <> ''))
  GROUP BY account, payer_claim
) USING (account, original_claim)
WHERE purpose <> 'RP' AND account IN (
  SELECT account FROM x12_submitted GROUP BY account HAVING count(*) > 1 OR bool_or(frequency IN ('7', '8'))
)
ORDER BY account, created_on NULLS LAST, file, source_line
"""


@dataclass(slots=True)
class _Standing:
    """Charges that stand: the claims alike that ask for them, and what they were put in place of."""

    members: list[_Event]
    before: _Event | None = None

    @property
    def first(self) -> _Event:
        """The claim as it came first; all members are alike."""
        return self.members[0]

    def charging(self) -> _Event:
        """Return the claim that charges: to the payer whose turn is the earliest, of several the first."""
        return min(self.members, key=lambda event: event.rank)


@dataclass(slots=True)
class _Followed:
    """What was found of each claim: columns of the table `x12_followed`."""

    lines: dict[str, array[int]] = field(
        default_factory=lambda: {
            name: array("q") for name in ("file", "source_line", "aside", "occurrence", "before_file", "before_line")
        }
    )

    def take(self, event: _Event, aside: int = -1, occurrence: int = 1, before: _Event | None = None) -> None:
        origin = (before.file, before.source_line) if before else (-1, -1)
        row = (event.file, event.source_line, aside, occurrence, *origin)
        for column, value in zip(self.lines.values(), row, strict=True):
            column.append(value)


def follow_claims(connection: duckdb.DuckDBPyConnection) -> int:
    """Fill the table `x12_followed`: for claims of accounts that have several, what each does.

    In the order of days (BHT04), files and segments. Claims alike in account, provider, days, lines and charge are
    charged once while they stand, by the claim to the payer whose turn is the earliest. What a replacement or a void
    takes back is found by the payer's claim number (REF*F8: one that another replacement named too, or that an 835 of
    the import gives to a claim of this account), otherwise by provider and days, then lines. Where that leaves none or
    several, nothing is taken back.

    Returns
    -------
    Replacements that charge although nothing of their account was there to take back.
    """
    followed = _Followed()
    alone = 0
    cursor = connection.cursor()
    cursor.execute(EVENTS)

    def fetch() -> Iterator[_Event]:
        while row := cursor.fetchone():
            yield _Event(*row)

    for _, events in groupby(fetch(), key=lambda event: event.account):
        account = _Account(followed)
        for event in events:
            account.take(event)
        account.finish()
        alone += account.alone
    cursor.close()
    batch = pa.table({name: _column(values) for name, values in followed.lines.items()})
    connection.register("x12_batch", batch)
    connection.execute("CREATE TABLE x12_followed AS SELECT * FROM x12_batch")
    connection.unregister("x12_batch")
    return alone


def _column(values: array[int]) -> pa.Int64Array:
    return pa.Int64Array.from_buffers(pa.int64(), len(values), [None, pa.py_buffer(values)])


class _Account:
    def __init__(self, followed: _Followed) -> None:
        self.followed = followed
        self.standing: list[_Standing] = []
        self.occurrences: Counter[str] = Counter()
        self.alone = 0

    def take(self, event: _Event) -> None:
        """Take the next claim."""
        if event.frequency == VOID:
            self.void(event)
            return
        alike = self.find_alike(event)
        if alike is not None:
            alike.members.append(event)
        elif event.frequency == REPLACEMENT:
            self.replace(event)
        else:
            self.standing.append(_Standing([event]))

    def find_alike(self, event: _Event) -> _Standing | None:
        """Find charges that this claim asks for again; a later payer's lines may be coded in another way."""
        for one in self.standing:
            first = one.first
            if first.content == event.content:
                return one
            if event.frequency != REPLACEMENT and (first.provider, first.days, first.charged) == (
                event.provider,
                event.days,
                event.charged,
            ):
                earlier = event.rank > one.charging().rank
                if earlier and all(member.rank != event.rank for member in one.members):
                    return one
        return None

    def void(self, event: _Event) -> None:
        """Take charges back, unless the claim to another payer, whose turn is no later, still asks for them."""
        one = find_original(event, self.standing)
        if one is None:
            self.followed.take(event, ASIDES.index(STRAY_VOID))
            return
        stay = [member for member in one.members if not _same_payer(member, event)]
        if len(stay) < len(one.members) and any(member.rank <= event.rank for member in stay):
            self.followed.take(event, ASIDES.index(STANDS))
            return
        self.occurrences[event.key] += 1
        self.followed.take(event, -1, self.occurrences[event.key], self.settle(one))

    def replace(self, event: _Event) -> None:
        """Put a claim in place of another one."""
        if not self.standing:
            self.alone += 1
            self.standing.append(_Standing([event]))
            return
        one = find_original(event, self.standing)
        if one is None:
            self.followed.take(event, ASIDES.index(STRAY_REPLACEMENT))
        elif any(member.rank < event.rank for member in one.members):
            self.followed.take(event, ASIDES.index(STANDS))
        else:
            self.standing.append(_Standing([event], self.settle(one)))

    def settle(self, one: _Standing) -> _Event:
        """End charges that stood; return the claim that charged them."""
        self.standing.remove(one)
        charging = one.charging()
        for member in one.members:
            if member is charging:
                self.occurrences[member.key] += 1
                self.followed.take(member, -1, self.occurrences[member.key], one.before)
            else:
                self.followed.take(member, ASIDES.index(AGAIN if member.rank == charging.rank else LATER_PAYER))
        return charging

    def finish(self) -> None:
        """Charge what stands in the end."""
        for one in list(self.standing):
            self.settle(one)


def _same_payer(one: _Event, other: _Event) -> bool:
    return (one.rank, one.payer) == (other.rank, other.payer)


def find_original(event: _Event, standing: list[_Standing]) -> _Standing | None:
    """Find what a replacement or a void takes back; None where that cannot be told."""
    candidates = [one for one in standing if one.first.provider == event.provider]
    if event.original_claim:
        named = [one for one in candidates if any(m.original_claim == event.original_claim for m in one.members)]
        if len(named) == 1:
            return named[0]
        if event.paid:
            candidates = [one for one in candidates if any(_is_paid(one.first, paid) for paid in event.paid)]
            if len(candidates) <= 1:
                return candidates[0] if candidates else None
    for test in _TESTS:
        found = [one for one in candidates if test(one.first, event)]
        if found:
            return found[0] if len(found) == 1 else None
    return None


def _is_paid(claim: _Event, paid: dict[str, str | None]) -> bool:
    """Say whether a remittance's claim is this one: the same charge, and no other day."""
    days = {paid["service_on"], claim.service_on}
    return paid["charged"] == claim.charged and (None in days or len(days) == 1)


_TESTS: tuple[Callable[[_Event, _Event], bool], ...] = (
    lambda claim, event: claim.content == event.content,
    lambda claim, event: bool(event.days) and (claim.days, claim.procedures) == (event.days, event.procedures),
    lambda claim, event: bool(event.days) and claim.days == event.days,
    lambda claim, event: bool(event.billed) and claim.billed == event.billed,
)
"""Narrower tests first: the whole claim, days and procedures, days, lines and their charges (the day was corrected)."""

"""Replay the claims of each account to find which claims charge, and which claim a replacement or void cancels."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import groupby
from typing import NamedTuple

import duckdb
import pyarrow as pa

RESUBMITTED = "duplicate claim submission"
LATER_PAYER = "claim to a later payer: its charges are on the claim to the first payer"
UNKNOWN_VOID = "void of a claim that is not in this import"
UNKNOWN_REPLACEMENT = "replacement of a claim that cannot be identified in this import"
BILLED_TO_OTHER_PAYER = "void or replacement of a claim that is still billed to another payer"
SKIP_REASONS = (RESUBMITTED, LATER_PAYER, UNKNOWN_VOID, UNKNOWN_REPLACEMENT, BILLED_TO_OTHER_PAYER)

REPLACEMENT, VOID = "7", "8"
"""Claim frequency code (CLM05-3; NUBC): replacement of a prior claim, void of a prior claim."""


class _Event(NamedTuple):
    """A claim of an account with several claims. `rank` is the payer sequence from 1; `paid` is what 835s state for
    REF*F8.
    """

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
class _ActiveCharge:
    """Active charges: the equivalent claims that bill them, and the claim they replaced."""

    members: list[_Event]
    replaced: _Event | None = None

    @property
    def first(self) -> _Event:
        """The first claim received; all members are equivalent."""
        return self.members[0]

    def charging(self) -> _Event:
        """Return the claim that charges: the one to the earliest payer in sequence, and the first of several."""
        return min(self.members, key=lambda event: event.rank)


@dataclass(slots=True)
class _Outcomes:
    """The outcome of each claim, as columns of the table `x12_followed`."""

    lines: dict[str, array[int]] = field(
        default_factory=lambda: {
            name: array("q")
            for name in ("file", "source_line", "skip_reason", "occurrence", "before_file", "before_line")
        }
    )

    def take(self, event: _Event, skip_reason: int = -1, occurrence: int = 1, replaced: _Event | None = None) -> None:
        origin = (replaced.file, replaced.source_line) if replaced else (-1, -1)
        row = (event.file, event.source_line, skip_reason, occurrence, *origin)
        for column, value in zip(self.lines.values(), row, strict=True):
            column.append(value)


def follow_claims(connection: duckdb.DuckDBPyConnection) -> int:
    """Create the table `x12_followed` with the outcome of each claim of accounts that have several claims.

    Claims are processed in order of date (BHT04), file, and segment. Claims with the same account, provider, dates,
    lines, and charge are charged once while they are active, by the claim to the earliest payer in sequence. A
    replacement or void cancels the claim with the payer's claim number (REF*F8) that another replacement names too, or
    that an 835 in the import gives to a claim of this account; otherwise it is matched by provider and dates, then
    lines. If none or several match, nothing is canceled.

    Returns
    -------
    The number of replacements that charge although their account has no earlier claim to cancel.
    """
    outcomes = _Outcomes()
    unmatched = 0
    cursor = connection.cursor()
    cursor.execute(EVENTS)

    def fetch() -> Iterator[_Event]:
        while row := cursor.fetchone():
            yield _Event(*row)

    for _, events in groupby(fetch(), key=lambda event: event.account):
        account = _Account(outcomes)
        for event in events:
            account.take(event)
        account.finish()
        unmatched += account.unmatched
    cursor.close()
    batch = pa.table({name: _column(values) for name, values in outcomes.lines.items()})
    connection.register("x12_batch", batch)
    connection.execute("CREATE TABLE x12_followed AS SELECT * FROM x12_batch")
    connection.unregister("x12_batch")
    return unmatched


def _column(values: array[int]) -> pa.Int64Array:
    return pa.Int64Array.from_buffers(pa.int64(), len(values), [None, pa.py_buffer(values)])


class _Account:
    def __init__(self, outcomes: _Outcomes) -> None:
        self.outcomes = outcomes
        self.active: list[_ActiveCharge] = []
        self.occurrences: Counter[str] = Counter()
        self.unmatched = 0

    def take(self, event: _Event) -> None:
        """Process the next claim."""
        if event.frequency == VOID:
            self.void(event)
            return
        same_charge = self.find_same_charge(event)
        if same_charge is not None:
            same_charge.members.append(event)
        elif event.frequency == REPLACEMENT:
            self.replace(event)
        else:
            self.active.append(_ActiveCharge([event]))

    def find_same_charge(self, event: _Event) -> _ActiveCharge | None:
        """Find active charges that this claim bills again. A later payer's lines may use different codes."""
        for charge in self.active:
            first = charge.first
            if first.content == event.content:
                return charge
            if event.frequency != REPLACEMENT and (first.provider, first.days, first.charged) == (
                event.provider,
                event.days,
                event.charged,
            ):
                is_later_payer = event.rank > charge.charging().rank
                if is_later_payer and all(member.rank != event.rank for member in charge.members):
                    return charge
        return None

    def void(self, event: _Event) -> None:
        """Cancel charges, unless another payer at the same or an earlier place in the sequence still has the claim."""
        charge = find_original(event, self.active)
        if charge is None:
            self.outcomes.take(event, SKIP_REASONS.index(UNKNOWN_VOID))
            return
        stay = [member for member in charge.members if not _same_payer(member, event)]
        if len(stay) < len(charge.members) and any(member.rank <= event.rank for member in stay):
            self.outcomes.take(event, SKIP_REASONS.index(BILLED_TO_OTHER_PAYER))
            return
        # A claim may be voided and resent, so the same key can charge and cancel more than once.
        self.occurrences[event.key] += 1
        self.outcomes.take(event, -1, self.occurrences[event.key], self.close_charge(charge))

    def replace(self, event: _Event) -> None:
        """Replace another claim."""
        if not self.active:
            self.unmatched += 1
            self.active.append(_ActiveCharge([event]))
            return
        charge = find_original(event, self.active)
        if charge is None:
            self.outcomes.take(event, SKIP_REASONS.index(UNKNOWN_REPLACEMENT))
        elif any(member.rank < event.rank for member in charge.members):
            self.outcomes.take(event, SKIP_REASONS.index(BILLED_TO_OTHER_PAYER))
        else:
            self.active.append(_ActiveCharge([event], self.close_charge(charge)))

    def close_charge(self, charge: _ActiveCharge) -> _Event:
        """Close active charges and return the claim that charged them."""
        self.active.remove(charge)
        charging = charge.charging()
        for member in charge.members:
            if member is charging:
                self.occurrences[member.key] += 1
                self.outcomes.take(member, -1, self.occurrences[member.key], charge.replaced)
            else:
                self.outcomes.take(
                    member, SKIP_REASONS.index(RESUBMITTED if member.rank == charging.rank else LATER_PAYER)
                )
        return charging

    def finish(self) -> None:
        """Close the charges that are still active at the end."""
        for charge in list(self.active):
            self.close_charge(charge)


def _same_payer(event: _Event, other: _Event) -> bool:
    return (event.rank, event.payer) == (other.rank, other.payer)


def find_original(event: _Event, active: list[_ActiveCharge]) -> _ActiveCharge | None:
    """Find the charges that a replacement or void cancels, or None if they cannot be identified."""
    candidates = [charge for charge in active if charge.first.provider == event.provider]
    if event.original_claim:
        named = [
            charge for charge in candidates if any(m.original_claim == event.original_claim for m in charge.members)
        ]
        if len(named) == 1:
            return named[0]
        if event.paid:
            candidates = [charge for charge in candidates if any(_is_paid(charge.first, paid) for paid in event.paid)]
            if len(candidates) <= 1:
                return candidates[0] if candidates else None
    # Stop at the first test with any match: if it matches several, a looser test cannot decide between them.
    for test in _TESTS:
        matches = [charge for charge in candidates if test(charge.first, event)]
        if matches:
            return matches[0] if len(matches) == 1 else None
    return None


def _is_paid(claim: _Event, paid: dict[str, str | None]) -> bool:
    """Return whether a remittance's claim is this claim: the same charge and no different date."""
    days = {paid["service_on"], claim.service_on}
    return paid["charged"] == claim.charged and (None in days or len(days) == 1)


_TESTS: tuple[Callable[[_Event, _Event], bool], ...] = (
    lambda claim, event: claim.content == event.content,
    lambda claim, event: bool(event.days) and (claim.days, claim.procedures) == (event.days, event.procedures),
    lambda claim, event: bool(event.days) and claim.days == event.days,
    lambda claim, event: bool(event.billed) and claim.billed == event.billed,
)
"""The strictest test comes first: the whole claim; dates and procedures; dates; lines and charges (corrected date)."""

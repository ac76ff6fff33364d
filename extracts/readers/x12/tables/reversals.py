"""Match reversals (CLP02 = 22) to their original claims in the same import."""

from __future__ import annotations

from itertools import groupby
from typing import Any, NamedTuple

import duckdb
import pyarrow as pa

from payrank.extracts.readers.x12.tables.remittance_rows import FORWARDED


class _Event(NamedTuple):
    key: str
    posted_on: str | None
    file: int
    source_line: int
    remit: int
    reversal: bool
    payer_claim: str
    original_claim: str


EVENTS = """
SELECT key, posted_on, file, source_line, remit, reversal, payer_claim, original_claim FROM (
  SELECT *, bool_or(reversal) OVER (PARTITION BY key) AS reversed FROM (
    SELECT sha256(concat_ws(chr(31), account, ident, abs(charged_dollars), abs(paid_dollars))) AS key, posted_on, file,
      source_line, remit, reversal, payer_claim, original_claim
    FROM x12_claim WHERE account IS NOT NULL AND charged_dollars IS NOT NULL AND paid_dollars IS NOT NULL
  )
) WHERE reversed ORDER BY key, posted_on, file, source_line
"""


def match_reversals(connection: duckdb.DuckDBPyConnection) -> tuple[int, int]:
    """Create the table `x12_reversed` (file, source_line, original_file, original_line, and `forwarded` of the
    original).

    A reversal and its original have the same account and payer, opposite charge and payment amounts, and the same payer
    claim number (CLP07, or the number that the reversal names in REF*F8). If several fit, the latest claim before the
    reversal that is not yet reversed is used. A claim after the reversal is its correction and not the original, unless
    it arrived on the same day in another remittance.

    Returns
    -------
    The number of reversals, and the number with an original in this import.
    """
    rows: list[tuple[int, int, int, int]] = []
    cursor = connection.cursor()
    cursor.execute(EVENTS)
    reversals = 0

    def fetch() -> Any:
        while row := cursor.fetchone():
            yield _Event(*row)

    for _, events in groupby(fetch(), key=lambda event: event.key):
        originals: list[_Event] = []
        waiting: list[_Event] = []
        for event in events:
            match = _find(event, originals if event.reversal else waiting)
            reversals += event.reversal
            if match is None:
                (waiting if event.reversal else originals).append(event)
            else:
                (originals if event.reversal else waiting).remove(match)
                reversal, original = (event, match) if event.reversal else (match, event)
                rows.append((reversal.file, reversal.source_line, original.file, original.source_line))
    cursor.close()
    names = ("file", "source_line", "original_file", "original_line")
    columns = list(zip(*rows, strict=True)) or [()] * 4
    batch = pa.table([pa.array(column, pa.int64()) for column in columns], names=list(names))
    connection.register("x12_batch", batch)
    connection.execute(
        f"CREATE TABLE x12_reversed AS SELECT b.*, c.status IN {FORWARDED} AS forwarded FROM x12_batch AS b "
        "JOIN x12_claim AS c ON c.file = b.original_file AND c.source_line = b.original_line"
    )
    connection.unregister("x12_batch")
    return reversals, len(rows)


def _find(event: _Event, candidates: list[_Event]) -> _Event | None:
    """Find the latest matching candidate. A reversal that waits for its original matches only on the same day."""
    for candidate in reversed(candidates):
        reversal, original = (event, candidate) if event.reversal else (candidate, event)
        # An original that arrives after its reversal counts only on the same day and in another remittance: in any
        # other case, it is the corrected claim that follows the reversal.
        if not event.reversal and (
            candidate.posted_on != event.posted_on or (candidate.file, candidate.remit) == (event.file, event.remit)
        ):
            continue
        if original.payer_claim in {reversal.payer_claim, reversal.original_claim}:
            return candidate
    return None

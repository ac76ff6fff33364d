"""Read one X12 file from end to end: segments, envelopes, remittances, and claims."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from payrank.extracts.readers.x12.files.balances import Balances
from payrank.extracts.readers.x12.files.claims import Claims
from payrank.extracts.readers.x12.files.paid_claims import CLAIM_TAGS, ClaimSegments
from payrank.extracts.readers.x12.files.remittance import Handler, Remittances
from payrank.extracts.readers.x12.files.staged import Row, Sink, Staged
from payrank.extracts.readers.x12.syntax.chunks import Chunks
from payrank.extracts.readers.x12.syntax.delimiters import Delimiters
from payrank.extracts.readers.x12.syntax.elements import pick
from payrank.extracts.readers.x12.syntax.envelope import GROUP, INTERCHANGE, TRANSACTION, Envelope
from payrank.extracts.readers.x12.syntax.fields import Fields, Places
from payrank.extracts.readers.x12.syntax.refuse import refuse_file, refuse_segment
from payrank.extracts.readers.x12.syntax.segments import MAX_SEGMENT, read_segments, refuse_length

ENDS = ("ISA", "GS", "ST", "LX", "PLB", "SE", "GE", "IEA")
"""Segments that end a claim, in addition to the next CLP."""
NO_TRANSACTION, ANOTHER = 0, -1
"""Stand in for a remittance number: no transaction is open, or a transaction of another type is open."""
MAX_CLAIM_SEGMENTS = 100_000
"""Maximum segments per claim. An 835 allows 999 service lines per claim, and a whole claim is held in memory."""


@dataclass(slots=True)
class FileAccount:
    """Summary of one file: segments, transaction sets by type, balances, and whether some bytes are not UTF-8."""

    name: str
    segments: int = 0
    bytes: int = 0
    latin1: bool = False
    transactions: Counter[str] = field(default_factory=Counter)
    balances: Balances = field(default_factory=Balances)


def read_file(path: Path, sink: Sink | None = None, name: str = "") -> FileAccount:
    """Read a file of 835 and 837 transaction sets. It may contain several interchanges with different delimiters.

    Memory use does not grow with the file. Rows reach the sink as they are read; if the file is refused later, the
    caller must discard them.

    Parameters
    ----------
    sink
        Receives the staged rows. If None, the file is only checked.
    name
        The file's name in messages; by default the path's name.

    Raises
    ------
    ExtractRefusedError
        If the file is not text, an envelope does not close, a body segment is outside any transaction, or there is no
        835 or 837 transaction. The message names the file.
    """
    return _FileReader(Chunks(path, name), sink or _discard).run()


def _discard(_: str, __: object) -> None:
    """Discard rows."""


class _FileReader:
    def __init__(self, chunks: Chunks, sink: Sink) -> None:
        self.chunks = chunks
        self.envelope = Envelope(chunks.name)
        self.account = FileAccount(chunks.name)
        self.staged = Staged(sink)
        self.remittances = Remittances(self.staged, self.account.balances)
        self.claims = Claims(self.staged, self.account.balances)
        self.body: Remittances | Claims | None = None
        ends: dict[str, Handler] = {
            "ISA": self.open_interchange,
            "GS": self.open_group,
            "ST": self.open_transaction,
            "SE": self.close_transaction,
            "GE": self.close_group,
            "IEA": self.close_interchange,
        }
        self.outside = ends
        self.inside = {
            "835": {**self.remittances.handlers, **ends},
            "837": {**self.claims.handlers, **ends},
        }
        self.other_handlers = ends
        self.handlers = self.outside
        self.held: list[str] = []

    def run(self) -> FileAccount:
        held: list[str] = []
        position = 1
        for batch in read_segments(self.chunks):
            self.remittances.set_component(batch.delimiters.component)
            self.claims.set_component(batch.delimiters.component)
            position = self.read_batch([*held, *batch.segments], batch.delimiters, batch.first - len(held))
            held = self.held
            self.stage_imbalances()
        self.envelope.finish(position + len(held))
        if not self.account.transactions["835"] + self.account.transactions["837"]:
            raise refuse_file(
                self.account.name,
                "no 835 or 837 transaction",
                "at least one remittance (ST*835) or claim (ST*837)",
                "Check which file was sent.",
            )
        self.staged.flush()
        self.account.segments, self.account.bytes = position - 1, self.chunks.bytes
        self.account.latin1 = self.chunks.latin1
        return self.account

    def read_batch(self, segments: list[str], delimiters: Delimiters, first: int) -> int:
        """Read a batch except for the claim still open at its end, which is `held` for the next batch. Returns the
        position.

        Segments inside claims are read together as columns; all other segments are read one by one.
        """
        if not segments:
            return first
        fields = Fields(segments, delimiters.element, delimiters.terminator)
        if int((fields.ends - fields.starts).max()) > MAX_SEGMENT:
            raise refuse_length(self.account.name, first)
        ends, claims = fields.find_any(ENDS), fields.find("CLP")
        places = np.arange(len(segments))
        last_claim = np.maximum.accumulate(np.where(claims, places, -1))
        inside = last_claim > np.maximum.accumulate(np.where(ends, places, -1))
        cut = int(last_claim[-1]) if inside[-1] else len(segments)
        if len(segments) - cut > MAX_CLAIM_SEGMENTS:
            raise refuse_segment(
                self.account.name,
                first + cut,
                f"a claim of over {MAX_CLAIM_SEGMENTS:,} segments",
                "999 service lines per claim",
            )
        self.held = segments[cut:]
        single = np.flatnonzero(~(inside & (claims | fields.find_any(CLAIM_TAGS))))
        remits = self.read_singly(segments, single[single < cut], delimiters.element, first)
        owners = np.where(inside & (places < cut), np.cumsum(claims) - 1, -1)
        self.read_claims(ClaimSegments(segments, fields, np.flatnonzero(claims[:cut]), owners), remits, first)
        return first + cut

    def read_singly(self, segments: list[str], single: Places, element: str, first: int) -> list[tuple[int, int]]:
        """Read segments one by one.

        Returns the index from which each remittance, NO_TRANSACTION, or ANOTHER is open.
        """
        open_remits = [(-1, self.open_remit())]
        for place in single.tolist():
            self.read_segment(segments[place], element, first + place)
            if self.open_remit() != open_remits[-1][1]:
                open_remits.append((place, self.open_remit()))
        return open_remits

    def open_remit(self) -> int:
        """Return the number of the open remittance."""
        if self.body is self.remittances:
            return self.remittances.remit
        return ANOTHER if self.envelope.depth == TRANSACTION else NO_TRANSACTION

    def read_claims(self, batch: ClaimSegments, open_remits: list[tuple[int, int]], first: int) -> None:
        """Read the claims that belong to a remittance. A claim outside any transaction is refused."""
        since, remits = np.array(open_remits, np.int64).T
        claim_remits = remits[np.searchsorted(since, batch.claims) - 1]
        if (claim_remits == NO_TRANSACTION).any():
            raise self.envelope.refuse_orphan(first + int(batch.claims[claim_remits == NO_TRANSACTION][0]))
        paid = claim_remits != ANOTHER
        numbers = np.where(paid, np.cumsum(paid) - 1, -1)
        owners = np.full(len(batch.owners), -1, np.int64)
        spans = batch.owners >= 0
        owners[spans] = numbers[batch.owners[spans]] if len(numbers) else -1
        self.remittances.read_claims(
            replace(batch, claims=batch.claims[paid], owners=owners), claim_remits[paid], first
        )

    def read_segment(self, text: str, element: str, position: int) -> None:
        """Pass a segment to its handler."""
        elements = text.split(element)
        handle = self.handlers.get(elements[0])
        if handle is not None:
            handle(elements, position)
        else:
            self.check_unknown_segment(elements[0], position)

    def check_unknown_segment(self, tag: str, position: int) -> None:
        """Refuse an invalid segment or a segment outside any transaction. Other unknown segments are ignored."""
        if not (tag.isalnum() and tag.isascii() and 2 <= len(tag) <= 3):
            raise refuse_segment(
                self.account.name,
                position,
                "a segment without a valid name",
                "segments that begin with a two- or three-character tag",
            )
        if self.envelope.depth != TRANSACTION:
            raise self.envelope.refuse_orphan(position)

    def stage_imbalances(self) -> None:
        faults = self.account.balances.faults
        rows: list[Row] = self.staged.rows["imbalances"]
        rows += faults
        faults.clear()

    def open_interchange(self, elements: list[str], position: int) -> None:
        self.envelope.open(INTERCHANGE, pick(elements, 13), position)

    def close_interchange(self, elements: list[str], position: int) -> None:
        self.envelope.close(INTERCHANGE, elements, position)

    def open_group(self, elements: list[str], position: int) -> None:
        self.envelope.open(GROUP, pick(elements, 6), position)
        self.remittances.grouped = pick(elements, 4)

    def close_group(self, elements: list[str], position: int) -> None:
        self.envelope.close(GROUP, elements, position)

    def open_transaction(self, elements: list[str], position: int) -> None:
        self.envelope.open(TRANSACTION, pick(elements, 2), position)
        kind = pick(elements, 1)
        self.account.transactions[kind if kind.isdigit() and len(kind) == 3 else "unknown"] += 1
        self.handlers = self.inside.get(kind, self.other_handlers)
        self.body = self.remittances if kind == "835" else self.claims if kind == "837" else None
        if self.body is not None:
            self.body.start(position)

    def close_transaction(self, elements: list[str], position: int) -> None:
        self.envelope.close(TRANSACTION, elements, position)
        if self.body is not None:
            self.body.end()
        self.body = None
        self.handlers = self.outside

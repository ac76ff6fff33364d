"""Reads one X12 file from end to end: segments to envelopes, envelopes to remittances and claims."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from extracts.readers.x12.balances import Balances
from extracts.readers.x12.chunks import Chunks
from extracts.readers.x12.claims import Claims
from extracts.readers.x12.delimiters import Delimiters
from extracts.readers.x12.elements import pick
from extracts.readers.x12.envelope import GROUP, INTERCHANGE, TRANSACTION, Envelope
from extracts.readers.x12.fields import Fields, Places
from extracts.readers.x12.paid_claims import CLAIM_TAGS
from extracts.readers.x12.refuse import refuse_file, refuse_segment
from extracts.readers.x12.remittance import Handler, Remittances
from extracts.readers.x12.segments import read_segments
from extracts.readers.x12.staged import Row, Sink, Staged

ENDS = ("ISA", "GS", "ST", "LX", "PLB", "SE", "GE", "IEA")
"""What ends a claim, beside the next CLP."""
LONGEST_CLAIM = 100_000
"""Segments. An 835 allows a claim 999 service lines; a claim is in memory as a whole."""


@dataclass(slots=True)
class FileAccount:
    """What was found in a file: segments, transaction sets by kind, balances, and whether some bytes are no UTF-8."""

    name: str
    segments: int = 0
    bytes: int = 0
    latin1: bool = False
    transactions: Counter[str] = field(default_factory=Counter)
    balances: Balances = field(default_factory=Balances)


def read_file(path: Path, sink: Sink | None = None, name: str = "") -> FileAccount:
    """Read a file of 835 and 837 transaction sets, several interchanges and kinds of delimiters included.

    Memory does not grow with the file. Rows reach the sink as they are read; when the file is refused in the end,
    the caller throws them away.

    Parameters
    ----------
    sink
        Takes the staged rows; without one the file is only checked.
    name
        What messages call the file; its own name when empty.

    Raises
    ------
    ExtractRefused
        By name: bytes that are no text, an envelope that does not close, body segments outside a transaction, or no
        835 or 837 transaction at all.
    """
    return _FileReader(Chunks(path, name), sink or _drop).run()


def _drop(_: str, __: object) -> None:
    """Take rows and forget them."""


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
        self.others = ends
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
            self.keep_imbalances()
        self.envelope.finish(position + len(held))
        if not self.account.transactions["835"] + self.account.transactions["837"]:
            raise refuse_file(
                self.account.name,
                "no 835 and no 837 transaction in it",
                "at least one remittance (ST*835) or claim (ST*837)",
                "Check which file was sent.",
            )
        self.staged.flush()
        self.account.segments, self.account.bytes = position - 1, self.chunks.bytes
        self.account.latin1 = self.chunks.latin1
        return self.account

    def read_batch(self, segments: list[str], delimiters: Delimiters, first: int) -> int:
        """Read a batch but for the claim that is open at its end, which is `held` for the next; return the position.

        What stands inside a claim is read for all claims together, everything else segment by segment.
        """
        fields = Fields(segments, delimiters.element, delimiters.terminator)
        common = np.zeros(len(segments), np.bool_)
        for tag in CLAIM_TAGS:
            common |= fields.find(tag)
        alone = np.flatnonzero(~common)
        cut = self.find_open_claim(fields, first)
        self.held = segments[cut:]
        del segments[cut:]
        stops = alone[alone < cut].tolist()
        owners = np.full(len(fields.starts), -1, np.int64)
        self.remittances.start_batch(first)
        begin = 0
        for place, stop in zip([-1, *stops], [*stops, len(segments)], strict=True):
            if place >= 0:
                self.read_segment(segments[place], delimiters.element, first + place)
                begin = place + 1
            if self.remittances.in_claim:
                owners[max(place, 0) : stop] = len(self.remittances.opened) - 1
            else:
                for inner in range(begin, stop):
                    self.read_segment(segments[inner], delimiters.element, first + inner)
        self.remittances.read_claims(segments, fields, owners)
        return first + len(segments)

    def find_open_claim(self, fields: Fields, first: int) -> int:
        """Return the place from which segments wait for the next batch: the last CLP, when nothing ends its claim."""
        claims = np.flatnonzero(fields.find("CLP"))
        if not len(claims):
            return len(fields.starts)
        last = int(claims[-1])
        ends = np.zeros(len(fields.starts), np.bool_)
        for tag in ENDS:
            ends |= fields.find(tag)
        if ends[last + 1 :].any():
            return len(fields.starts)
        if len(fields.starts) - last > LONGEST_CLAIM:
            raise refuse_segment(
                self.account.name,
                first + last,
                f"a claim of over {LONGEST_CLAIM:,} segments",
                "999 service lines a claim",
            )
        return last

    def read_segment(self, text: str, element: str, position: int) -> None:
        """Hand a segment to who reads it."""
        elements = text.split(element)
        handle = self.handlers.get(elements[0])
        if handle is not None:
            handle(elements, position)
        else:
            self.judge_unknown(elements[0], position)

    def judge_unknown(self, tag: str, position: int) -> None:
        """Refuse what is no segment, or a segment outside every transaction; pass over what is not read."""
        if not (tag.isalnum() and tag.isascii() and 2 <= len(tag) <= 3):
            raise refuse_segment(
                self.account.name, position, "a segment without a name", "segments that begin with two or three letters"
            )
        if self.envelope.depth != TRANSACTION:
            raise self.envelope.refuse_orphan(position)

    def keep_imbalances(self) -> None:
        found = self.account.balances.found
        rows: list[Row] = self.staged.rows["imbalances"]
        rows += found
        found.clear()

    def open_interchange(self, elements: list[str], position: int) -> None:
        self.envelope.open(INTERCHANGE, pick(elements, 13), position)

    def close_interchange(self, elements: list[str], position: int) -> None:
        self.envelope.close(INTERCHANGE, elements, position)

    def open_group(self, elements: list[str], position: int) -> None:
        self.envelope.open(GROUP, pick(elements, 6), position)

    def close_group(self, elements: list[str], position: int) -> None:
        self.envelope.close(GROUP, elements, position)

    def open_transaction(self, elements: list[str], position: int) -> None:
        self.envelope.open(TRANSACTION, pick(elements, 2), position)
        kind = pick(elements, 1)
        self.account.transactions[kind if kind.isdigit() and len(kind) == 3 else "unknown"] += 1
        self.handlers = self.inside.get(kind, self.others)
        self.body = self.remittances if kind == "835" else self.claims if kind == "837" else None
        if self.body is not None:
            self.body.start(position)

    def close_transaction(self, elements: list[str], position: int) -> None:
        self.envelope.close(TRANSACTION, elements, position)
        if self.body is not None:
            self.body.end()
        self.body = None
        self.handlers = self.outside

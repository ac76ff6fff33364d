"""Reads one X12 file from end to end: segments to envelopes, envelopes to remittances and claims."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from extracts.readers.x12.balances import Balances
from extracts.readers.x12.chunks import Chunks
from extracts.readers.x12.claims import Claims
from extracts.readers.x12.delimiters import Delimiters
from extracts.readers.x12.envelope import GROUP, INTERCHANGE, TRANSACTION, Envelope
from extracts.readers.x12.paid_claim import CLAIM_TAGS, pick
from extracts.readers.x12.refuse import refuse_file, refuse_segment
from extracts.readers.x12.remittance import Handler, Remittances
from extracts.readers.x12.segments import read_segments
from extracts.readers.x12.staged import Row, Sink, Staged

NOTHING: frozenset[str] = frozenset()
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

    def run(self) -> FileAccount:
        position = 0
        for batch in read_segments(self.chunks):
            self.read_delimiters(batch.delimiters)
            position = self.read_batch(batch.segments, batch.delimiters.element, batch.first)
            self.keep_imbalances()
        self.envelope.finish(position)
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

    def read_delimiters(self, delimiters: Delimiters) -> None:
        self.remittances.set_component(delimiters.component)
        self.claims.set_component(delimiters.component)

    def read_batch(self, segments: list[str], element: str, position: int) -> int:
        """Hand each segment to who reads it; return the position after the last."""
        handlers, claim = self.handlers, self.remittances.claim
        inside = CLAIM_TAGS if claim else NOTHING
        for text in segments:
            elements = text.split(element)
            tag = elements[0]
            if tag in inside:
                claim.append(elements)
            else:
                handle = handlers.get(tag)
                if handle is None:
                    self.judge_unknown(tag, position)
                    if claim:  # it counts: the position of what follows is told from its place in the claim
                        claim.append(elements)
                else:
                    handle(elements, position)
                handlers, claim = self.handlers, self.remittances.claim
                inside = CLAIM_TAGS if claim else NOTHING
            position += 1
        if len(claim) > LONGEST_CLAIM:
            raise refuse_segment(
                self.account.name,
                position,
                f"a claim of over {LONGEST_CLAIM:,} segments",
                "999 service lines a claim",
            )
        return position

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

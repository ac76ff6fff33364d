"""Splits X12 text into segments, with the delimiters of each ISA, in memory that does not grow with the file."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from payrank.extracts.readers.x12.syntax.chunks import Chunks
from payrank.extracts.readers.x12.syntax.delimiters import LONGEST_HEADER, Delimiters, read_header
from payrank.extracts.readers.x12.syntax.refuse import refuse_segment

LONGEST_SEGMENT = 1 << 16
"""Characters. No segment of an 835 or 837 has a tenth of it: what is longer has lost its terminator."""
SPACE = " \t\r\n"
_SPACES = re.compile(r"[ \t\r\n]*")


@dataclass(frozen=True, slots=True)
class SegmentBatch:
    """Segments that follow each other in one interchange; `first` is the position of the first, from 1 in the file."""

    delimiters: Delimiters
    segments: list[str]
    first: int


def read_segments(chunks: Chunks) -> Iterator[SegmentBatch]:
    """Read a file's segments in batches: without terminators, stray line ends and blanks around them, none empty.

    Raises
    ------
    ExtractRefusedError
        When the text cannot be cut into segments: no ISA where one belongs, a segment without an end.
    """
    return _Splitter(chunks).run()


class _Splitter:
    def __init__(self, chunks: Chunks) -> None:
        self.name = chunks.name
        self.chunks = iter(chunks)
        self.text = ""
        self.at = 0
        self.position = 1

    def run(self) -> Iterator[SegmentBatch]:
        while self.find_start():
            header = read_header(self.text[self.at : self.at + LONGEST_HEADER], self.name, self.position)
            self.at += header.length
            yield self.batch(header.delimiters, [header.text])
            yield from self.read_interchange(header.delimiters)

    def more(self) -> bool:
        chunk = next(self.chunks, None)
        if chunk is None:
            return False
        self.text = self.text[self.at :] + chunk
        self.at = 0
        return True

    def find_start(self) -> bool:
        """Go to where the next interchange begins, with enough text at hand for its ISA. False: the file ends."""
        while True:
            self.at = _SPACES.match(self.text, self.at).end()  # type: ignore[union-attr] # it matches everywhere
            if len(self.text) - self.at >= LONGEST_HEADER:
                return True
            if not self.more():
                return self.at < len(self.text)

    def batch(self, delimiters: Delimiters, segments: list[str]) -> SegmentBatch:
        batch = SegmentBatch(delimiters, segments, self.position)
        self.position += len(segments)
        return batch

    def read_interchange(self, delimiters: Delimiters) -> Iterator[SegmentBatch]:
        """Read up to the IEA and what ends it; a file that ends before gives what it has."""
        close = re.compile(r"I[\r\n]*E[\r\n]*A[\r\n]*" + re.escape(delimiters.element))
        while True:
            end = self.find_close(close, delimiters.terminator)
            stop = end or self.text.rfind(delimiters.terminator, self.at) + 1
            if stop > self.at:
                segments = self.split(self.text[self.at : stop], delimiters)
                self.at = stop
                yield self.batch(delimiters, segments)
            if end:
                return
            if len(self.text) - self.at > LONGEST_SEGMENT:
                raise refuse_length(self.name, self.position)
            if not self.more():
                yield self.batch(delimiters, self.read_rest(delimiters))
                return

    def find_close(self, close: re.Pattern[str], terminator: str) -> int:
        """Return where the text after the interchange's IEA begins; 0 when its end is not at hand."""
        for found in close.finditer(self.text, self.at):
            before = found.start() - 1
            while before >= self.at and self.text[before] in SPACE and self.text[before] != terminator:
                before -= 1
            if before < self.at or self.text[before] == terminator:
                return self.text.find(terminator, found.end()) + 1
        return 0

    def split(self, text: str, delimiters: Delimiters) -> list[str]:
        terminator = delimiters.terminator
        for stray in delimiters.stray:
            text = text.replace(stray, "")
        segments = text.split(terminator)
        if text[0] in " \t" or f"{terminator} " in text or f"{terminator}\t" in text or terminator == "\n":
            segments = [segment.strip(" \t") for segment in segments]
        return list(filter(None, segments))

    def read_rest(self, delimiters: Delimiters) -> list[str]:
        """Give what stands after the last terminator: an IEA that nothing ends is whole, anything else is cut."""
        rest = self.text[self.at :].strip(SPACE)
        self.at = len(self.text)
        if rest and not rest.startswith("IEA" + delimiters.element):
            raise refuse_segment(
                self.name, self.position, "the file ends inside a segment", "a terminator after each segment"
            )
        return [rest] if rest else []


def refuse_length(name: str, position: int) -> Exception:
    """Say that no segment ends where one must."""
    found = f"a segment of over {LONGEST_SEGMENT:,} characters after it, or one without an end"
    return refuse_segment(name, position, found, "the terminator that the ISA declares")

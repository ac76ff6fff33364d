"""Split X12 text into segments, using the delimiters of each ISA. Memory use does not grow with the file."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from payrank.extracts.readers.x12.syntax.chunks import Chunks
from payrank.extracts.readers.x12.syntax.delimiters import MAX_HEADER, Delimiters, read_header
from payrank.extracts.readers.x12.syntax.refuse import refuse_segment

MAX_SEGMENT = 1 << 16
"""Characters. Segments of an 835 or 837 are less than a tenth of this; a longer one has lost its terminator."""
SPACE = " \t\r\n"
_SPACES = re.compile(r"[ \t\r\n]*")


@dataclass(frozen=True, slots=True)
class SegmentBatch:
    """Consecutive segments of one interchange. `first` is the position of the first segment, counted from 1 in the
    file.
    """

    delimiters: Delimiters
    segments: list[str]
    first: int


def read_segments(chunks: Chunks) -> Iterator[SegmentBatch]:
    """Read a file's segments in batches, without terminators, stray line ends, or surrounding blanks. None is empty.

    Raises
    ------
    ExtractRefusedError
        If an ISA is missing or a segment does not end.
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
            header = read_header(self.text[self.at : self.at + MAX_HEADER], self.name, self.position)
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
        """Move to the start of the next interchange and buffer enough text for its ISA. Returns False at the end of the
        file.
        """
        while True:
            self.at = _SPACES.match(self.text, self.at).end()  # type: ignore[union-attr] # it matches everywhere
            if len(self.text) - self.at >= MAX_HEADER:
                return True
            if not self.more():
                return self.at < len(self.text)

    def batch(self, delimiters: Delimiters, segments: list[str]) -> SegmentBatch:
        batch = SegmentBatch(delimiters, segments, self.position)
        self.position += len(segments)
        return batch

    def read_interchange(self, delimiters: Delimiters) -> Iterator[SegmentBatch]:
        """Read up to the IEA and its terminator, or to the end of the file."""
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
            if len(self.text) - self.at > MAX_SEGMENT:
                raise refuse_length(self.name, self.position)
            if not self.more():
                yield self.batch(delimiters, self.read_rest(delimiters))
                return

    def find_close(self, close: re.Pattern[str], terminator: str) -> int:
        """Return where the text after the interchange's IEA begins; 0 if it is not in the buffer."""
        for match in close.finditer(self.text, self.at):
            before = match.start() - 1
            while before >= self.at and self.text[before] in SPACE and self.text[before] != terminator:
                before -= 1
            if before < self.at or self.text[before] == terminator:
                return self.text.find(terminator, match.end()) + 1
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
        """Return the text after the last terminator: an unterminated IEA is complete, anything else is truncated."""
        rest = self.text[self.at :].strip(SPACE)
        self.at = len(self.text)
        if rest and not rest.startswith("IEA" + delimiters.element):
            raise refuse_segment(
                self.name, self.position, "the file ends inside a segment", "a terminator after each segment"
            )
        return [rest] if rest else []


def refuse_length(name: str, position: int) -> Exception:
    """Return the error for a segment without an end."""
    problem = f"the next segment has over {MAX_SEGMENT:,} characters or no terminator"
    return refuse_segment(name, position, problem, "the terminator that the ISA declares")

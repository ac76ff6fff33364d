"""Elements of many segments at once: texts and amounts cut from one byte string without a Python loop."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Places = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Amounts = npt.NDArray[np.float64]

LONGEST_AMOUNT = 20
MOST_WHOLE_DIGITS = 16
_NONE, _DOT, _MINUS = ord("0"), ord("."), ord("-")


class Fields:
    """The segments of a batch, addressed by segment index and element number.

    Parameters
    ----------
    segments
        Segments without terminators; none may be empty.
    element, terminator
        ASCII characters.
    """

    def __init__(self, segments: Sequence[str], element: str, terminator: str) -> None:
        text = terminator.join([*segments, ""]).encode()
        # Bytes past the end may be read but are never used.
        self.bytes = np.frombuffer(text + b"\0" * LONGEST_AMOUNT, np.uint8)
        self.ends = np.flatnonzero(self.bytes == ord(terminator)).astype(np.int64)
        self.starts = np.concatenate([np.zeros(1, np.int64), self.ends[:-1] + 1])
        self.separators = np.flatnonzero(self.bytes == ord(element)).astype(np.int64)
        self.first = np.searchsorted(self.separators, self.starts)
        self.elements = np.searchsorted(self.separators, self.ends) - self.first
        self.separator = ord(element)
        first, second, third = (self.bytes[self.starts + at].astype(np.int64) for at in range(3))
        self.tags = first << 16 | second << 8 | third

    def find(self, tag: str) -> Flags:
        """Return a mask of segments with this three-character tag. A two-character tag is followed by the separator."""
        mask: Flags = self.tags == _pack(tag.encode().ljust(3, bytes([self.separator])))
        return mask

    def find_any(self, tags: Iterable[str]) -> Flags:
        """Return a mask of segments with any of these tags."""
        packed_tags = [_pack(tag.encode().ljust(3, bytes([self.separator]))) for tag in tags]
        mask: Flags = np.isin(self.tags, packed_tags)
        return mask

    def find_kind(self, tag: str, kind: str) -> Flags:
        """Return a mask of segments with this tag and first element."""
        places = np.flatnonzero(self.find(tag))
        begin, end = self.span(places, 1)
        same_kind = end - begin == len(kind)
        for at, letter in enumerate(kind.encode()):
            same_kind &= self.bytes[begin + at] == letter
        mask = np.zeros(len(self.starts), np.bool_)
        mask[places[same_kind]] = True
        return mask

    def span(self, places: Places, number: int) -> tuple[Places, Places]:
        """Return where an element begins and ends in the bytes; both are the segment's end if the element is
        missing.
        """
        ends = self.ends[places]
        if not len(self.separators):
            return ends, ends
        count, last = self.elements[places], len(self.separators) - 1
        at = self.first[places] + number - 1
        begin = np.where(count >= number, self.separators[np.minimum(at, last)] + 1, ends)
        end = np.where(count > number, self.separators[np.minimum(at + 1, last)], ends)
        return begin, end

    def texts(self, places: Places, number: int) -> pa.StringArray:
        """Return an element as text; empty if it is missing or the segment index is negative."""
        begin, end = self.span(np.maximum(places, 0), number)
        lengths = np.where(places >= 0, end - begin, 0)
        offsets = np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths)])
        within = np.arange(offsets[-1]) - np.repeat(offsets[:-1] - begin, lengths)
        data = self.bytes[within]
        return pa.StringArray.from_buffers(
            len(places), pa.py_buffer(offsets.astype(np.int32).tobytes()), pa.py_buffer(data.tobytes())
        )

    def cents(self, places: Places, number: int) -> Amounts:
        """Return an element in whole cents; NaN if it is not an amount. Same rule as `balances.read_cents`."""
        begin, end = self.span(places, number)
        length = end - begin
        value = np.zeros(len(places), np.int64)
        digits, decimals = np.zeros(len(places), np.int64), np.zeros(len(places), np.int64)
        dotted, minus = np.zeros(len(places), np.bool_), np.zeros(len(places), np.bool_)
        bad = length > LONGEST_AMOUNT
        for at in range(int(min(length.max(initial=0), LONGEST_AMOUNT))):
            letter = self.bytes[begin + at].astype(np.int64)
            inside = at < length
            digit = inside & (letter >= _NONE) & (letter <= _NONE + 9)
            dot = inside & (letter == _DOT) & ~dotted
            if at == 0:
                minus = inside & (letter == _MINUS)
                bad |= inside & ~digit & ~dot & ~minus
            else:
                bad |= inside & ~digit & ~dot
            value = np.where(digit & (digits < 18), value * 10 + letter - _NONE, value)
            digits += digit
            decimals += digit & dotted
            dotted |= dot
        bad |= (digits == 0) | (decimals > 2) | (digits - decimals > MOST_WHOLE_DIGITS)
        cents = value * np.where(decimals == 0, 100, np.where(decimals == 1, 10, 1)) * np.where(minus, -1, 1)
        return np.where(bad, np.nan, cents.astype(np.float64))


def _pack(letters: bytes) -> int:
    return letters[0] << 16 | letters[1] << 8 | letters[2]

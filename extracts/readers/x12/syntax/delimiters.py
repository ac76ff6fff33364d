"""The delimiters of an interchange, read from its ISA segment."""

from __future__ import annotations

import re
from dataclasses import dataclass

from payrank.extracts.readers.x12.syntax.refuse import refuse_segment

MAX_HEADER = 256
"""Characters. A standard ISA has 106. Senders that do not pad IDs write fewer, and wrapped lines add some."""
FIRST_WITH_REPETITION = "00402"
"""Before this version, ISA11 named a standards body ("U") and elements could not repeat (X12.5, interchange control).
"""


@dataclass(frozen=True, slots=True)
class Delimiters:
    """Separators of elements, components, and repetitions, and the segment terminator. `repetition` is None before
    4020.
    """

    element: str
    component: str
    repetition: str | None
    terminator: str

    @property
    def stray(self) -> str:
        """Line-end characters to ignore between and inside segments."""
        return {"\n": "\r", "\r": "\n"}.get(self.terminator, "\r\n")


@dataclass(frozen=True, slots=True)
class Header:
    """An ISA segment: its delimiters, its text, and its length including the terminator."""

    delimiters: Delimiters
    text: str
    length: int


def read_header(text: str, name: str, position: int) -> Header:
    """Parse the ISA at the start of a text by its separators, because some senders do not pad it to 106 characters.

    >>> isa = "ISA*00*          *00*          *ZZ*A*ZZ*B*250402*1522*^*00501*000000001*0*P*:~GS*HP"
    >>> read_header(isa, "may.835", 1).delimiters
    Delimiters(element='*', component=':', repetition='^', terminator='~')

    Raises
    ------
    ExtractRefusedError
        When the text begins otherwise, or the segment is cut or not an ISA.
    """
    if not text.startswith("ISA"):
        raise refuse_segment(name, position, "text outside an interchange (no ISA)", "ISA first, and after each IEA")
    element = text[3:4]
    parts = text[:MAX_HEADER].split(element, 16) if element and not element.isalnum() else []
    if len(parts) < 17 or not _fits([part.replace("\r", "").replace("\n", "") for part in parts]):
        raise _refuse_header(name, position)
    body, tail = element.join(parts[:16]), parts[16]
    component, terminator = tail[0], tail[1]
    length = len(body) + 3
    if terminator == "\r" and tail[2:3] == "\n":
        terminator, length = "\n", length + 1
    if (
        len({element, component, terminator}) < 3
        or not (element + component + terminator).isascii()
        or terminator.isalnum()
        or terminator in " \t"
    ):
        raise _refuse_header(name, position)
    elements = [part.replace("\r", "").replace("\n", "") for part in parts[:16]]
    repetition = elements[11] if elements[12] >= FIRST_WITH_REPETITION and not elements[11].isalnum() else None
    delimiters = Delimiters(element, component, repetition or None, terminator)
    return Header(delimiters, element.join([*elements, component]), length)


def _fits(parts: list[str]) -> bool:
    """Return whether the elements are those of an ISA: date, time, version, control number, usage, component
    separator.
    """
    return (
        re.fullmatch(r"\d{6}", parts[9]) is not None
        and re.fullmatch(r"\d{4}", parts[10]) is not None
        and re.fullmatch(r"\d{5}", parts[12]) is not None
        and re.fullmatch(r"[ \d]{1,9}", parts[13]) is not None
        and len(parts[15]) == 1
        and len(parts[16]) >= 2
        and not parts[16][0].isalnum()
    )


def _refuse_header(name: str, position: int) -> Exception:
    return refuse_segment(name, position, "ISA segment is truncated or invalid", "16 elements and a terminator")

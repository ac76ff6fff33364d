"""When X12 files were made: the day of their latest envelope, before which an extract of them knows everything."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from datetime import date
from pathlib import Path

from payrank.extracts.errors import ExtractRefusedError
from payrank.extracts.readers.x12.syntax.chunks import Chunks
from payrank.extracts.readers.x12.syntax.elements import pick
from payrank.extracts.readers.x12.syntax.segments import read_segments


def find_made_on(paths: Iterable[Path]) -> date | None:
    """Find the latest day of a functional group (GS04), or of its interchange (ISA09) where the group's is no day.

    What the files pay or deny does not count: one mistyped day of payment would make a whole extract look fresh.
    A file that cannot be read gives nothing here; reading it in earnest refuses it.

    Returns
    -------
    None where no envelope names a day.
    """
    latest: date | None = None
    for path in paths:
        with suppress(ExtractRefusedError):
            for made_on in _read_days(path):
                latest = max(latest, made_on) if latest else made_on
    return latest


def _read_days(path: Path) -> Iterable[date]:
    sent: date | None = None
    for batch in read_segments(Chunks(path)):
        element = batch.delimiters.element
        for segment in batch.segments:
            if segment.startswith(f"ISA{element}"):
                sent = read_day(pick(segment.split(element), 9))
            elif segment.startswith(f"GS{element}"):
                made_on = read_day(pick(segment.split(element), 4)) or sent
                if made_on is not None:
                    yield made_on


def read_day(text: str) -> date | None:
    """Read a day as CCYYMMDD, or as YYMMDD of this century; None where it is none.

    >>> read_day("20260301") == read_day("260301"), read_day("20261301"), read_day("")
    (True, None, None)
    """
    if not (text.isascii() and text.isdigit() and len(text) in {6, 8}):
        return None
    try:
        return date.fromisoformat(text if len(text) == 8 else f"20{text}")
    except ValueError:
        return None

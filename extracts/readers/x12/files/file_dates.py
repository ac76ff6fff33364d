"""The date of X12 files, taken from their latest envelope. An extract of the files is complete before the next day."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from datetime import date
from pathlib import Path

from payrank.extracts.errors import ExtractRefusedError
from payrank.extracts.readers.x12.syntax.chunks import Chunks
from payrank.extracts.readers.x12.syntax.elements import pick
from payrank.extracts.readers.x12.syntax.segments import read_segments


def find_latest_file_date(paths: Iterable[Path]) -> date | None:
    """Find the latest functional group date (GS04), or interchange date (ISA09) if GS04 is not a date.

    Payment and denial dates are ignored, because one mistyped payment date would make the whole extract look current. A
    file that cannot be read is ignored here; the import itself refuses it.

    Returns
    -------
    The date, or None if no envelope has one.
    """
    latest: date | None = None
    for path in paths:
        with suppress(ExtractRefusedError):
            for file_date in _read_days(path):
                latest = max(latest, file_date) if latest else file_date
    return latest


def _read_days(path: Path) -> Iterable[date]:
    sent: date | None = None
    for batch in read_segments(Chunks(path)):
        element = batch.delimiters.element
        for segment in batch.segments:
            if segment.startswith(f"ISA{element}"):
                sent = read_day(pick(segment.split(element), 9))
            elif segment.startswith(f"GS{element}"):
                file_date = read_day(pick(segment.split(element), 4)) or sent
                if file_date is not None:
                    yield file_date


def read_day(text: str) -> date | None:
    """Parse a date as CCYYMMDD, or as YYMMDD in this century. Returns None if it is not a date.

    >>> read_day("20260301") == read_day("260301"), read_day("20261301"), read_day("")
    (True, None, None)
    """
    if not (text.isascii() and text.isdigit() and len(text) in {6, 8}):
        return None
    try:
        return date.fromisoformat(text if len(text) == 8 else f"20{text}")
    except ValueError:
        return None

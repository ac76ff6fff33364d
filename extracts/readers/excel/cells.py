"""Convert a workbook's cells to text: numbers to 15 digits, dates as ISO dates, and unreadable cells as faults.

Excel stores a number as a double and shows 15 digits. A date is also a number, which counts days from 1900 or 1904.
Only its format distinguishes it from other numbers (ECMA-376 part 1, 18.8.30 and 18.17.4).
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

FAULT = "\x01"
"""Starts the text of an unreadable cell, before the rule. XML text cannot contain this character."""

ERROR, FORMULA, ROUNDED = "excel_error", "excel_formula", "excel_rounded"
FIRST_ROUNDED = 1e15
"""Excel rounds numbers from here on, because they have over 15 digits."""
CENT = 1e-9
"""Rounding error of doubles, in dollars, within which an amount counts as exact to the cent."""

_DATE_NUMBERS = frozenset(map(str, [*range(14, 23), *range(27, 37), 45, 47, *range(50, 59)]))
_LITERAL = re.compile(r'"[^"]*"|\\.|_.|\*.')
_ELAPSED = re.compile(r"\[(h+|m+|s+)\]", re.IGNORECASE)
_BRACKET = re.compile(r"\[[^\]]*\]")
_LAST_SERIAL = 2958465


@dataclass(frozen=True, slots=True)
class Format:
    """How a cell style shows a number: as a date or time, padded with zeros to `zeros` digits, or unchanged."""

    is_date: bool = False
    zeros: int = 0


def read_format(number: str, code: str | None) -> Format:
    """Return how a number format shows a number, from its built-in number or its code.

    >>> read_format("14", None), read_format("164", "00000"), read_format("165", "yyyy-mm-dd;@")
    (Format(is_date=True, zeros=0), Format(is_date=False, zeros=5), Format(is_date=True, zeros=0))
    >>> read_format("166", '"day "0.00[Red]'), read_format("167", "[h]:mm")
    (Format(is_date=False, zeros=0), Format(is_date=False, zeros=0))
    """
    if code is None:
        return Format(is_date=number in _DATE_NUMBERS)
    if re.fullmatch("0{2,15}", code):
        return Format(zeros=len(code))
    shown = _LITERAL.sub("", code).split(";", maxsplit=1)[0]
    if code.casefold() == "general" or _ELAPSED.search(shown):
        return Format()
    return Format(is_date=bool(re.search("[ymdhs]", _BRACKET.sub("", shown), re.IGNORECASE)))


def render_number(raw: str, zeros: int = 0) -> str:
    """Return a number as plain digits, rounded to the cent if it misses the cent only by a double's rounding error.

    A number with 16 or more digits is a fault: Excel kept 15 of them, so an ID would be a different ID.

    >>> render_number("1234.5600000000001"), render_number("12.345"), render_number("7", 5), render_number("1E3")
    ('1234.56', '12.345', '00007', '1000')
    """
    if raw.isascii() and raw.isdigit() and len(raw) <= 15:
        return str(int(raw)).zfill(zeros)
    try:
        value = float(raw)
    except ValueError:
        return FAULT + ERROR
    if not math.isfinite(value):
        return FAULT + ERROR
    if abs(value) >= FIRST_ROUNDED:
        return FAULT + ROUNDED
    cents = round(value, 2)
    if abs(cents - value) <= CENT:
        text = f"{cents:.2f}".rstrip("0").rstrip(".")
    else:
        text = format(Decimal(f"{value:.15g}"), "f")
    text = "0" if text == "-0" else text
    return text.zfill(zeros) if text.isdigit() else text


def render_serial(raw: str, *, since_1904: bool) -> str:
    """Return a serial date as an ISO date, followed by its time if it has one. A time without a date is a time.

    Day 60 of the 1900 system is February 29, 1900, which did not exist. It is returned as is, and the contract rejects
    it.

    >>> render_serial("46027", since_1904=False), render_serial("44565", since_1904=True)
    ('2026-01-05', '2026-01-05')
    >>> render_serial("46027.75", since_1904=False), render_serial("0.5", since_1904=False)
    ('2026-01-05 18:00:00', '12:00:00')
    """
    try:
        value = float(raw)
    except ValueError:
        return FAULT + ERROR
    if not 0 <= value < _LAST_SERIAL + 1:
        return render_number(raw)
    days = math.floor(value)
    seconds = math.floor((value - days) * 86400 + 1e-4)
    if seconds == 86400:
        days, seconds = days + 1, 0
    time = f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    if since_1904:
        day = (date(1904, 1, 1) + timedelta(days=days)).isoformat()
    elif days == 0:
        return time
    elif days == 60:
        day = "1900-02-29"
    else:
        day = (date(1899, 12, 31 if days < 60 else 30) + timedelta(days=days)).isoformat()
    return f"{day} {time}" if seconds else day


def render_moment(raw: str) -> str:
    """Return an ISO timestamp, which strict workbooks use, as a date, followed by its time if it has one.

    >>> render_moment("2026-01-05T00:00:00"), render_moment("2026-01-05T18:30:00Z")
    ('2026-01-05', '2026-01-05 18:30:00')
    """
    text = raw.removesuffix("Z").replace("T", " ")
    return re.sub(r"\.0+$", "", text).removesuffix(" 00:00:00")

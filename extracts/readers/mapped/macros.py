r"""Strict SQL macros for a mapping's expressions: `dollars(text)`, `day(text)`, and `day(text, format)`.

`day(text, format)` reads a date in one declared format and fails for anything else, so that `03/04/2026` is never
guessed: a row with another format is quarantined. A format is one of `day_formats()`. In a format, y is four digits, yy
two (69 to 99 are 1969 to 1999), m and d one or two, and mon a month such as `JAN`. Add ` time` if a time follows, which
is dropped (`m/d/y time`). `excel` and `excel-1904` are serial dates of a workbook that lost their cell format.
`day(text)` removes midnight from an ISO date and returns anything else unchanged, so that the contract rejects it.
"""

from __future__ import annotations

import re

import duckdb

_PARTS = {
    "y": (r"\d{4}", "%Y"),
    "yy": (r"\d{2}", "%y"),
    "m": (r"\d{1,2}", "%m"),
    "d": (r"\d{1,2}", "%d"),
    "mon": ("[A-Za-z]{3}", "%b"),
}
ORDERS = (
    *(mark.join(order) for order in ("mdy", "dmy", "ymd") for mark in "/-."),
    *(mark.join((*order, "yy")) for order in ("md", "dm") for mark in "/-."),
    "d-mon-y",
    "d-mon-yy",
    "ymd",
)
TIME = r"[ T]\d{1,2}:\d{2}(:\d{2}([.,]\d+)?)?( ?[AaPp][Mm])?(Z|[+-]\d{2}:?\d{2})?"
BLANKS = " \t\u00a0\u202f"
"""Blanks around a value or between thousands, including non-breaking spaces."""
EXPRESSION = (
    "text that the expression can read. dollars() reads 1,234.50 ($1,234.50) 1,234.50- 1,234.50 CR with the decimal "
    "mark of [csv], and day() reads its one declared format. For other text, see docs/readers/csv.md"
)
"""Text that the rule `expression` allows, for messages."""
_SERIALS = {"excel": "1899-12-30", "excel-1904": "1904-01-01"}
_CALL = re.compile(r"(?i)\bday\s*\([^()]*(?:\([^()]*\)[^()]*)*,\s*'([^']*)'\s*\)")


def day_formats() -> tuple[str, ...]:
    """Return the formats that `day(text, format)` accepts.

    >>> day_formats()[:3], "d-mon-y time" in day_formats()
    (('m/d/y', 'm/d/y time', 'm-d-y'), True)
    """
    return (*(f"{order}{time}" for order in ORDERS for time in ("", " time")), *_SERIALS)


def day_pattern(order: str) -> tuple[str, str]:
    """Return the regular expression and the strptime mask of a format, without its time.

    >>> day_pattern("m/d/y")
    ('\\\\d{1,2}/\\\\d{1,2}/\\\\d{4}', '%m/%d/%Y')
    """
    words = re.findall(r"mon|yy|[ymd]|[/.-]", order)
    pattern = "".join(_PARTS[word][0] if word in _PARTS else re.escape(word) for word in words)
    mask = "".join(_PARTS[word][1] if word in _PARTS else word for word in words)
    return (r"\d{4}\d{2}\d{2}" if order == "ymd" else pattern), mask


def find_formats(expression: str) -> tuple[str, ...]:
    """Return the date formats that an expression declares.

    >>> find_formats("day(trim(DOS), 'm/d/y')")
    ('m/d/y',)
    """
    return tuple(_CALL.findall(expression))


def define_macros(connection: duckdb.DuckDBPyConnection, decimal: str) -> None:
    """Define the macros in a connection. `decimal` is the decimal mark that dollars() expects."""
    connection.execute(_render_dollars(decimal))
    connection.execute(
        r"CREATE OR REPLACE MACRO day(raw) AS CASE WHEN regexp_full_match(raw, "
        r"'\d{4}-\d{2}-\d{2}[ T]00:00(:00(\.0+)?)?Z?') THEN left(raw, 10) ELSE raw END, "
        f"(raw, format) AS {_render_day()}"
    )


def dollars_pattern(decimal: str) -> str:
    """Return the regular expression of the text that `dollars` reads, for both DuckDB and Python.

    >>> [bool(re.fullmatch(dollars_pattern("."), text)) for text in ("($1,234.50)", " 12.50 CR", ".5", "12.345")]
    [True, True, True, False]
    """
    mark, other = (r"\.", ",") if decimal == "." else (",", r"\.")
    grouped = "|".join(rf"\d{{1,3}}(?:{sign}\d{{3}})+" for sign in (other, f"[{BLANKS}]", "'"))
    number = rf"(?:(?:\d{{1,16}}|{grouped})(?:{mark}\d{{1,2}})?|{mark}\d{{1,2}})"
    blanks = f"[{BLANKS}]*"
    amount = rf"(?:\$?{blanks}{number})"
    signed = (
        rf"[-+]?{amount}|\$[-+]{number}|{amount}-|\({blanks}{amount}{blanks}\)|{amount}{blanks}(?:[Cc][Rr]|[Dd][Rr])"
    )
    return f"{blanks}(?:{signed}){blanks}"


def _render_dollars(decimal: str) -> str:
    """Return the macro, which reads `($1,234.50)`, `-1234.5`, `1,234.5-`, and `12.50 CR`, and fails for `12.345`."""
    pattern = dollars_pattern(decimal).replace("'", "''")
    plain = f"regexp_replace(amount, '[^0-9{decimal}]', '', 'g')"
    value = f"CAST(replace({plain}, ',', '.') AS DECIMAL(18, 2))"
    # The last branch fails on purpose. DuckDB's TRY catches a failed cast, but does not accept error(), a volatile
    # function.
    return (
        f"CREATE MACRO dollars(amount) AS CASE WHEN amount IS NULL THEN NULL "
        f"WHEN regexp_full_match(amount, '{pattern}') "
        f"THEN CASE WHEN regexp_matches(amount, '[-(Cc]') THEN -{value} ELSE {value} END "
        f"ELSE CAST('no dollars' || amount AS DECIMAL(18, 2)) END"
    )


def _render_day() -> str:
    branches = []
    for order in ORDERS:
        pattern, mask = day_pattern(order)
        for time, tail in (("", ""), (" time", f"({TIME})?")):
            branches.append(
                f"WHEN format = '{order}{time}' AND regexp_full_match(raw, '[{BLANKS}]*{pattern}{tail}[{BLANKS}]*') "
                f"THEN CAST(strptime(regexp_extract(raw, '[^T{BLANKS}]+'), '{mask}') AS DATE)"
            )
    for name, first in _SERIALS.items():
        branches.append(
            rf"WHEN format = '{name}' AND regexp_full_match(raw, '\d{{1,7}}(\.\d+)?') "
            f"THEN DATE '{first}' + CAST(floor(CAST(raw AS DOUBLE)) AS INTEGER)"
        )
    return f"CASE WHEN raw IS NULL THEN NULL {' '.join(branches)} ELSE CAST('no day ' || raw AS DATE) END"

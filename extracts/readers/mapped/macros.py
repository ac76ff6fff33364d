r"""What a mapping's expressions may call: `dollars(text)` and `day(text)`, `day(text, format)`, all of them strict.

`day(text, format)` reads a day of one declared format and fails for what does not fit, so that `03/04/2026` is never
guessed at: a row of another format is quarantined. A format is one of `day_formats()`: y is four digits and yy two
(69 to 99 are 1969 to 1999), m and d one or two, mon a month as `JAN`; add ` time` where a time follows that is to be
dropped (`m/d/y time`); `excel` and `excel-1904` are a workbook's serial days that lost their format. `day(text)`
takes midnight off an ISO day and leaves anything else as it is, for the contract to judge.
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
"""Blanks around a value and between its thousands, those too that do not break a line."""
EXPRESSION = (
    "what the expression can read; dollars() reads 1,234.50 ($1,234.50) 1,234.50- 1,234.50 CR with the decimal mark of "
    "[csv], day() the one format that it declares; other texts need an expression of their own, see docs/readers/csv.md"
)
"""What the rule `expression` allows, for messages."""
_SERIALS = {"excel": "1899-12-30", "excel-1904": "1904-01-01"}
_CALL = re.compile(r"(?i)\bday\s*\([^()]*(?:\([^()]*\)[^()]*)*,\s*'([^']*)'\s*\)")


def day_formats() -> tuple[str, ...]:
    """List what `day(text, format)` knows.

    >>> day_formats()[:3], "d-mon-y time" in day_formats()
    (('m/d/y', 'm/d/y time', 'm-d-y'), True)
    """
    return (*(f"{order}{time}" for order in ORDERS for time in ("", " time")), *_SERIALS)


def day_pattern(order: str) -> tuple[str, str]:
    """Return the regular expression and the strptime mask of a format without its time.

    >>> day_pattern("m/d/y")
    ('\\\\d{1,2}/\\\\d{1,2}/\\\\d{4}', '%m/%d/%Y')
    """
    words = re.findall(r"mon|yy|[ymd]|[/.-]", order)
    pattern = "".join(_PARTS[word][0] if word in _PARTS else re.escape(word) for word in words)
    mask = "".join(_PARTS[word][1] if word in _PARTS else word for word in words)
    return (r"\d{4}\d{2}\d{2}" if order == "ymd" else pattern), mask


def find_formats(expression: str) -> tuple[str, ...]:
    """Find the formats that an expression declares for days.

    >>> find_formats("day(trim(DOS), 'm/d/y')")
    ('m/d/y',)
    """
    return tuple(_CALL.findall(expression))


def define_macros(connection: duckdb.DuckDBPyConnection, decimal: str) -> None:
    """Define the macros in a connection; `decimal` is what dollars() takes for the decimal mark."""
    connection.execute(_render_dollars(decimal))
    connection.execute(
        r"CREATE OR REPLACE MACRO day(given) AS CASE WHEN regexp_full_match(given, "
        r"'\d{4}-\d{2}-\d{2}[ T]00:00(:00(\.0+)?)?Z?') THEN left(given, 10) ELSE given END, "
        f"(given, format) AS {_render_day()}"
    )


def dollars_pattern(decimal: str) -> str:
    """Return the regular expression of what `dollars` reads under a decimal mark; one for DuckDB and Python alike.

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
    """`($1,234.50)`, `-1234.5`, `1,234.5-`, `12.50 CR`; anything else, `12.345` too, is an error."""
    pattern = dollars_pattern(decimal).replace("'", "''")
    plain = f"regexp_replace(amount, '[^0-9{decimal}]', '', 'g')"
    value = f"CAST(replace({plain}, ',', '.') AS DECIMAL(18, 2))"
    # The last branch fails on purpose: DuckDB's TRY catches a failed cast, but refuses error() as volatile.
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
                f"WHEN format = '{order}{time}' AND regexp_full_match(given, '[{BLANKS}]*{pattern}{tail}[{BLANKS}]*') "
                f"THEN CAST(strptime(regexp_extract(given, '[^T{BLANKS}]+'), '{mask}') AS DATE)"
            )
    for name, first in _SERIALS.items():
        branches.append(
            rf"WHEN format = '{name}' AND regexp_full_match(given, '\d{{1,7}}(\.\d+)?') "
            f"THEN DATE '{first}' + CAST(floor(CAST(given AS DOUBLE)) AS INTEGER)"
        )
    return f"CASE WHEN given IS NULL THEN NULL {' '.join(branches)} ELSE CAST('no day ' || given AS DATE) END"

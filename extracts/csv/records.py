"""Strict RFC 4180 CSV: find which lines form a record, and which records are broken.

DuckDB's reader is fast but forgiving (2.0, strict mode). It drops an empty extra field, trims blanks around quotes, and
lets one unclosed quote swallow the rest of the file without an error. Nothing may be lost here, so this scanner checks
every record first, and DuckDB reads only what is known to be clean.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import chain
from typing import NamedTuple

from payrank.extracts.csv.raw_bytes import UTF8_MARK

MAX_RECORD_LINES = 1000
"""A quote that does not close within this many lines is treated as unclosed."""

_QUOTED = re.compile(rb'"[^"]*"')


class Record(NamedTuple):
    """One record: the physical line it starts on, its bytes without the line end, and the rule it breaks, if any."""

    line: int
    body: bytes
    rule: str | None


def read_records(lines: Iterable[bytes], *, fields: int | None, delimiter: bytes = b",") -> Iterator[Record]:
    r"""Read records from physical lines, and skip blank lines.

    If a quote never closes, only the first line of its record is broken, and reading continues on the next line: one
    bad quote costs one row, not the rest of the file. The first record is the header, and its field count is not
    checked against `fields`.

    >>> [(record.line, record.rule) for record in read_records([b"a,b\n", b'"x\n', b'y",2\n', b"1\n"], fields=2)]
    [(1, None), (2, None), (4, 'missing_columns')]
    """
    expected = None
    queue = _Lines(lines)
    while (raw := queue.take()) is not None:
        line = queue.number
        body = strip_end(raw)
        if line == 1:
            body = body.removeprefix(UTF8_MARK)
        if not body:
            continue
        rule = None
        if b'"' in body or b"\r" in body:
            body, rule = _read_quoted(body, raw, queue, expected, delimiter)
        else:
            rule = check_field_count(body.count(delimiter) + 1, expected)
        yield Record(line, body, rule)
        expected = fields


def check_field_count(width: int, expected: int | None) -> str | None:
    """Return the rule that a record with `width` fields breaks, or None. A header (`expected` None) breaks no rule.

    >>> check_field_count(3, 4), check_field_count(4, 4)
    ('missing_columns', None)
    """
    if expected is None or width == expected:
        return None
    return "missing_columns" if width < expected else "too_many_columns"


def strip_end(raw: bytes) -> bytes:
    """Remove the line end from a physical line.

    >>> strip_end(b"a,b" + bytes([13, 10])), strip_end(b"a,b")
    (b'a,b', b'a,b')
    """
    if raw.endswith(b"\r\n"):
        return raw[:-2]
    return raw[:-1] if raw.endswith(b"\n") else raw


class _Lines:
    """Physical lines, counted from 1, that can be put back."""

    def __init__(self, lines: Iterable[bytes]) -> None:
        self.lines = iter(lines)
        self.back: deque[bytes] = deque()
        self.number = 0

    def take(self) -> bytes | None:
        line = self.back.popleft() if self.back else next(self.lines, None)
        self.number += line is not None
        return line

    def put_back(self, lines: list[bytes]) -> None:
        self.back.extendleft(reversed(lines))
        self.number -= len(lines)


def _read_quoted(
    body: bytes, raw: bytes, later: _Lines, expected: int | None, delimiter: bytes
) -> tuple[bytes, str | None]:
    """Read a record with quotes or carriage returns. An odd number of quotes means that one is still open."""
    if raw.count(b'"') % 2:
        whole = _join_lines(body, raw, later, delimiter)
        if whole is None:
            return body, "unclosed_quote"
        body = whole
    elif expected is not None and _record_pattern(delimiter, expected).fullmatch(body):
        return body, None
    elif not _record_pattern(delimiter, None).fullmatch(body):
        return body, "stray_quote" if b'"' in body else "stray_carriage_return"
    return body, check_field_count(_QUOTED.sub(b"", body).count(delimiter) + 1, expected)


def _join_lines(body: bytes, raw: bytes, later: _Lines, delimiter: bytes) -> bytes | None:
    """Add lines until no quote is open and the record is well formed. Otherwise put them back and return None."""
    taken: list[bytes] = []
    is_open = 1
    while is_open and len(taken) < MAX_RECORD_LINES and (line := later.take()) is not None:
        taken.append(line)
        is_open ^= line.count(b'"') % 2
    end = raw[len(strip_end(raw)) :]
    whole = strip_end(b"".join(chain([body, end], taken)))
    if not is_open and _record_pattern(delimiter, None).fullmatch(whole):
        return whole
    later.put_back(taken)
    return None


@cache
def _record_pattern(delimiter: bytes, fields: int | None) -> re.Pattern[bytes]:
    mark = re.escape(delimiter)
    field = rb'(?:"[^"]*(?:""[^"]*)*"|[^"' + mark + rb"\r\n]*)"
    further = b"*" if fields is None else b"{%d}" % (fields - 1)
    return re.compile(field + b"(?:" + mark + field + b")" + further)

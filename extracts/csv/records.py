"""CSV to the letter of RFC 4180: which lines make a record, and which lines are broken.

DuckDB's reader is fast but forgiving: it drops an empty extra field, trims blanks around quotes and lets one unclosed
quote swallow the rest of the file without a word (2.0, strict mode). Nothing may be lost here, so every record is
checked by this scanner first, and DuckDB then reads what is known to be clean.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import chain
from typing import NamedTuple

from payrank.extracts.csv.raw_bytes import UTF8_MARK

LONGEST_RECORD = 1000
"""Lines. A quote that does not close within as many is not meant to."""

_QUOTED = re.compile(rb'"[^"]*"')


class Record(NamedTuple):
    """One record: the physical line it starts on, its bytes without the line end, and the rule it breaks, if any."""

    line: int
    body: bytes
    rule: str | None


def read_records(lines: Iterable[bytes], *, fields: int | None, delimiter: bytes = b",") -> Iterator[Record]:
    r"""Read records off physical lines; blank lines are no records.

    A record whose quote never closes is broken by its first line alone, and reading goes on at the next line: one bad
    quote costs one row, not the rest of the file. The first record is the header and is never counted against `fields`.

    >>> [(record.line, record.rule) for record in read_records([b"a,b\n", b'"x\n', b'y",2\n', b"1\n"], fields=2)]
    [(1, None), (2, None), (4, 'missing_columns')]
    """
    wanted = None
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
            body, rule = _read_quoted(body, raw, queue, wanted, delimiter)
        else:
            rule = judge_fields(body.count(delimiter) + 1, wanted)
        yield Record(line, body, rule)
        wanted = fields


def judge_fields(found: int, wanted: int | None) -> str | None:
    """Return the rule that a record of so many fields breaks, or None; a header (`wanted` None) breaks none.

    >>> judge_fields(3, 4), judge_fields(4, 4)
    ('missing_columns', None)
    """
    if wanted is None or found == wanted:
        return None
    return "missing_columns" if found < wanted else "too_many_columns"


def strip_end(raw: bytes) -> bytes:
    """Take the line end off a physical line.

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
    body: bytes, raw: bytes, later: _Lines, wanted: int | None, delimiter: bytes
) -> tuple[bytes, str | None]:
    """Read a record that holds quotes or carriage returns; an odd number of quotes means that one is still open."""
    if raw.count(b'"') % 2:
        whole = _join_lines(body, raw, later, delimiter)
        if whole is None:
            return body, "unclosed_quote"
        body = whole
    elif wanted is not None and _record_pattern(delimiter, wanted).fullmatch(body):
        return body, None
    elif not _record_pattern(delimiter, None).fullmatch(body):
        return body, "stray_quote" if b'"' in body else "stray_carriage_return"
    return body, judge_fields(_QUOTED.sub(b"", body).count(delimiter) + 1, wanted)


def _join_lines(body: bytes, raw: bytes, later: _Lines, delimiter: bytes) -> bytes | None:
    """Take further lines until no quote is open and the record is well formed; None, and none taken, if it never is."""
    taken: list[bytes] = []
    is_open = 1
    while is_open and len(taken) < LONGEST_RECORD and (line := later.take()) is not None:
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

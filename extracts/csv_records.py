"""CSV to the letter of RFC 4180: which lines make a record, and which lines are broken.

DuckDB's reader is fast but forgiving: it drops an empty extra field, trims blanks around quotes and lets one unclosed
quote swallow the rest of the file without a word (2.0, strict mode). Nothing may be lost here, so every record is
checked by this scanner first, and DuckDB then reads what is known to be clean.
"""

from __future__ import annotations

import csv
import re
from bisect import bisect_right
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import chain
from pathlib import Path

from extracts.csv_bytes import UTF8_MARK, LineEnds, open_bytes, refuse_bytes

LONGEST_RECORD = 1000
"""Lines. A quote that does not close within as many is not meant to."""

_SEPARATORS = {"a tab": "\t", "semicolons": ";", "pipes": "|", "commas": ","}
_QUOTED = re.compile(rb'"[^"]*"')


@dataclass(frozen=True, slots=True)
class Record:
    """One record: the physical line it starts on, its bytes without the line end, and the rule it breaks, if any."""

    line: int
    body: bytes
    rule: str | None


@dataclass(frozen=True, slots=True)
class Scan:
    """What a scan found: `good` records, the `broken` ones as (line, rule), and where each good record lies."""

    good: int
    broken: tuple[tuple[int, str], ...]
    starts: tuple[tuple[int, int], ...]
    closed: bool
    cut: bool

    def line_of(self, ordinal: int) -> int:
        """Return the physical line (from 1) on which the good record of this ordinal (from 0) starts."""
        first, line = self.starts[bisect_right(self.starts, (ordinal, 1 << 62)) - 1]
        return line + ordinal - first


@cache
def _record_pattern(delimiter: bytes) -> re.Pattern[bytes]:
    mark = re.escape(delimiter)
    field = rb'(?:"(?:[^"]|"")*"|[^"' + mark + rb"\r\n]*)"
    return re.compile(field + rb"(?:" + mark + field + rb")*")


def read_header(path: Path, *, delimiter: str = ",") -> tuple[str, ...]:
    """Read the names of the columns.

    Raises
    ------
    ExtractRefused
        When the header is blank, broken, separated otherwise, has an empty name or the same name twice.
    """
    with open_bytes(path) as file:
        record = next(read_records(file, fields=None, delimiter=delimiter.encode()), None)
    if record is None or record.rule is not None or record.line != 1:
        raise refuse_bytes(path, "the header line is blank or broken", "Give each column a name of its own.")
    names = tuple(next(csv.reader([record.body.decode()], delimiter=delimiter, strict=True)))
    other = [word for word, mark in _SEPARATORS.items() if len(names) == 1 and mark in names[0]]
    if other:
        advice = "Export with commas, or import with the delimiter in the mapping."
        raise refuse_bytes(path, f"the header seems to be separated by {other[0]}", advice)
    if not all(names):
        raise refuse_bytes(path, "the header has a column without a name", "Name it or take it out.")
    folded = [name.casefold() for name in names]
    twice = [str(place) for place, name in enumerate(folded, start=1) if folded.count(name) > 1]
    if twice:  # by place: in a file without a header the names are a patient's values
        found = f"the header gives columns {', '.join(twice)} a name that another has (capitals aside)"
        raise refuse_bytes(path, found, "Rename or drop one.")
    return names


def scan_records(path: Path, *, fields: int, ends: LineEnds, delimiter: str = ",") -> Scan:
    """Check every record after the header against the number of fields.

    Parameters
    ----------
    fields
        Columns of the header.
    ends
        What `check_bytes` found: a broken last record without a line end means that the file was cut.
    """
    good = 0
    broken: list[tuple[int, str]] = []
    starts: list[tuple[int, int]] = []
    expected_line = -1
    last = None
    with open_bytes(path) as file:
        records = read_records(file, fields=fields, delimiter=delimiter.encode())
        next(records)
        for last in records:
            if last.rule is not None:
                broken.append((last.line, last.rule))
                continue
            if last.line != expected_line:
                starts.append((good, last.line))
            expected_line = last.line + 1
            good += 1
    cut = not ends.closed and last is not None and last.rule in {"missing_columns", "unclosed_quote"}
    return Scan(good, tuple(broken), tuple(starts), ends.closed, cut)


def write_good_records(path: Path, *, fields: int, out: Path, delimiter: str = ",") -> None:
    """Write the header and the good records alone to another file, each line ended by LF."""
    with open_bytes(path) as file, out.open("wb") as clean:
        records = read_records(file, fields=fields, delimiter=delimiter.encode())
        clean.write(next(records).body + b"\n")
        clean.writelines(record.body + b"\n" for record in records if record.rule is None)


def read_records(lines: Iterable[bytes], *, fields: int | None, delimiter: bytes = b",") -> Iterator[Record]:
    r"""Read records off physical lines; blank lines are no records.

    A record whose quote never closes is broken by its first line alone, and reading goes on at the next line: one bad
    quote costs one row, not the rest of the file. The first record is the header and is never counted against `fields`.

    >>> [(record.line, record.rule) for record in read_records([b"a,b\n", b'"x\n', b'y",2\n', b"1\n"], fields=2)]
    [(1, None), (2, None), (4, 'missing_columns')]
    """
    wanted = None
    pattern = _record_pattern(delimiter)
    for line, raw, later in _walk(lines):
        body = _strip_end(raw)
        if line == 1 and body.startswith(UTF8_MARK):
            body = body[len(UTF8_MARK) :]
        if not body:
            continue
        if b'"' in body or b"\r" in body:
            body, rule = _join_quoted(body, raw, later, pattern)
            found = rule or _judge(_count_fields(body, delimiter), wanted)
        else:
            found = _judge(body.count(delimiter) + 1, wanted)
        yield Record(line, body, found)
        wanted = fields


class _Lines:
    """Physical lines that can be put back."""

    def __init__(self, lines: Iterable[bytes]) -> None:
        self.lines = iter(lines)
        self.back: deque[bytes] = deque()
        self.number = 0

    def take(self) -> bytes | None:
        self.number += 1
        return self.back.popleft() if self.back else next(self.lines, None)

    def put_back(self, lines: list[bytes]) -> None:
        self.back.extendleft(reversed(lines))
        self.number -= len(lines)


def _walk(lines: Iterable[bytes]) -> Iterator[tuple[int, bytes, _Lines]]:
    queue = _Lines(lines)
    while (raw := queue.take()) is not None:
        yield queue.number, raw, queue


def _join_quoted(body: bytes, raw: bytes, later: _Lines, pattern: re.Pattern[bytes]) -> tuple[bytes, str | None]:
    """Take further lines while a quote is open; an odd number of quotes means that one is."""
    open_quote = raw.count(b'"') % 2
    if not open_quote:
        return body, None if pattern.fullmatch(body) else "stray_quote" if b'"' in body else "stray_carriage_return"
    joined = [body + raw[len(_strip_end(raw)) :]]
    taken: list[bytes] = []
    while open_quote and len(taken) < LONGEST_RECORD:
        following = later.take()
        if following is None:
            later.number -= 1
            break
        taken.append(following)
        open_quote ^= following.count(b'"') % 2
    if not open_quote:
        whole = _strip_end(b"".join(chain(joined, taken)))
        if pattern.fullmatch(whole):
            return whole, None
    later.put_back(taken)
    return body, "unclosed_quote"


def _judge(found: int, wanted: int | None) -> str | None:
    if wanted is None or found == wanted:
        return None
    return "missing_columns" if found < wanted else "too_many_columns"


def _count_fields(body: bytes, delimiter: bytes) -> int:
    """Count the fields of a record that is known to be well formed."""
    return _QUOTED.sub(b"", body).count(delimiter) + 1


def _strip_end(raw: bytes) -> bytes:
    if raw.endswith(b"\r\n"):
        return raw[:-2]
    return raw[:-1] if raw.endswith(b"\n") else raw

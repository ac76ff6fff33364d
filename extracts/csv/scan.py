"""Scan a whole CSV file: its header, the number of good records, and the broken records with their lines."""

from __future__ import annotations

import csv
from bisect import bisect_right
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from payrank.extracts.csv.raw_bytes import CHUNK, LineEnds, open_bytes, refuse_bytes
from payrank.extracts.csv.records import check_field_count, read_records

_SEPARATORS = {"a tab": "\t", "semicolons": ";", "pipes": "|", "commas": ","}
_BLANK = (b"", b"\r")


@dataclass(frozen=True, slots=True)
class Scan:
    """The result of a scan: the number of `good` records, and the `broken` ones as (line, rule).

    `starts` gives (ordinal of a good record, line) wherever the line numbers jump. `closed`: the last line has a line
    end. `cut`: the file ends in the middle of a row.
    """

    good: int
    broken: tuple[tuple[int, str], ...]
    starts: tuple[tuple[int, int], ...]
    closed: bool
    cut: bool

    def line_of(self, ordinal: int) -> int:
        """Return the physical line (from 1) of a good record, by its ordinal (from 0)."""
        first, line = self.starts[bisect_right(self.starts, (ordinal, 1 << 62)) - 1]
        return line + ordinal - first


def read_header(path: Path, *, delimiter: str = ",") -> tuple[str, ...]:
    """Read the column names.

    Raises
    ------
    ExtractRefusedError
        When the header is blank or broken, uses another separator, or has an empty name or the same name twice.
    """
    with open_bytes(path) as file:
        record = next(read_records(file, fields=None, delimiter=delimiter.encode()), None)
    if record is None or record.rule is not None or record.line != 1:
        raise refuse_bytes(path, "the header line is blank or broken", "Give each column a unique name.")
    names = tuple(next(csv.reader([record.body.decode()], delimiter=delimiter, strict=True)))
    other = [word for word, mark in _SEPARATORS.items() if len(names) == 1 and mark in names[0]]
    if other:
        advice = "Export with commas, or import with the delimiter in the mapping."
        raise refuse_bytes(path, f"the header seems to be separated by {other[0]}", advice)
    if not all(names):
        raise refuse_bytes(path, "the header has a column without a name", "Name it or remove it.")
    folded = [name.casefold() for name in names]
    twice = [str(place) for place, name in enumerate(folded, start=1) if folded.count(name) > 1]
    if twice:  # Named by position: in a file without a header, the names are a patient's values.
        problem = f"columns {', '.join(twice)} of the header have the same name as another (ignoring case)"
        raise refuse_bytes(path, problem, "Rename or drop one.")
    return names


def scan_records(path: Path, *, fields: int, ends: LineEnds, delimiter: str = ",") -> Scan:
    """Check every record after the header against the number of fields.

    Parameters
    ----------
    fields
        Columns of the header.
    ends
        The result of `check_bytes`. A broken last record without a line end means that the file was truncated.
    """
    tally = _Tally()
    mark = delimiter.encode()
    with open_bytes(path) as file:
        if ends.quoted or ends.mixed:
            records = read_records(file, fields=fields, delimiter=mark)
            next(records)
            for record in records:
                tally.add(record.line, record.rule)
        else:
            file.readline()
            _scan_plain(file, fields, mark, tally)
    cut = not ends.closed and tally.last_rule in {"missing_columns", "unclosed_quote"}
    return Scan(tally.good, tuple(tally.broken), tuple(tally.starts), ends.closed, cut)


class _Tally:
    def __init__(self) -> None:
        self.good = 0
        self.broken: list[tuple[int, str]] = []
        self.starts: list[tuple[int, int]] = []
        self.next_line = -1
        self.last_rule: str | None = None

    def add(self, line: int, rule: str | None, records: int = 1) -> None:
        """Count records of one line each. The first is on `line`."""
        self.last_rule = rule
        if rule is not None:
            self.broken.append((line, rule))
            return
        if line != self.next_line:
            self.starts.append((self.good, line))
        self.next_line = line + records
        self.good += records


def _scan_plain(file: BinaryIO, fields: int, delimiter: bytes, tally: _Tally) -> None:
    """Count the fields of lines without quotes, in chunks: ten times as fast as record by record."""
    line = 2
    while chunk := file.read(CHUNK):
        lines = (chunk + file.readline()).split(b"\n")
        if not lines[-1]:
            lines.pop()
        if {text.count(delimiter) for text in lines} == {fields - 1} and not _has_blank(lines):
            tally.add(line, None, len(lines))
        else:
            for number, text in enumerate(lines, start=line):
                if text not in _BLANK:
                    tally.add(number, check_field_count(text.count(delimiter) + 1, fields))
        line += len(lines)


def _has_blank(lines: list[bytes]) -> bool:
    return any(blank in lines for blank in _BLANK)


def write_good_records(path: Path, *, fields: int, out: Path, delimiter: str = ",") -> None:
    """Write only the header and the good records to another file, with LF line ends."""
    with open_bytes(path) as file, out.open("wb") as clean:
        records = read_records(file, fields=fields, delimiter=delimiter.encode())
        clean.write(next(records).body + b"\n")
        clean.writelines(record.body + b"\n" for record in records if record.rule is None)

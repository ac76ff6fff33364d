"""Remove the lines of a delimited file that are not records: titles above the header, and the declared trailer."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Sequence
from pathlib import Path

from payrank.extracts.csv.raw_bytes import check_bytes, open_bytes, refuse_bytes
from payrank.extracts.errors import ExtractRefusedError
from payrank.extracts.readers.mapped.declared import strip_padding


def trim_lines(
    path: Path, out: Path, *, header_row: int, trailer: Sequence[re.Pattern[str]], delimiter: str
) -> dict[str, str]:
    """Copy a UTF-8 file from its header to the line before its trailer.

    Parameters
    ----------
    out
        The copy, in the private workspace.
    header_row
        Line number of the header, from 1. Lines above it are titles.
    trailer
        Patterns that the last nonblank lines must match, in their order. Empty if the file has no trailer.

    Returns
    -------
    The trailer's `rows` and `total`, as text.

    Raises
    ------
    ExtractRefusedError
        When the file cannot be read as text, has no line `header_row`, or ends without the declared trailer.
    """
    check_bytes(path)
    tail: deque[bytes] = deque()
    trailer_size = len(trailer)
    last: deque[bytes] = deque()
    with open_bytes(path) as file, out.open("wb") as copy:
        for number, line in enumerate(file, start=1):
            if number < header_row:
                continue
            tail.append(line)
            if line.strip(b"\r\n"):
                last.append(line)
            # Hold back the last lines, which may be the trailer, and copy the lines before them. Blank lines stay with
            # the line that they follow.
            while len(last) > trailer_size:
                last.popleft()
                while tail and (not last or tail[0] is not last[0]):
                    copy.write(tail.popleft())
        if not last and not copy.tell():
            raise refuse_bytes(path, f"has nothing in line {header_row} or after", "Correct header_row.")
    return _read_trailer(path, list(last), trailer, delimiter)


def _read_trailer(
    path: Path, lines: Iterable[bytes], trailer: Sequence[re.Pattern[str]], delimiter: str
) -> dict[str, str]:
    texts = [strip_padding(line.decode(), delimiter) for line in lines]
    matches = [pattern.fullmatch(text) for pattern, text in zip(trailer, texts, strict=False)]
    values = [match for match in matches if match is not None]
    if len(values) < len(trailer):
        raise ExtractRefusedError(
            f"{path.name}: does not end with the trailer that the mapping declares. Allowed: its last nonblank line "
            "matches trailer. The file was truncated, or its trailer differs: send the complete file again, or correct "
            "the mapping."
        )
    return {name: text for match in values for name, text in match.groupdict().items() if text is not None}

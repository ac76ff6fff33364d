"""Takes off a delimited file what is no record: titles above its header, and the trailer that its sender declares."""

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
    """Write a copy of a UTF-8 file from its header's line to the line before its trailer.

    Parameters
    ----------
    out
        The copy, in the private workspace.
    header_row
        Line of the header, from 1; what stands above it are titles.
    trailer
        What the last lines that are not blank must match, in their order; none where the file has no trailer.

    Returns
    -------
    What the trailer tells: `rows` and `total`, as they are written.

    Raises
    ------
    ExtractRefusedError
        When the file is no text that can be read, has no line `header_row`, or ends without the declared trailer.
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
            # Only what stands before the last lines is surely no trailer; blank lines are kept with what they follow.
            while len(last) > trailer_size:
                last.popleft()
                while tail and (not last or tail[0] is not last[0]):
                    copy.write(tail.popleft())
        if not last and not copy.tell():
            raise refuse_bytes(path, f"holds nothing in line {header_row} or after", "Correct header_row.")
    return _read_trailer(path, list(last), trailer, delimiter)


def _read_trailer(
    path: Path, lines: Iterable[bytes], trailer: Sequence[re.Pattern[str]], delimiter: str
) -> dict[str, str]:
    texts = [strip_padding(line.decode(), delimiter) for line in lines]
    matches = [pattern.fullmatch(text) for pattern, text in zip(trailer, texts, strict=False)]
    values = [match for match in matches if match is not None]
    if len(values) < len(trailer):
        raise ExtractRefusedError(
            f"{path.name}: does not end with the trailer that the mapping declares. Allowed: its last line that is not "
            "blank matches trailer. The file was cut, or its trailer is worded otherwise: send the whole file again, "
            "or correct the mapping."
        )
    return {name: text for match in values for name, text in match.groupdict().items() if text is not None}

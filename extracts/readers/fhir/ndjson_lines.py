"""Read the lines of an ndjson file one at a time, with a maximum length, so that memory use is bounded."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from payrank.extracts.csv.raw_bytes import BOMB_BYTES, BOMB_RATIO, UTF8_MARK, open_bytes
from payrank.extracts.errors import ExtractRefusedError

MAX_LINE_BYTES = 16 << 20
"""Maximum bytes per resource. Bulk servers send resources of a few KiB. Attachments are the largest and are not read.
"""
_ALLOWED = "Allowed: FHIR bulk data, one JSON resource per line, UTF-8, as .ndjson or .ndjson.gz."


def read_lines(path: Path, longest: int = MAX_LINE_BYTES) -> Iterator[tuple[int, bytes | None]]:
    """Yield each non-blank line with its number, or None for a line above the maximum length.

    Raises
    ------
    ExtractRefusedError
        If the file is UTF-16, is a damaged gzip or a gzip bomb, or cannot be read. The message names the file.
    """
    try:
        with open_bytes(path) as file:
            yield from _split(path, file, longest)
    except (EOFError, gzip.BadGzipFile, zlib.error):
        raise _refuse(path, "truncated or damaged gzip", "Send the file again.") from None
    except OSError as error:
        raise _refuse(path, f"cannot be read ({type(error).__name__})", "Check the file's permissions.") from None


def _split(path: Path, file: BinaryIO, longest: int) -> Iterator[tuple[int, bytes | None]]:
    size, taken, number = path.stat().st_size, 0, 0
    while line := file.readline(longest + 1):
        number += 1
        taken += len(line)
        if number == 1:
            if line.startswith((b"\xff\xfe", b"\xfe\xff")):
                raise _refuse(path, "UTF-16 text", "Export as UTF-8.")
            line = line.removeprefix(UTF8_MARK)
        too_long = len(line) > longest
        while len(line) > longest and not line.endswith(b"\n"):
            line = file.readline(longest + 1)
            taken += len(line)
            _check_growth(path, taken, size)
        _check_growth(path, taken, size)
        if too_long:
            yield number, None
        elif text := line.strip(b" \t\r\n"):
            yield number, text


def _check_growth(path: Path, taken: int, size: int) -> None:
    if taken > BOMB_BYTES and taken > BOMB_RATIO * size:
        raise _refuse(path, "gzip expands to over 200 times its size (a bomb)", "If it is real, send it uncompressed.")


def _refuse(path: Path, problem: str, advice: str) -> ExtractRefusedError:
    return ExtractRefusedError(f"{path.name}: {problem}. {_ALLOWED} {advice}")

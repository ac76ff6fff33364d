"""Check the bytes of a CSV file before parsing: plain or gzip, complete, UTF-8, no NUL bytes, and proper line ends."""

from __future__ import annotations

import codecs
import gzip
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from payrank.extracts.errors import ExtractRefusedError

CHUNK = 1 << 20
MAX_LINE_BYTES = 1 << 20
"""Longest line, in bytes. DuckDB reads lines up to 2 MB, and rows of an AR extract are far shorter."""
BOMB_BYTES = 64 << 20
BOMB_RATIO = 200
"""A gzip file that expands to over 64 MiB and over 200 times its size is a bomb. CSV exports compress 5 to 30 times."""

UTF8_MARK = codecs.BOM_UTF8
_UTF16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_ALLOWED = "Allowed: comma-separated UTF-8 text with double quotes, a header, and lines that end with LF or CRLF."


@dataclass(frozen=True, slots=True)
class LineEnds:
    """Line ends of a file. `mixed`: they differ, or there is a lone carriage return.

    `closed`: the last line has a line end. `quoted`: the file has a double quote, so a record may span lines.
    """

    mixed: bool
    closed: bool
    quoted: bool


@contextmanager
def open_bytes(path: Path) -> Iterator[BinaryIO]:
    """Open a file to read its bytes. A name that ends with .gz is decompressed."""
    if path.name.endswith(".gz"):
        with gzip.open(path, "rb") as file:
            yield cast("BinaryIO", file)
    else:
        with path.open("rb") as plain:
            yield plain


def read_chunks(path: Path) -> Iterator[bytes]:
    """Read a file's bytes in chunks. A name that ends with .gz is decompressed.

    Raises
    ------
    ExtractRefusedError
        When the gzip is truncated, damaged, or a bomb, or the file cannot be read.
    """
    size, packed = 0, path.stat().st_size
    try:
        with open_bytes(path) as file:
            while chunk := file.read(CHUNK):
                size += len(chunk)
                refuse_bomb(path, size, packed)
                yield chunk
    except (EOFError, gzip.BadGzipFile, zlib.error):
        raise refuse_bytes(path, "truncated or damaged gzip", "Send the file again.") from None
    except OSError as error:
        raise refuse_bytes(path, f"cannot be read ({type(error).__name__})", "Check the file's permissions.") from None


def refuse_bomb(path: Path, size: int, packed: int) -> None:
    """Refuse a file that expands beyond what any table does.

    Raises
    ------
    ExtractRefusedError
        When `size` is over 64 MiB and over 200 times the `packed` size on disk.
    """
    if size > BOMB_BYTES and size > BOMB_RATIO * packed:
        raise refuse_bytes(
            path, "gzip expands to over 200 times its size (a bomb)", "If it is real, send it uncompressed."
        )


def check_bytes(path: Path) -> LineEnds:
    """Read a whole file once, and refuse anything that a CSV reader would have to guess about.

    Raises
    ------
    ExtractRefusedError
        When the file is empty, has UTF-16 or NUL bytes, is not UTF-8 (with the line), ends lines with lone carriage
        returns, has a line over 1 MiB, or is a truncated gzip, a damaged gzip, or a gzip bomb.
    """
    return _Inspection(path).run()


def refuse_bytes(path: Path, problem: str, advice: str) -> ExtractRefusedError:
    """Return the error for a file that cannot be used at all."""
    return ExtractRefusedError(f"{path.name}: {problem}. {_ALLOWED} {advice}")


class _Inspection:
    def __init__(self, path: Path) -> None:
        self.path = path
        self.decoder = codecs.getincrementaldecoder("utf-8")()
        self.bytes = self.line_feeds = self.returns = self.pairs = self.since_line_feed = 0
        self.last = b""
        self.quoted = False

    def run(self) -> LineEnds:
        for chunk in read_chunks(self.path):
            self.take(chunk)
        if not self.bytes:
            raise refuse_bytes(self.path, "the file is empty, without a header", "Send the file again.")
        self.decode(b"", final=True)
        if self.returns and not self.line_feeds:
            raise refuse_bytes(
                self.path, "lines end with a lone carriage return (CR)", "Export with LF or CRLF line ends."
            )
        mixed = self.returns not in (0, self.line_feeds) or self.returns != self.pairs
        return LineEnds(mixed=mixed, closed=self.last == b"\n", quoted=self.quoted)

    def take(self, chunk: bytes) -> None:
        if not self.bytes and chunk.startswith(_UTF16_MARKS):
            raise refuse_bytes(self.path, "UTF-16 text", "Export as UTF-8.")
        if b"\0" in chunk:
            line = self.line_feeds + chunk[: chunk.index(b"\0")].count(b"\n") + 1
            raise refuse_bytes(
                self.path,
                f"NUL byte in line {line} (binary data, or UTF-16 without a byte order mark)",
                "Export as UTF-8.",
            )
        self.decode(chunk, final=False)
        self.pairs += chunk.count(b"\r\n") + (self.last == b"\r" and chunk.startswith(b"\n"))
        self.returns += chunk.count(b"\r")
        first, last = chunk.find(b"\n"), chunk.rfind(b"\n")
        self.since_line_feed += len(chunk) if first < 0 else first
        if self.since_line_feed > MAX_LINE_BYTES:
            raise refuse_bytes(
                self.path, f"line {self.line_feeds + 1} is over 1 MiB long", "Look for a missing line end."
            )
        if last >= 0:
            self.since_line_feed = len(chunk) - last - 1
        self.line_feeds += chunk.count(b"\n")
        self.bytes += len(chunk)
        self.quoted = self.quoted or b'"' in chunk
        self.last = chunk[-1:]

    def decode(self, chunk: bytes, *, final: bool) -> None:
        try:
            self.decoder.decode(chunk, final)
        except UnicodeDecodeError as error:
            line = self.line_feeds + chunk[: max(error.start, 0)].count(b"\n") + 1
            raise refuse_bytes(
                self.path,
                f"line {line} is not UTF-8 (most likely Windows-1252, cp1252 or Latin-1)",
                "Export as UTF-8.",
            ) from None

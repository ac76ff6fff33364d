"""Read the text of an X12 file, plain or gzip, in chunks of bounded size."""

from __future__ import annotations

import codecs
import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path

from payrank.extracts.csv.raw_bytes import BOMB_BYTES, BOMB_RATIO, UTF8_MARK, open_bytes
from payrank.extracts.readers.x12.syntax.refuse import refuse_file

CHUNK = 1 << 18
"""Bytes per read. A larger value is not faster, and all segments of a chunk are in memory together."""

_UTF16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_ALLOWED = "835 or 837 text, one byte per character, also as .gz"


class Chunks:
    """Chunks of a file as text. Each byte becomes one character (Latin-1), so that no encoding loses data.

    After the last chunk, `latin1` is True if some bytes are not UTF-8.
    """

    def __init__(self, path: Path, name: str = "") -> None:
        self.path = path
        self.name = name or path.name
        self.bytes = 0
        self.latin1 = False
        self._decoder = codecs.getincrementaldecoder("utf-8")()

    def __iter__(self) -> Iterator[str]:
        """Read the chunks in order.

        Raises
        ------
        ExtractRefusedError
            If the file is empty, UTF-16, contains NUL bytes, is a damaged gzip or a gzip bomb, or cannot be read.
        """
        try:
            with open_bytes(self.path) as file:
                while chunk := file.read(CHUNK):
                    yield self._take(chunk).decode("latin-1")
        except (EOFError, gzip.BadGzipFile, zlib.error):
            raise refuse_file(self.name, "truncated or damaged gzip", _ALLOWED, "Send the file again.") from None
        except OSError as error:
            problem = f"cannot be read ({type(error).__name__})"
            raise refuse_file(self.name, problem, _ALLOWED, "Check the file's permissions.") from None
        if not self.bytes:
            raise refuse_file(self.name, "empty file", _ALLOWED, "Send the file again.")
        self._check_encoding(b"", final=True)

    def _take(self, chunk: bytes) -> bytes:
        if not self.bytes and chunk.startswith(_UTF16_MARKS):
            raise refuse_file(self.name, "UTF-16 text", _ALLOWED, "Export as UTF-8.")
        if b"\0" in chunk:
            problem = "NUL byte (binary data, or UTF-16 without a byte-order mark)"
            raise refuse_file(self.name, problem, _ALLOWED, "Export as UTF-8.")
        first = not self.bytes
        self.bytes += len(chunk)
        if self.bytes > BOMB_BYTES and self.bytes > BOMB_RATIO * self.path.stat().st_size:
            problem = f"gzip expands to over {BOMB_RATIO} times its size (a bomb)"
            raise refuse_file(self.name, problem, _ALLOWED, "Send it uncompressed if this is intended.")
        self._check_encoding(chunk, final=False)
        return chunk.removeprefix(UTF8_MARK) if first else chunk

    def _check_encoding(self, chunk: bytes, *, final: bool) -> None:
        # Only bytes outside ASCII can fail, and most files are pure ASCII.
        if self.latin1 or (chunk.isascii() and not final and not self._decoder.getstate()[0]):
            return
        try:
            self._decoder.decode(chunk, final)
        except UnicodeDecodeError:
            self.latin1 = True


def read_text(text: str) -> str:
    """Decode one element: as UTF-8 if its bytes are valid, otherwise as Latin-1.

    >>> read_text("Caf\xc3\xa9"), read_text("Caf\xe9")
    ('Café', 'Café')
    """
    if text.isascii():
        return text
    try:
        return text.encode("latin-1").decode("utf-8")
    except UnicodeDecodeError:
        return text

"""The text of an X12 file in pieces of bounded size: plain or gzip, whole, one byte a character, without NUL."""

from __future__ import annotations

import codecs
import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path

from payrank.extracts.csv.raw_bytes import BOMB_BYTES, BOMB_RATIO, UTF8_MARK, open_bytes
from payrank.extracts.readers.x12.syntax.refuse import refuse_file

CHUNK = 1 << 18
"""Bytes read at once. Larger is not faster, and every segment of a piece is in memory together."""

_UTF16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_ALLOWED = "835 or 837 text, one byte a character, also as .gz"


class Chunks:
    """Pieces of a file as text, each byte one character (Latin-1), so that nothing is lost whatever the encoding.

    `latin1` says, once all pieces are read, that some bytes are no UTF-8.
    """

    def __init__(self, path: Path, name: str = "") -> None:
        self.path = path
        self.name = name or path.name
        self.bytes = 0
        self.latin1 = False
        self._decoder = codecs.getincrementaldecoder("utf-8")()

    def __iter__(self) -> Iterator[str]:
        """Read piece after piece.

        Raises
        ------
        ExtractRefusedError
            By name: empty, UTF-16, NUL bytes, truncated or damaged gzip, a gzip bomb, not to be read at all.
        """
        try:
            with open_bytes(self.path) as file:
                while chunk := file.read(CHUNK):
                    yield self._take(chunk).decode("latin-1")
        except (EOFError, gzip.BadGzipFile, zlib.error):
            raise refuse_file(self.name, "truncated or damaged gzip", _ALLOWED, "Send the file again.") from None
        except OSError as error:
            found = f"cannot be read ({type(error).__name__})"
            raise refuse_file(self.name, found, _ALLOWED, "Check the file's permissions.") from None
        if not self.bytes:
            raise refuse_file(self.name, "empty file", _ALLOWED, "Send the file again.")
        self._judge(b"", final=True)

    def _take(self, chunk: bytes) -> bytes:
        if not self.bytes and chunk.startswith(_UTF16_MARKS):
            raise refuse_file(self.name, "UTF-16 text", _ALLOWED, "Export as UTF-8.")
        if b"\0" in chunk:
            found = "NUL byte (binary data, or UTF-16 without a mark)"
            raise refuse_file(self.name, found, _ALLOWED, "Export as UTF-8.")
        first = not self.bytes
        self.bytes += len(chunk)
        if self.bytes > BOMB_BYTES and self.bytes > BOMB_RATIO * self.path.stat().st_size:
            found = f"gzip grows over {BOMB_RATIO} times its size (a bomb)"
            raise refuse_file(self.name, found, _ALLOWED, "Send it uncompressed if it is meant.")
        self._judge(chunk, final=False)
        return chunk.removeprefix(UTF8_MARK) if first else chunk

    def _judge(self, chunk: bytes, *, final: bool) -> None:
        # Only what lies outside ASCII can fail, and files of ASCII alone are the rule.
        if self.latin1 or (chunk.isascii() and not final and not self._decoder.getstate()[0]):
            return
        try:
            self._decoder.decode(chunk, final)
        except UnicodeDecodeError:
            self.latin1 = True


def read_text(text: str) -> str:
    """Read the characters of one element: UTF-8 where its bytes are, otherwise Latin-1 as it stands.

    >>> read_text("Caf\\xc3\\xa9"), read_text("Caf\\xe9")
    ('Café', 'Café')
    """
    if text.isascii():
        return text
    try:
        return text.encode("latin-1").decode("utf-8")
    except UnicodeDecodeError:
        return text

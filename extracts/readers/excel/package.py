"""Open an Excel workbook, a package of XML parts, within size limits, and read its sheets, texts, and formats.

The format is ECMA-376 (Office Open XML): part 1 for SpreadsheetML, and part 2 for the package. Expat reads the parts as
streams, without entities or document types, and numbers keep exactly the digits of the file.
"""

from __future__ import annotations

import posixpath
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from xml.parsers import expat

from payrank.extracts.csv import raw_bytes as csv_bytes
from payrank.extracts.errors import ExtractRefusedError
from payrank.extracts.readers.excel.cells import Format, read_format

MAX_TEXT_BYTES = 256 << 20
"""Largest part with shared texts, in bytes. It is kept in memory."""

ALLOWED = "Allowed: Excel workbooks (.xlsx, .xlsm) without a password."
_OLE = bytes.fromhex("D0CF11E0A1B11AE1")
_ESCAPED = re.compile("_x([0-9A-Fa-f]{4})_")

Start = Callable[[str, dict[str, str]], None]
End = Callable[[str], None]
Text = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Sheet:
    """A worksheet: its name, its part in the package, and whether it is hidden."""

    name: str
    part: str
    hidden: bool


@dataclass(frozen=True, slots=True)
class Book:
    """A workbook. `since_1904`: dates count from 1904. `uncalculated`: the results of formulas are not up to date.

    `texts` are the shared strings. `formats` has the number format of each cell style.
    """

    path: Path
    package: zipfile.ZipFile
    sheets: tuple[Sheet, ...]
    since_1904: bool
    uncalculated: bool
    texts: tuple[str, ...]
    formats: tuple[Format, ...]


def refuse_book(path: Path, problem: str, advice: str) -> ExtractRefusedError:
    """Return the error for a workbook that cannot be used at all."""
    return ExtractRefusedError(f"{path.name}: {problem}. {ALLOWED} {advice}")


def open_book(path: Path) -> Book:
    """Open a workbook. The caller closes its `package`.

    Raises
    ------
    ExtractRefusedError
        When the file is an old .xls, an .xlsb, OpenDocument, password-protected, HTML or text with an Excel name,
        damaged, truncated, or a zip bomb.
    """
    _refuse_other_formats(path)
    try:
        package = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, OSError):
        raise refuse_book(path, "damaged or truncated: it is not a complete zip file", "Send the file again.") from None
    try:
        return _read_book(path, package)
    except BaseException:
        package.close()
        raise


def _refuse_other_formats(path: Path) -> None:
    with path.open("rb") as file:
        start = file.read(4096)
        rest = start + file.read(1 << 20) if start.startswith(_OLE) else b""
    if start.startswith(_OLE):
        if "EncryptedPackage".encode("utf-16-le") in rest:
            raise refuse_book(path, "is protected by a password", "Save a copy without a password.")
        raise refuse_book(path, "is an old Excel file (.xls)", "Open it in Excel and save it as .xlsx or as CSV UTF-8.")
    if not start:
        raise refuse_book(path, "empty file", "Send the file again.")
    if start.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        raise refuse_book(path, "is HTML or XML with an Excel name", "Open it in Excel and save it as .xlsx.")
    if not start.startswith(b"PK"):
        raise refuse_book(path, "is not an Excel workbook", "Rename a text file to .csv, or save it as .xlsx in Excel.")


def _read_book(path: Path, package: zipfile.ZipFile) -> Book:
    names = set(package.namelist())
    if any(info.flag_bits & 1 for info in package.infolist()):
        raise refuse_book(path, "is protected by a password", "Save a copy without a password.")
    if "xl/workbook.bin" in names:
        raise refuse_book(path, "is a binary workbook (.xlsb)", "Open it in Excel and save it as .xlsx.")
    if "mimetype" in names and "content.xml" in names:
        raise refuse_book(path, "is an OpenDocument sheet (.ods)", "Save it as .xlsx or as CSV UTF-8.")
    root = _relations(path, package, "_rels/.rels", "")
    workbook = next((target for kind, target in root.values() if kind == "officeDocument"), None)
    if workbook is None or workbook not in names:
        raise refuse_book(path, "has no workbook inside", "Save it as .xlsx in Excel.")
    return _read_workbook(path, package, workbook, names)


def _read_workbook(path: Path, package: zipfile.ZipFile, workbook: str, names: set[str]) -> Book:
    folder, file = posixpath.split(workbook)
    relations = _relations(path, package, posixpath.join(folder, "_rels", f"{file}.rels"), folder)
    sheets: list[Sheet] = []
    flags = {"1904": False, "uncalculated": False}

    def start(name: str, attributes: dict[str, str]) -> None:
        if name == "sheet":
            reference = next((value for key, value in attributes.items() if key.endswith(":id")), "")
            kind, target = relations.get(reference, ("", ""))
            if kind == "worksheet" and target in names:
                sheets.append(
                    Sheet(attributes.get("name", ""), target, attributes.get("state", "visible") != "visible")
                )
        elif name == "workbookPr":
            flags["1904"] = attributes.get("date1904", "") in {"1", "true"}
        elif name == "calcPr":
            flags["uncalculated"] = attributes.get("fullCalcOnLoad", "") in {"1", "true"}

    walk(path, package, workbook, start)
    parts = {kind: target for kind, target in relations.values() if target in names}
    texts = _read_texts(path, package, parts["sharedStrings"]) if "sharedStrings" in parts else ()
    formats = _read_formats(path, package, parts["styles"]) if "styles" in parts else ()
    return Book(path, package, tuple(sheets), flags["1904"], flags["uncalculated"], texts, formats)


def _relations(path: Path, package: zipfile.ZipFile, part: str, folder: str) -> dict[str, tuple[str, str]]:
    """Return id -> (last word of the type, target part)."""
    targets: dict[str, tuple[str, str]] = {}

    def start(name: str, attributes: dict[str, str]) -> None:
        if name == "Relationship" and attributes.get("TargetMode") != "External":
            target = attributes.get("Target", "")
            whole = target.lstrip("/") if target.startswith("/") else posixpath.normpath(posixpath.join(folder, target))
            targets[attributes.get("Id", "")] = (attributes.get("Type", "").rsplit("/", 1)[-1], whole)

    if part in package.namelist():
        walk(path, package, part, start)
    return targets


def _read_texts(path: Path, package: zipfile.ZipFile, part: str) -> tuple[str, ...]:
    if package.getinfo(part).file_size > MAX_TEXT_BYTES:
        raise refuse_book(path, "has over 256 MiB of text", "Save its sheets as CSV UTF-8.")
    texts = _Texts()
    walk(path, package, part, texts.start, texts.end, texts.text, most=MAX_TEXT_BYTES)
    return tuple(texts.texts)


class _Texts:
    """The shared strings. A text may be split into runs, and may have a phonetic guide (`rPh`), which is ignored."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.pieces: list[str] = []
        self.inside = ""

    def start(self, name: str, _: dict[str, str]) -> None:
        if name == "si":
            self.pieces.clear()
        elif name == "rPh" or (name == "t" and self.inside != "rPh"):
            self.inside = name

    def end(self, name: str) -> None:
        if name == "si":
            self.texts.append(unescape("".join(self.pieces)))
        elif name == self.inside:
            self.inside = ""

    def text(self, data: str) -> None:
        if self.inside == "t":
            self.pieces.append(data)


def _read_formats(path: Path, package: zipfile.ZipFile, part: str) -> tuple[Format, ...]:
    codes: dict[str, str] = {}
    styles: list[str] = []
    inside = {"cellXfs": False}

    def start(name: str, attributes: dict[str, str]) -> None:
        if name == "numFmt":
            codes[attributes.get("numFmtId", "")] = attributes.get("formatCode", "")
        elif name == "cellXfs":
            inside["cellXfs"] = True
        elif name == "xf" and inside["cellXfs"]:
            styles.append(attributes.get("numFmtId", "0"))

    def end(name: str) -> None:
        if name == "cellXfs":
            inside["cellXfs"] = False

    walk(path, package, part, start, end)
    return tuple(read_format(number, codes.get(number)) for number in styles)


def unescape(text: str) -> str:
    """Decode escaped characters such as `_x000D_`. Control characters other than tabs and line ends stay escaped.

    >>> unescape("one_x000A_two_x0001_")
    'one\\ntwo_x0001_'
    """
    if "_x" not in text:
        return text

    def character(match: re.Match[str]) -> str:
        letter = chr(int(match[1], 16))
        return letter if letter >= " " or letter in "\t\r\n" else match[0]

    return _ESCAPED.sub(character, text)


def walk(
    path: Path,
    package: zipfile.ZipFile,
    part: str,
    start: Start,
    end: End | None = None,
    text: Text | None = None,
    *,
    most: int | None = None,
) -> None:
    """Read a whole part, and call the handlers with each element's name, without its prefix."""
    for _ in stream(path, package, part, start, end, text, most=most):
        pass


def stream(
    path: Path,
    package: zipfile.ZipFile,
    part: str,
    start: Start,
    end: End | None = None,
    text: Text | None = None,
    *,
    most: int | None = None,
) -> Iterator[None]:
    """Read a part like `walk`, and yield after each chunk of bytes.

    Raises
    ------
    ExtractRefusedError
        When the part is damaged, has a document type, or exceeds its size limits.
    """
    parser = expat.ParserCreate()
    parser.buffer_text = True

    def refuse_type(*_: object) -> None:
        raise refuse_book(path, "its XML has a document type, which workbooks do not have", "Save it again in Excel.")

    parser.StartDoctypeDeclHandler = refuse_type
    parser.StartElementHandler = lambda name, data: start(name.rpartition(":")[2], data)
    if end is not None:
        parser.EndElementHandler = lambda name: end(name.rpartition(":")[2])
    if text is not None:
        parser.CharacterDataHandler = text
    try:
        for chunk in _chunks(path, package, part, most):
            parser.Parse(chunk)
            yield
        parser.Parse(b"", True)
        yield
    # ValueError: a handler found text instead of a number.
    except (expat.ExpatError, zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, ValueError):
        raise refuse_book(path, "damaged: a part of it cannot be read", "Send the file again.") from None


def _chunks(path: Path, package: zipfile.ZipFile, part: str, most: int | None) -> Iterator[bytes]:
    """Yield a part's bytes and count them, because the sizes that a zip file states may be wrong."""
    size, packed = 0, max(package.getinfo(part).compress_size, 1)
    with package.open(part) as file:
        while chunk := file.read(csv_bytes.CHUNK):
            size += len(chunk)
            bomb = size > csv_bytes.BOMB_BYTES and size > csv_bytes.BOMB_RATIO * packed
            if bomb or (most is not None and size > most):
                raise refuse_book(
                    path, "expands to over 200 times its size or over its limit (a bomb)", "If it is real, send a CSV."
                )
            yield chunk

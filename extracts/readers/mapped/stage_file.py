"""Stage a delimited file for a mapped import: its records, and the totals in its trailer and count file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from payrank.extracts.contract.source_file import digest_file
from payrank.extracts.csv.raw_bytes import refuse_bytes
from payrank.extracts.errors import ExtractRefusedError, WrongUsageError
from payrank.extracts.readers.mapped.declared import Declared, trailer_pattern
from payrank.extracts.readers.mapped.mapping import CsvOptions
from payrank.extracts.readers.mapped.trim_lines import trim_lines
from payrank.extracts.readers.session.import_session import ImportSession
from payrank.extracts.readers.session.source_table import SourceTable, TextOptions, stage_text, transcode

MAX_COUNT_FILE_BYTES = 1024
"""Largest count file, in bytes: a number and blanks."""


@dataclass(frozen=True, slots=True)
class StagedFile:
    """A staged file. `closed`: its last line has a line end.

    `declared_values` has the `rows` and `total` of its trailer and the `count` of its count file, as text.
    """

    source: SourceTable
    declared_values: Mapping[str, str] = field(default_factory=dict)
    closed: bool = True


def stage_file(
    session: ImportSession, path: Path, options: CsvOptions, header_row: int | None, declared: Sequence[Declared]
) -> StagedFile:
    """Read a delimited file into a table of texts and add it to the session's sources.

    Parameters
    ----------
    header_row
        Line number of the header. None means the first line.
    declared
        The mapping's declarations for this file.

    Raises
    ------
    WrongUsageError
        When the mapping declares two trailers for it.
    ExtractRefusedError
        When the file cannot be read at all, or lacks the declared trailer or count file.
    """
    counts = {
        f"count {declaration.title}": _read_count(path, declaration.count_file)
        for declaration in declared
        if declaration.count_file
    }
    trailers = [declaration for declaration in declared if declaration.trailer]
    if len(trailers) > 1:
        titles = " and ".join(trailer.title for trailer in trailers)
        raise WrongUsageError(
            f"{path.name}: {titles} both declare its trailer. Allowed: one trailer. Correct the mapping."
        )
    sha256 = digest_file(path)
    first = next((s for s in session.sources if s.sha256 == sha256 and s.same_as is None), None)
    if first is not None:
        again = session.add_source(path.name, sha256, first.relation, first.broken, first.name)
        return StagedFile(again, counts)
    relation = f"source_{len(session.sources)}"
    text = TextOptions(options.delimiter, options.encoding, options.nulls)
    trailer = [trailer_pattern(line, options.delimiter) for line in (trailers[0].trailer if trailers else ())]
    trimmed, values, above = None, {}, (header_row or 1) - 1
    if trailer or above:
        plain = transcode(path, options.encoding, session.workspace)
        folder = session.workspace / relation
        folder.mkdir(mode=0o700)
        trimmed = folder / path.name.removesuffix(".gz")
        values = trim_lines(plain, trimmed, header_row=above + 1, trailer=trailer, delimiter=options.delimiter)
        if plain != path:
            plain.unlink()
    try:
        _, scan = stage_text(session.connection, path, text, relation, session.workspace, trimmed, above)
    except ExtractRefusedError as error:
        if "the header" not in str(error) or header_row is not None:
            raise
        advice = "If titles come before the header, set header_row in the mapping to the header's line."
        raise ExtractRefusedError(f"{error} {advice}") from None
    source = session.add_source(path.name, sha256, relation, scan.broken)
    return StagedFile(source, values | counts, closed=scan.closed or bool(trailer))


def _read_count(path: Path, ending: str) -> str:
    count_file = path.with_name(path.name + ending)
    try:
        with count_file.open("rb") as file:
            text = file.read(MAX_COUNT_FILE_BYTES).decode("utf-8-sig").strip()
    except OSError:
        raise ExtractRefusedError(
            f"{path.name}: its count file {count_file.name} is missing. Allowed: a file in the same folder with the "
            "number of rows. Wait for the complete delivery, or remove count_file from the mapping."
        ) from None
    except UnicodeDecodeError:
        text = ""
    if not text.replace(",", "").isdecimal():
        raise refuse_bytes(count_file, "is not just a number of rows", "Write the number of rows into it.")
    return text

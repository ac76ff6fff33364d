"""Stage an Excel worksheet for a mapped import: a table of texts, each record with its Excel row number.

Anything that Excel changed is reported or refused, never guessed. IDs stored as numbers have lost their leading zeros
(a notice). Numbers over 15 digits are rounded, and errors and formulas without a result have no value (their rows are
quarantined if a mapping uses them). Merged cells have their value once, and hidden rows are read (notices).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa

from payrank.extracts.contract.source_file import digest_file, quote_name, quote_text
from payrank.extracts.errors import ExtractRefusedError
from payrank.extracts.load.quarantine import MAX_QUARANTINED_SHARE
from payrank.extracts.pluralize import pluralize
from payrank.extracts.readers.excel.cells import FAULT
from payrank.extracts.readers.excel.package import Book, Sheet, open_book, refuse_book
from payrank.extracts.readers.excel.sheet import Layout, Row, column_letters, read_rows
from payrank.extracts.readers.session.import_session import ImportSession
from payrank.extracts.readers.session.source_table import LINE, SourceTable

SUFFIXES = (".xlsx", ".xlsm")
OTHER_SUFFIXES = (".xls", ".xlsb", ".ods")
"""Workbook formats that are refused, with advice."""
BATCH = 20_000


@dataclass(frozen=True, slots=True)
class StagedSheet:
    """A staged worksheet. `faulty` maps column -> rules that its cells broke, and `numbers` column -> number cells.

    The view `<relation>_marked` has an additional column `<name> fault` for each faulty column.
    """

    source: SourceTable
    faulty: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    numbers: Mapping[str, int] = field(default_factory=dict)


def is_workbook(path: Path) -> bool:
    """Return whether a file has the name of an Excel workbook."""
    return path.suffix.casefold() in {*SUFFIXES, *OTHER_SUFFIXES}


def list_sheets(path: Path) -> list[str]:
    """Return the names of a workbook's worksheets with rows, in tab order, with hidden sheets last."""
    book = open_book(path)
    with book.package:
        filled = [sheet for sheet in book.sheets if _holds_rows(book, sheet)]
    return [sheet.name for sheet in sorted(filled, key=lambda sheet: sheet.hidden)]


def stage_sheet(
    session: ImportSession,
    path: Path,
    *,
    sheet: str | None = None,
    header_row: int | None = None,
    nulls: tuple[str, ...] = (),
) -> StagedSheet:
    """Read one worksheet into a table of texts and add it to the session's sources.

    Parameters
    ----------
    sheet
        Name of the sheet. None means the only visible sheet with rows.
    header_row
        Excel row number of the header. None means the first nonempty row.
    nulls
        Texts that mean unknown.

    Returns
    -------
    The staged sheet. If the sheet was staged before, only its source is returned.

    Raises
    ------
    ExtractRefusedError
        When the workbook or the sheet cannot be read, several sheets have rows and none is named, or the header lacks
        a name or repeats one.
    """
    book = open_book(path)
    with book.package:
        chosen = _choose(session, book, sheet)
        place = f"[{chosen.name}]" if header_row is None else f"[{chosen.name}!{header_row}]"
        title = f"{path.name}{place}"
        sha256 = digest_file(path)
        first = _find(session, sha256, place)
        if first is not None and first.name == title:
            return StagedSheet(first)
        if first is not None:
            return StagedSheet(session.add_source(title, sha256, first.relation, first.broken, first.name))
        staging = _Staging(session, book, chosen, title, header_row, ("", *nulls))
        staging.run()
    source = session.add_source(title, sha256, staging.relation, tuple(staging.broken))
    staging.add_notices()
    rules = {name: tuple(sorted(faults)) for name, faults in staging.faulty.items()}
    return StagedSheet(source, rules, dict(staging.numbers))


def _find(session: ImportSession, sha256: str, place: str) -> SourceTable | None:
    same = (s for s in session.sources if s.sha256 == sha256 and s.same_as is None and s.name.endswith(place))
    return next(same, None)


def _holds_rows(book: Book, sheet: Sheet) -> bool:
    return next(read_rows(book, sheet, Layout()), None) is not None


def _choose(session: ImportSession, book: Book, name: str | None) -> Sheet:
    listed = ", ".join(sheet.name for sheet in book.sheets)
    if name is not None:
        sheet = next((sheet for sheet in book.sheets if sheet.name == name), None)
        if sheet is None:
            raise refuse_book(book.path, f"has no sheet {name!r} (it has {listed})", "Correct sheet in the mapping.")
        if sheet.hidden:
            session.add_notice(
                f"{book.path.name}[{name}]: the sheet is hidden, but it was read because the mapping names it"
            )
        return sheet
    filled = [sheet for sheet in book.sheets if _holds_rows(book, sheet)]
    visible = [sheet for sheet in filled if not sheet.hidden]
    if len(visible) != 1:
        names = ", ".join(sheet.name for sheet in visible)
        problem = f"has rows in {len(visible)} sheets ({names})" if visible else "has no visible sheet with rows"
        raise refuse_book(book.path, problem, 'Name one in the mapping, such as sheet = "Charges".')
    for sheet in filled:
        if sheet.hidden:
            session.add_notice(f"{book.path.name}: the hidden sheet {sheet.name} has rows and was not read")
    return visible[0]


class _Staging:
    """One worksheet on its way into DuckDB."""

    def __init__(
        self,
        session: ImportSession,
        book: Book,
        sheet: Sheet,
        title: str,
        header_row: int | None,
        nulls: tuple[str, ...],
    ) -> None:
        self.session = session
        self.book = book
        self.sheet = sheet
        self.title = title
        self.header_row = header_row
        self.nulls = frozenset(nulls)
        self.relation = f"source_{len(session.sources)}"
        self.layout = Layout()
        self.columns: dict[int, str] = {}
        self.header = 0
        self.records = 0
        self.hidden = 0
        self.broken: list[tuple[int, str]] = []
        self.unnamed: Counter[int] = Counter()
        self.numbers: Counter[str] = Counter()
        self.faulty: dict[str, set[str]] = {}

    def run(self) -> None:
        rows = read_rows(self.book, self.sheet, self.layout)
        self.read_header(rows)
        names = list(self.columns.values())
        fields = ", ".join(f"{quote_name(name)} VARCHAR" for name in names)
        connection, raw = self.session.connection, quote_name(f"{self.relation}_raw")
        connection.execute(f"CREATE TABLE {raw} ({fields}, {LINE} BIGINT)")
        schema = pa.schema([*((name, pa.string()) for name in names), (LINE, pa.int64())])
        for batch in self.batches(rows):
            connection.register("sheet_rows", pa.table(batch, schema=schema))
            connection.execute(f"INSERT INTO {raw} SELECT * FROM sheet_rows")
            connection.unregister("sheet_rows")
        self.refuse_unnamed()
        self.create_views(raw)

    def read_header(self, rows: Iterator[Row]) -> None:
        header = next((row for row in rows if self.header_row is None or row.number >= self.header_row), None)
        if header is None or (self.header_row is not None and header.number != self.header_row):
            place = f"row {self.header_row}" if self.header_row else "any row"
            raise self.refuse(f"has nothing in {place} of sheet {self.sheet.name}", "Correct header_row or the sheet.")
        self.header = header.number
        self.columns = {place: text for place, text in sorted(header.cells.items()) if text.strip()}
        folded = Counter(name.casefold() for name in self.columns.values())
        twice = [column_letters(place) for place, name in self.columns.items() if folded[name.casefold()] > 1]
        if twice:  # Named by letter: in a sheet without a header, the names are a patient's values.
            raise self.refuse(
                f"columns {', '.join(twice)} in row {self.header} have the same name as another", "Rename one."
            )
        bad = [
            column_letters(place) for place, name in self.columns.items() if FAULT in name or name.casefold() == LINE
        ]
        if bad:
            raise self.refuse(f"columns {', '.join(bad)} in row {self.header} have no usable name", "Rename them.")

    def batches(self, rows: Iterator[Row]) -> Iterator[list[list[object]]]:
        batch: list[list[object]] = [[] for _ in range(len(self.columns) + 1)]
        for row in rows:
            self.records += 1
            self.hidden += row.hidden
            extra = row.cells.keys() - self.columns.keys()
            if extra:
                self.unnamed.update(extra)
                self.broken.append((row.number, "too_many_columns"))
                continue
            for values, (place, name) in zip(batch, self.columns.items(), strict=False):
                text = row.cells.get(place)
                if text is not None and text.startswith(FAULT):
                    self.faulty.setdefault(name, set()).add(text[1:])
                elif place in row.numbers:
                    self.numbers[name] += 1
                values.append(None if text in self.nulls else text)
            batch[-1].append(row.number)
            if len(batch[-1]) == BATCH:
                yield batch
                batch = [[] for _ in range(len(self.columns) + 1)]
        if batch[-1]:
            yield batch

    def refuse_unnamed(self) -> None:
        if len(self.broken) > MAX_QUARANTINED_SHARE * self.records:
            letters = ", ".join(column_letters(place) for place in sorted(self.unnamed))
            raise self.refuse(
                f"{pluralize(len(self.broken), 'row')} of sheet {self.sheet.name} have values in columns {letters}, "
                f"which have no name in row {self.header}",
                "Name them, or set header_row in the mapping if the header is further down.",
            )

    def create_views(self, raw: str) -> None:
        """Create a view in which unreadable cells are null, and a `_marked` view with their rules as more columns."""
        shown = [
            f"CASE WHEN starts_with({column}, chr(1)) THEN NULL ELSE {column} END AS {column}"
            if name in self.faulty
            else column
            for name in self.columns.values()
            for column in [quote_name(name)]
        ]
        names = {name.casefold() for name in self.columns.values()}
        extra = {"source_file": quote_text(self.title), "source_row": "rowid + 1"}
        shown += [f"{sql} AS {name}" for name, sql in extra.items() if name not in names]
        marks = [
            f"CASE WHEN starts_with({quote_name(name)}, chr(1)) THEN {quote_name(name)}[2:] END "
            f"AS {quote_name(f'{name} fault')}"
            for name in self.faulty
        ]
        query = f"SELECT {', '.join([*shown, LINE])} FROM {raw}"
        self.session.connection.execute(f"CREATE VIEW {quote_name(self.relation)} AS {query}")
        marked = f"SELECT {', '.join([*shown, LINE, *marks])} FROM {raw}"
        self.session.connection.execute(f"CREATE VIEW {quote_name(f'{self.relation}_marked')} AS {marked}")

    def add_notices(self) -> None:
        """Add notices about anything that a user who sees the sheet in Excel would not expect."""
        if self.hidden:
            self.session.add_notice(f"{self.title}: {pluralize(self.hidden, 'hidden row')} were read like any other")
        if any(place in self.columns for place in self.layout.hidden_columns):
            self.session.add_notice(f"{self.title}: hidden columns were read like any other")
        merged = sum(row > self.header for row in self.layout.merged)
        if merged:
            self.session.add_notice(
                f"{self.title}: {pluralize(merged, 'area')} of merged cells: the first cell of each has the value, and "
                "the others are empty"
            )

    def refuse(self, problem: str, advice: str) -> ExtractRefusedError:
        return refuse_book(self.book.path, problem, advice)

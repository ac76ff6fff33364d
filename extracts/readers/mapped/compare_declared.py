"""Compare the files that arrived with the totals that the sender declared, and refuse a file that does not match."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

from payrank.extracts.contract.source_file import quote_name, quote_text
from payrank.extracts.errors import ExtractRefusedError, WrongUsageError
from payrank.extracts.fetch_row import fetch_one_row
from payrank.extracts.pluralize import pluralize
from payrank.extracts.readers.excel.workbook import StagedSheet, is_workbook
from payrank.extracts.readers.mapped.declared import Declared
from payrank.extracts.readers.mapped.nearest_name import hint_name
from payrank.extracts.readers.mapped.stage_file import StagedFile
from payrank.extracts.readers.session.import_session import ImportSession

MAX_NAMED = 3
_ADVICE = (
    "Allowed: exactly equal rows and cents. The file may be truncated or duplicated: send it again, or correct the "
    "declaration."
)


@dataclass(frozen=True, slots=True)
class Arrived:
    """A staged file: its path, and its sheet or text."""

    path: Path
    sheet: StagedSheet
    text: StagedFile | None = None

    @property
    def name(self) -> str:
        """Name used in reports."""
        return self.sheet.source.name


@dataclass(slots=True)
class DeclarationCheck:
    """Compares all declarations of one mapping with the files of one source."""

    session: ImportSession
    declared: Sequence[Declared]
    source: Path
    arrived: Sequence[Arrived]
    _declared: set[str] = field(default_factory=set)

    def run(self) -> None:
        """Compare all declarations.

        Raises
        ------
        WrongUsageError
            When an amount is not a column, or a declaration matches several sheets of a workbook.
        ExtractRefusedError
            When rows or dollars differ from the declared ones, or a declared file is missing.
        """
        for declaration in self.declared:
            self.compare(declaration, self.find(declaration))
        self.warn_about_undeclared()

    def find(self, declaration: Declared) -> list[Arrived]:
        """Return the files that a declaration fits. A file delivered twice counts once."""
        files = [
            each for each in self.arrived if declaration.fits(each.path, self.source) and _is_sheet(declaration, each)
        ]
        self._declared |= {each.name for each in files}
        books = [each.path for each in files if is_workbook(each.path)]
        if len(set(books)) < len(books):
            raise WrongUsageError(
                f"{declaration.title}: it matches several sheets of a workbook. Allowed: one, such as "
                f'[files."book.xlsx[Sheet]"]. Correct the mapping.'
            )
        once = {each.sheet.source.relation: each for each in reversed(files)}
        return [each for each in files if once[each.sheet.source.relation] is each]

    def compare(self, declaration: Declared, files: list[Arrived]) -> None:
        """Check one declaration: first all its files together, then each with its own trailer and count file."""
        if not files and (declaration.rows is not None or declaration.total is not None):
            raise ExtractRefusedError(f"{declaration.title}: it matches no file that the mapping reads. {_ADVICE}")
        names = _name_some([each.name for each in files])
        if declaration.rows is not None:
            self.compare_rows(
                names, declaration.title, declaration.rows, sum(each.sheet.source.records for each in files)
            )
        sums = {each.name: self.add_up(declaration, each) for each in files} if declaration.amount is not None else {}
        if declaration.total is not None:
            self.compare_dollars(names, declaration.title, declaration.total, list(sums.values()))
        for each in files:
            values = each.text.declared_values if each.text is not None else {}
            records = each.sheet.source.records
            if declaration.trailer and "rows" in values:
                self.compare_rows(each.name, "its trailer", _read_rows(values["rows"]), records)
            if declaration.trailer and "total" in values:
                total = self.read_dollars(each.name, values["total"])
                self.compare_dollars(each.name, "its trailer", total, [sums[each.name]])
            count = values.get(f"count {declaration.title}")
            if count is not None:
                self.compare_rows(each.name, f"its count file ({declaration.count_file})", _read_rows(count), records)

    def compare_rows(self, names: str, title: str, expected: int, actual: int) -> None:
        """Refuse a file with another number of records than declared."""
        if expected != actual:
            raise ExtractRefusedError(
                f"{names}: {title} declares {pluralize(expected, 'row')}, found {pluralize(actual, 'row')}. {_ADVICE}"
            )

    def compare_dollars(self, names: str, title: str, expected: Decimal, sums: list[tuple[Decimal, int]]) -> None:
        """Refuse a file with another dollar total than declared. Totals with unreadable amounts are not compared."""
        unread = sum(count for _, count in sums)
        if unread:
            self.session.add_notice(
                f"{names}: the dollar total of {title} was not compared, because {pluralize(unread, 'row')} may have "
                "an amount"
            )
            return
        total = sum((dollars for dollars, _ in sums), Decimal(0))
        if total != expected:
            raise ExtractRefusedError(
                f"{names}: {title} declares {expected:,} dollars, found {total:,} dollars. {_ADVICE}"
            )

    def add_up(self, declaration: Declared, each: Arrived) -> tuple[Decimal, int]:
        """Return the sum of a file's amount column in dollars, and the number of records with unreadable amounts."""
        source = each.sheet.source
        if declaration.amount not in source.names:
            raise WrongUsageError(
                f"{declaration.title}: amount is not a column of {source.name}. Allowed: "
                f"{hint_name(self.session.connection, source, str(declaration.amount))}. Correct the mapping."
            )
        faulty = declaration.amount in each.sheet.faulty
        name, fault = quote_name(declaration.amount), quote_name(f"{declaration.amount} fault")
        hidden = f"coalesce(count_if({fault} IS NOT NULL), 0)" if faulty else "0"
        relation = quote_name(f"{source.relation}_marked" if each.sheet.faulty else source.relation)
        read = f"coalesce(sum(TRY(dollars({name}))), 0), count({name}) - count(TRY(dollars({name})))"
        dollars, unread, unknown = fetch_one_row(self.session.connection, f"SELECT {read}, {hidden} FROM {relation}")
        return Decimal(dollars), unread + unknown + len(source.broken)

    def read_dollars(self, name: str, text: str) -> Decimal:
        """Read a trailer's total, as `dollars` reads a row's amount."""
        (dollars,) = fetch_one_row(self.session.connection, f"SELECT TRY(dollars({quote_text(text)}))")
        if dollars is None:
            raise ExtractRefusedError(
                f"{name}: the total in its trailer cannot be read as dollars. Allowed: an amount such as 1,234.50, as "
                "in the rows. The file was truncated, or decimal in [csv] is wrong: send it again, or correct the "
                "mapping."
            )
        return Decimal(dollars)

    def warn_about_undeclared(self) -> None:
        """Add a notice about files without declarations: if one is truncated at a line end, nobody would notice."""
        undeclared = [each for each in self.arrived if each.text is not None and each.name not in self._declared]
        for each in undeclared:
            if each.text is not None and not each.text.closed:
                self.session.add_notice(
                    f"{each.name}: the last line has no line end. If the file was truncated there, its last value is "
                    "wrong, and no declared total would show it"
                )
        if undeclared:
            self.session.add_notice(
                f"{_name_some(sorted({each.name for each in undeclared}))}: no rows, total, or trailer declared, so a "
                "truncated file would not be detected. Declare them under [files] in the mapping"
            )


def _is_sheet(declaration: Declared, each: Arrived) -> bool:
    if declaration.sheet is None:
        return True
    named = re.search(r"\[(.*?)(!\d+)?\]$", each.name)
    return named is not None and named[1] == declaration.sheet


def _read_rows(text: str) -> int:
    return int(re.sub("[.,]", "", text))


def _name_some(names: Sequence[str]) -> str:
    more = len(names) - MAX_NAMED
    return ", ".join(names[:MAX_NAMED]) + (f" and {more} more" if more > 0 else "")

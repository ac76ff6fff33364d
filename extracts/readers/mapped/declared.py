"""Totals that a sender declares for its files, so that a truncated file is refused: rows, sum, trailer, or count file.

```toml
[files."ledger_*.csv"]            # which files; for a sheet, "book.xlsx[Ledger]", as in the reports
rows = 600                        # number of records in all of them, without headers and trailers
amount = { column = "Amt", total = "12345.67" }    # sum of a column over all of them
trailer = "TRL|{rows}|{total}"    # the last line of each file, which is not a record; its totals must match
count_file = ".count"             # ledger_1.csv.count, next to ledger_1.csv, has the number of its rows
```

In a trailer, `{rows}` is the number of records, `{total}` the sum of the amount column, and `{}` any text. For several
lines at the end, give a list of trailers in their order. Blanks and delimiters that pad a trailer are ignored.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from payrank.extracts.errors import WrongUsageError, did_you_mean

KEYS = ("rows", "amount", "trailer", "count_file")
_TOTAL = re.compile(r"-?\d{1,16}(\.\d{1,2})?")
_SHEET = re.compile(r"(?i)(.*\.xls[xm])\[(.*)\]")
_HOLES = {"{rows}": r"(?P<rows>\d+|\d{1,3}([.,]\d{3})+)", "{total}": r"(?P<total>[-($]*[\d.,]+[-)]*)", "{}": ".*"}

Wrong = Callable[[str, str], WrongUsageError]
"""Makes a mapping error from the problem and what is allowed."""


@dataclass(frozen=True, slots=True)
class Declared:
    """One `[files."PATTERN"]` section. `total` is the sum of the column `amount`, or None if the trailer has it."""

    pattern: str
    sheet: str | None = None
    rows: int | None = None
    amount: str | None = None
    total: Decimal | None = None
    trailer: tuple[str, ...] = ()
    count_file: str | None = None

    @property
    def title(self) -> str:
        """Name used in messages."""
        return f'[files."{self.pattern}{"" if self.sheet is None else f"[{self.sheet}]"}"]'

    def fits(self, path: Path, source: Path) -> bool:
        """Return whether it applies to a file, by the file's name or by its path inside the source folder."""
        inside = path.relative_to(source).as_posix() if source.is_dir() else path.name
        return fnmatchcase(path.name, self.pattern) or fnmatchcase(inside, self.pattern)


def read_declared(raw: object, wrong: Wrong) -> tuple[Declared, ...]:
    """Read the `files` sections of a mapping.

    Raises
    ------
    WrongUsageError
        Made by `wrong`, when an entry is unknown or cannot be compared.
    """
    if not isinstance(raw, dict) or not all(isinstance(declaration, dict) for declaration in raw.values()):
        raise wrong("files is not a table of tables", '[files."ledger.csv"] with lines such as rows = 600')
    return tuple(_read(pattern, declaration, wrong) for pattern, declaration in raw.items())


def _read(pattern: str, raw: Mapping[str, Any], wrong: Wrong) -> Declared:
    title = f'[files."{pattern}"]'
    for key in raw:
        if key not in KEYS:
            raise wrong(f"unknown key of {title} {key!r}", did_you_mean(key, KEYS))
    if not raw:
        raise wrong(f"{title} declares nothing", f"one or more of {', '.join(KEYS)}")
    rows = raw.get("rows")
    if rows is not None and (isinstance(rows, bool) or not isinstance(rows, int) or rows < 0):
        raise wrong(f"{title}: rows is not a number of rows", "a whole number, such as rows = 600")
    column, total = _read_amount(raw.get("amount"), title, wrong)
    trailer = _read_trailer(raw.get("trailer", []), title, wrong)
    if column is not None and total is None and not any("{total}" in line for line in trailer):
        raise wrong(f"{title}: amount has no total, and no trailer has one", 'total = "12345.67" in amount')
    if column is None and any("{total}" in line for line in trailer):
        raise wrong(f"{title}: the trailer has a total, but no column is given", 'amount = { column = "Amt" } as well')
    count_file = raw.get("count_file")
    if count_file is not None and (not isinstance(count_file, str) or not re.fullmatch(r"\.[\w.-]+", count_file)):
        raise wrong(f"{title}: count_file is not a file name suffix", 'count_file = ".count"')
    sheet = _SHEET.fullmatch(pattern)
    if sheet is not None and (trailer or count_file):
        raise wrong(
            f"{title}: a sheet has neither a trailer nor a count file", "rows and amount; exclude totals with where"
        )
    name = pattern if sheet is None else sheet[1]
    return Declared(name, None if sheet is None else sheet[2], rows, column, total, trailer, count_file)


def _read_amount(raw: Any, title: str, wrong: Wrong) -> tuple[str | None, Decimal | None]:
    if raw is None:
        return None, None
    if not isinstance(raw, dict) or set(raw) - {"column", "total"} or not isinstance(raw.get("column"), str):
        raise wrong(f"{title}: amount has no column", 'amount = { column = "Amt", total = "12345.67" }')
    total = raw.get("total")
    if total is None:
        return raw["column"], None
    if not isinstance(total, str) or not _TOTAL.fullmatch(total):
        raise wrong(f"{title}: total of amount is not dollars as text", 'total = "12345.67"')
    return raw["column"], Decimal(total)


def _read_trailer(raw: Any, title: str, wrong: Wrong) -> tuple[str, ...]:
    lines = [raw] if isinstance(raw, str) else raw
    if not isinstance(lines, list) or not all(isinstance(line, str) and line.strip() for line in lines):
        raise wrong(f"{title}: trailer is not text", 'trailer = "TRL|{rows}|{total}"')
    whole = "".join(lines)
    for hole in ("{rows}", "{total}"):
        if whole.count(hole) > 1:
            raise wrong(f"{title}: the trailer has {hole} twice", "each once")
    if lines and all(not re.sub(r"\{(rows|total)?\}", "", line).strip(" ,;|\t") for line in lines):
        raise wrong(f"{title}: the trailer would match any line", 'distinctive text, such as "TRL|{rows}|{total}"')
    return tuple(lines)


def trailer_pattern(line: str, delimiter: str) -> re.Pattern[str]:
    r"""Return the pattern of a trailer line, without quotes and without blanks and delimiters at its end.

    >>> trailer_pattern("Total: {rows} rows,,{total},", ",").fullmatch("Total: 600 rows,,12.50")["rows"]
    '600'
    """
    parts = re.split(r"(\{rows\}|\{total\}|\{\})", strip_padding(line, delimiter))
    return re.compile("".join(_HOLES.get(part) or re.escape(part) for part in parts))


def strip_padding(line: str, delimiter: str) -> str:
    """Remove the quotes from a line, and the padding at its end.

    >>> strip_padding('"TRL",600,, ', ",")
    'TRL,600'
    """
    return line.replace('"', "").rstrip(f" \t\r\n\ufeff\u00a0{delimiter}").lstrip("\ufeff")

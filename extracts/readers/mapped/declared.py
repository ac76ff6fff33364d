"""What a sender declares of its files, so that a cut one is refused: rows, a sum, a trailer, a count file.

```toml
[files."ledger_*.csv"]            # the files that fit; a sheet is "book.xlsx[Ledger]", as in the reports
rows = 600                        # records of all of them together, header and trailer aside
amount = { column = "Amt", total = "12345.67" }    # sum of a column over all of them, as it is written
trailer = "TRL|{rows}|{total}"    # the last line of each: no record, and what it says must tie
count_file = ".count"             # ledger_1.csv.count beside ledger_1.csv holds its rows
```

In a trailer `{rows}` is the number of records, `{total}` the sum of amount's column, and `{}` any text. Several lines
at the end are a list of trailers, in their order. Blanks and delimiters that pad a trailer are no matter.
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
"""Makes the error of a mapping from what was found and what is allowed."""


@dataclass(frozen=True, slots=True)
class Declared:
    """One `[files."PATTERN"]`; `total` is dollars of the column `amount`, None where a trailer alone tells it."""

    pattern: str
    sheet: str | None = None
    rows: int | None = None
    amount: str | None = None
    total: Decimal | None = None
    trailer: tuple[str, ...] = ()
    count_file: str | None = None

    @property
    def title(self) -> str:
        """How messages call it."""
        return f'[files."{self.pattern}{"" if self.sheet is None else f"[{self.sheet}]"}"]'

    def fits(self, path: Path, source: Path) -> bool:
        """Tell whether it is about a file of the source: by its name, or by its path inside the source's folder."""
        inside = path.relative_to(source).as_posix() if source.is_dir() else path.name
        return fnmatchcase(path.name, self.pattern) or fnmatchcase(inside, self.pattern)


def read_declared(raw: object, wrong: Wrong) -> tuple[Declared, ...]:
    """Read the `files` of a mapping.

    Raises
    ------
    WrongUsageError
        Made by `wrong`, when an entry is unknown, or is nothing that can be compared.
    """
    if not isinstance(raw, dict) or not all(isinstance(declaration, dict) for declaration in raw.values()):
        raise wrong("files is no table of tables", '[files."ledger.csv"] with lines as rows = 600')
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
        raise wrong(f"{title}: rows is no number of rows", "a whole number, as rows = 600")
    column, total = _read_amount(raw.get("amount"), title, wrong)
    trailer = _read_trailer(raw.get("trailer", []), title, wrong)
    if column is not None and total is None and not any("{total}" in line for line in trailer):
        raise wrong(f"{title}: amount has no total, and no trailer tells it", 'total = "12345.67" in amount')
    if column is None and any("{total}" in line for line in trailer):
        raise wrong(f"{title}: the trailer tells a total, of no column", 'amount = { column = "Amt" } beside it')
    count_file = raw.get("count_file")
    if count_file is not None and (not isinstance(count_file, str) or not re.fullmatch(r"\.[\w.-]+", count_file)):
        raise wrong(f"{title}: count_file is no ending of a file name", 'count_file = ".count"')
    sheet = _SHEET.fullmatch(pattern)
    if sheet is not None and (trailer or count_file):
        raise wrong(
            f"{title}: a sheet has neither trailer nor count file", "rows and amount; leave totals out by where"
        )
    name = pattern if sheet is None else sheet[1]
    return Declared(name, None if sheet is None else sheet[2], rows, column, total, trailer, count_file)


def _read_amount(raw: Any, title: str, wrong: Wrong) -> tuple[str | None, Decimal | None]:
    if raw is None:
        return None, None
    if not isinstance(raw, dict) or set(raw) - {"column", "total"} or not isinstance(raw.get("column"), str):
        raise wrong(f"{title}: amount names no column", 'amount = { column = "Amt", total = "12345.67" }')
    total = raw.get("total")
    if total is None:
        return raw["column"], None
    if not isinstance(total, str) or not _TOTAL.fullmatch(total):
        raise wrong(f"{title}: total of amount is no text of dollars", 'total = "12345.67"')
    return raw["column"], Decimal(total)


def _read_trailer(raw: Any, title: str, wrong: Wrong) -> tuple[str, ...]:
    lines = [raw] if isinstance(raw, str) else raw
    if not isinstance(lines, list) or not all(isinstance(line, str) and line.strip() for line in lines):
        raise wrong(f"{title}: trailer is no text", 'trailer = "TRL|{rows}|{total}"')
    whole = "".join(lines)
    for hole in ("{rows}", "{total}"):
        if whole.count(hole) > 1:
            raise wrong(f"{title}: the trailer has {hole} twice", "each once")
    if lines and all(not re.sub(r"\{(rows|total)?\}", "", line).strip(" ,;|\t") for line in lines):
        raise wrong(f"{title}: any line would be such a trailer", 'words that tell it, as "TRL|{rows}|{total}"')
    return tuple(lines)


def trailer_pattern(line: str, delimiter: str) -> re.Pattern[str]:
    r"""Return what a trailer's line must match once quotes, and blanks and delimiters at its end, are off.

    >>> trailer_pattern("Total: {rows} rows,,{total},", ",").fullmatch("Total: 600 rows,,12.50")["rows"]
    '600'
    """
    parts = re.split(r"(\{rows\}|\{total\}|\{\})", strip_padding(line, delimiter))
    return re.compile("".join(_HOLES.get(part) or re.escape(part) for part in parts))


def strip_padding(line: str, delimiter: str) -> str:
    """Take the quotes off a line, and what pads its end.

    >>> strip_padding('"TRL",600,, ', ",")
    'TRL,600'
    """
    return line.replace('"', "").rstrip(f" \t\r\n\ufeff\u00a0{delimiter}").lstrip("\ufeff")

"""What a column holds, told from its contents: days and in which format, money and its sign, keys, a few levels."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from extracts.readers.mapped.macros import ORDERS, TIME, day_pattern
from extracts.readers.mapped.suggest_tables import RawTable

MOST_LEVELS = 12
FEWEST_ROWS = 11
"""A level is shown in a draft when at most 12 levels are in the column and each stands in 11 rows or more: no value
that singles out a person is then shown."""

_PLAIN = re.compile(r"-?\d{1,16}(\.\d{1,2})?")
_DOLLARS = {
    mark: re.compile(
        rf"\(?-?\$?-?(\d{{1,16}}|\d{{1,3}}({re.escape(thousands)}\d{{3}})+)({re.escape(mark)}\d{{1,2}})?-?\)?"
    )
    for mark, thousands in ((".", ","), (",", "."))
}
_PATTERNS = {
    order + time: (re.compile(pattern + (f"({TIME})?" if time else "")), mask)
    for order in ORDERS
    for pattern, mask in [day_pattern(order)]
    for time in ("", " time")
}
_YEAR = re.compile(r"(19|20)\d{2}")


@dataclass(frozen=True, slots=True)
class Profile:
    """A column: `filled` of the rows hold something, `distinct` different texts.

    `formats` are the formats of days that all of it fits, `mark` the decimal mark when all of it is money, `plain`
    whether that is written plainly. `levels` are its texts where they are few and often repeated, else none.
    """

    name: str
    filled: int
    rows: int
    distinct: int
    formats: tuple[str, ...]
    mark: str | None
    plain: bool
    negative: float
    is_year: bool
    longest: int
    levels: tuple[str, ...]

    @property
    def is_key(self) -> bool:
        """Every row holds another text."""
        return self.rows > 0 and self.filled == self.rows == self.distinct

    @property
    def is_day(self) -> bool:
        """All of it are days of some format, and not just numbers of eight digits."""
        return bool(self.formats)


def read_profiles(table: RawTable) -> dict[str, Profile]:
    """Tell what each column of a table holds."""
    columns = zip(*table.rows, strict=True) if table.rows else ([] for _ in table.names)
    return {name: _read_profile(name, list(texts)) for name, texts in zip(table.names, columns, strict=True)}


def _read_profile(name: str, texts: list[str | None]) -> Profile:
    counts = Counter(text for text in texts if text is not None)
    filled = counts.total()
    mark = next((mark for mark, dollars in _DOLLARS.items() if counts and all(map(dollars.fullmatch, counts))), None)
    formats = _find_formats(counts)
    negative = sum(count for text, count in counts.items() if _is_negative(text))
    few = len(counts) <= MOST_LEVELS and min(counts.values(), default=0) >= FEWEST_ROWS
    return Profile(
        name=name,
        filled=filled,
        rows=len(texts),
        distinct=len(counts),
        formats=formats,
        mark=mark,
        plain=bool(counts) and all(map(_PLAIN.fullmatch, counts)),
        negative=negative / filled if filled else 0.0,
        is_year=bool(counts) and all(map(_YEAR.fullmatch, counts)),
        longest=max(map(len, counts), default=0),
        levels=tuple(sorted(counts)) if few and all(map(_may_be_shown, counts)) else (),
    )


def _is_negative(text: str) -> bool:
    return "-" in (text[:1], text[1:2], text[-1:]) or text.startswith("(")


def _may_be_shown(text: str) -> bool:
    """A level is words, not a number, a date or a long text."""
    return len(text) <= 60 and not re.search(r"\d{3}|\d[/.-]\d|@", text)


def _find_formats(counts: Counter[str]) -> tuple[str, ...]:
    """Find the formats that all texts fit, without a time where none has one."""
    found = tuple(name for name, (pattern, mask) in _PATTERNS.items() if _all_fit(counts, pattern, mask))
    bare = tuple(name for name in found if not name.endswith(" time"))
    return bare or found


def _all_fit(counts: Counter[str], pattern: re.Pattern[str], mask: str) -> bool:
    return bool(counts) and all(pattern.fullmatch(text) and _is_day(text, mask) for text in counts)


def _is_day(text: str, mask: str) -> bool:
    try:
        day = datetime.strptime(re.split("[ T]", text, maxsplit=1)[0], mask)  # noqa: DTZ007 - a day has no time zone
    except ValueError:
        return False
    return 1901 <= day.year <= 2199


def read_level(table: RawTable, by: str, level: str) -> dict[str, Profile]:
    """Tell what each column holds in the rows whose column `by` has this text; zeros of dollars count as nothing."""
    place = table.names.index(by)
    rows = [row for row in table.rows if row[place] == level]
    columns = zip(*rows, strict=True)
    return {
        name: _read_profile(name, [text if text is None or text.strip("0.,") else None for text in texts])
        for name, texts in zip(table.names, columns, strict=True)
    }

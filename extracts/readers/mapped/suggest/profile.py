"""Profile a column from its contents: dates and their format, money and its sign, keys, and short lists of levels."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from payrank.extracts.contract.privacy import MIN_PEOPLE
from payrank.extracts.load.quarantine import MAX_QUARANTINED_SHARE
from payrank.extracts.readers.excel.cells import FAULT
from payrank.extracts.readers.mapped.macros import BLANKS, ORDERS, TIME, day_pattern, dollars_pattern
from payrank.extracts.readers.mapped.suggest.raw_tables import RawTable

MAX_LEVELS = 12
"""A draft shows a column's values only when it has at most 12 different ones, each in `MIN_PEOPLE` rows or more, so
that no value identifies a person."""

_PLAIN = re.compile(r"-?\d{1,16}(\.\d{1,2})?")
_DOLLARS = {mark: re.compile(dollars_pattern(mark)) for mark in (".", ",")}
_PATTERNS = {
    order + time: (re.compile(pattern + (f"({TIME})?" if time else "")), mask)
    for order in ORDERS
    for pattern, mask in [day_pattern(order)]
    for time in ("", " time")
}
Pattern = TypeVar("Pattern")
_YEAR = re.compile(r"(19|20)\d{2}")


@dataclass(frozen=True, slots=True)
class Profile:
    """Profile of a column: `filled` rows have a value, with `distinct` different texts.

    `formats` are the date formats that all its values fit, and `marks` the decimal marks if all are money. Up to 1% of
    the values, the share that an import may quarantine, need not fit. `unread` counts these, plus a workbook's formulas
    and errors, which are not in `filled`. `plain`: money is written without symbols. `levels` are the texts, if they
    are few and repeated often. `padded`: some text has surrounding blanks.
    """

    name: str
    filled: int
    rows: int
    distinct: int
    formats: tuple[str, ...]
    marks: tuple[str, ...]
    plain: bool
    negative: float
    is_year: bool
    longest: int
    levels: tuple[str, ...]
    unread: int = 0
    padded: bool = False

    @property
    def mark(self) -> str | None:
        """The decimal mark of money. Whole dollars, which fit both marks, count as a point."""
        return next(iter(self.marks), None)

    @property
    def is_key(self) -> bool:
        """Whether every row has a different text."""
        return self.rows > 0 and self.filled == self.rows == self.distinct

    @property
    def is_day(self) -> bool:
        """Whether at least 99% of the values fit a date format."""
        return bool(self.formats)


def read_profiles(table: RawTable) -> dict[str, Profile]:
    """Return the profile of each column of a table."""
    columns = zip(*table.rows, strict=True) if table.rows else ([] for _ in table.names)
    return {name: _read_profile(name, list(texts)) for name, texts in zip(table.names, columns, strict=True)}


def _read_profile(name: str, texts: list[str | None]) -> Profile:
    all_counts = Counter(text for text in texts if text is not None)
    counts = Counter({text: count for text, count in all_counts.items() if not text.startswith(FAULT)})
    filled, faults = counts.total(), all_counts.total() - counts.total()
    formats, undated = _find_fitting(counts, _PATTERNS, _fits_day)
    formats = tuple(name for name in formats if not name.endswith(" time")) or formats
    marks, unpaid = _find_fitting(counts, _DOLLARS, lambda text, dollars: bool(dollars.fullmatch(text)))
    negative = sum(count for text, count in counts.items() if _is_negative(text))
    few = len(counts) <= MAX_LEVELS and min(counts.values(), default=0) >= MIN_PEOPLE
    return Profile(
        name=name,
        filled=filled,
        rows=len(texts),
        distinct=len(counts),
        formats=formats,
        marks=marks,
        plain=bool(counts) and all(map(_PLAIN.fullmatch, counts)),
        negative=negative / filled if filled else 0.0,
        is_year=bool(counts) and all(map(_YEAR.fullmatch, counts)),
        longest=max(map(len, counts), default=0),
        levels=tuple(sorted(counts)) if few and all(map(_may_be_shown, counts)) else (),
        padded=any(text != text.strip(BLANKS) for text in counts),
        unread=faults + (undated if formats else unpaid if marks else 0),
    )


def _find_fitting(
    counts: Counter[str], patterns: Mapping[str, Pattern], fits: Callable[[str, Pattern], bool]
) -> tuple[tuple[str, ...], int]:
    """Return the names of the patterns that all texts fit, or else those that at least 99% of the rows fit.

    Also return how many rows do not fit.
    """
    most = int(MAX_QUARANTINED_SHARE * counts.total())
    misfits = {}
    for name, pattern in patterns.items() if counts else ():
        unfit = 0
        for text, count in counts.items():
            unfit += 0 if fits(text, pattern) else count
            if unfit > most:
                break
        else:
            misfits[name] = unfit
    fewest = min(misfits.values(), default=0)
    fitting = tuple(name for name, unfit in misfits.items() if unfit == 0 or fewest > 0)
    return fitting, max((misfits[name] for name in fitting), default=0)


def _is_negative(text: str) -> bool:
    return bool(re.search(r"^[^\w.]*[-(]|(-|[Cc][Rr])\W*$", text))


def _may_be_shown(text: str) -> bool:
    """Return whether a text is words, rather than a number, a date, or a long text."""
    return len(text) <= 60 and not re.search(r"\d{3}|\d[/.-]\d|@", text)


def _fits_day(text: str, order: tuple[re.Pattern[str], str]) -> bool:
    pattern, mask = order
    text = text.strip(BLANKS)
    return pattern.fullmatch(text) is not None and _is_day(text, mask)


def _is_day(text: str, mask: str) -> bool:
    try:
        day = datetime.strptime(re.split("[ T]", text, maxsplit=1)[0], mask)  # noqa: DTZ007 - a day has no time zone
    except ValueError:
        return False
    return 1901 <= day.year <= 2199


def read_level(table: RawTable, by: str, level: str) -> dict[str, Profile]:
    """Profile each column in the rows whose column `by` has this text. Zero dollars count as empty."""
    place = table.names.index(by)
    rows = [row for row in table.rows if row[place] == level]
    columns = zip(*rows, strict=True)
    return {
        name: _read_profile(name, [text if text is None or text.strip("0.,") else None for text in texts])
        for name, texts in zip(table.names, columns, strict=True)
    }

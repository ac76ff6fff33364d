"""The as-of date is the day after the last plausible row. Outliers do not count."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import duckdb
import pytest

from payrank.extracts.contract.tables import table
from payrank.extracts.readers.session.plausible_dates import limit_as_of

LAST = date(2026, 3, 31)


def limit(rows: int, beyond: list[Any], *, days: int = 90) -> tuple[date, int]:
    """Limit the as-of day of `rows` rows up to LAST and one row on each day of `beyond`."""
    with duckdb.connect() as connection:
        connection.execute("CREATE TABLE accounts (opened_on DATE)")
        connection.execute(
            f"INSERT INTO accounts SELECT DATE '{LAST}' - CAST(range % {days} AS INTEGER) FROM range({rows})"
        )
        for day in beyond:
            connection.execute("INSERT INTO accounts VALUES (?)", [day])
        as_of = max([LAST, *beyond]) + timedelta(days=1)
        return limit_as_of(connection, [table("accounts"), table("payers")], as_of)


@pytest.mark.parametrize(
    ("rows", "beyond", "expected"),
    [
        (200, [], (date(2026, 4, 1), 0)),
        (200, [date(2099, 12, 31)], (date(2026, 4, 1), 1)),
        (5000, [date(2099, 12, 31), date(2098, 1, 1)], (date(2026, 4, 1), 2)),
        (200, [LAST + timedelta(days=366)], (date(2027, 4, 2), 0)),
        (200, [LAST + timedelta(days=367)], (date(2026, 4, 1), 1)),
        (5000, [LAST + timedelta(days=30), date(2099, 12, 31)], (date(2026, 5, 1), 1)),
        (90, [date(2099, 12, 31)], (date(2100, 1, 1), 0)),
        (200, [date(2099, 12, 31), date(2099, 12, 30)], (date(2100, 1, 1), 0)),
    ],
    ids=["none", "one", "two_of_5000", "at_the_bound", "beyond_it", "plausible_stays", "too_few", "more_than_0.1%"],
)
def test_the_as_of_date_follows_the_last_row_within_a_year_of_most_rows(
    rows: int, beyond: list[Any], expected: tuple[date, int]
) -> None:
    assert limit(rows, beyond) == expected


def test_an_extract_without_dates_keeps_its_as_of_date() -> None:
    with duckdb.connect() as connection:
        assert limit_as_of(connection, [table("payers")], LAST) == (LAST, 0)

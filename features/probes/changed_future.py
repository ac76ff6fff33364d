"""The same extract with a different future: later rows are deleted, changed, moved, and added.

The copy is in temporary tables of a second cursor, which hide the real tables. The extract itself does not change.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date

from payrank.extracts.contract.source_file import quote_name
from payrank.extracts.contract.tables import LATER_KNOWN, TABLES, Table
from payrank.extracts.extract import Extract

MAX_COPIES = 5_000
"""Most past rows per table that are copied as new rows."""


@contextmanager
def change_future(extract: Extract, day: date) -> Iterator[Extract]:
    """Yield the extract as if everything known on or after `day` had happened differently.

    In every table, about a third of the later rows is deleted, the others swap values with each other, and up to 5,000
    past rows are copied under new keys, known on the day or later. Values that were filled in later on an earlier row
    (the outcome of an appeal, the end of a plan) are removed or moved. Undated tables (payers, guarantors) stay the
    same.
    """
    cursor = extract.connection.cursor()
    changed: list[str] = []
    try:
        for table in TABLES:
            if table.known_on is not None:
                names = [row[0] for row in cursor.execute(f"DESCRIBE main.{table.name}").fetchall()]
                cursor.execute(f"CREATE TEMP TABLE {table.name} AS {_render(table, names, day)}")
                changed.append(table.name)
        yield replace(extract, connection=cursor, workspace=None)
    finally:
        for name in changed:
            cursor.execute(f"DROP TABLE IF EXISTS temp.{name}")
        cursor.close()


def count_future(extract: Extract, day: date) -> int:
    """Return the number of rows known on or after a day, over all tables."""
    counts = " UNION ALL ".join(
        f"SELECT count(*) AS n FROM main.{table.name} WHERE {table.known_on} >= DATE '{day}'"
        for table in TABLES
        if table.known_on is not None
    )
    return int(extract.connection.execute(f"SELECT sum(n) FROM ({counts})").fetchall()[0][0])


def _render(table: Table, names: list[str], day: date) -> str:
    known_on = table.known_on or ""
    source, key = f"main.{table.name}", " || '|' || ".join(f"CAST({name} AS VARCHAR)" for name in table.key)
    columns = ", ".join(_render_past(table, name, day) for name in names)
    past = f"SELECT {columns} FROM {source} WHERE {known_on} < DATE '{day}'"
    # Values move to the next row in a random order. Keys, IDs, and dates stay, so rows still join.
    order = f"OVER (ORDER BY md5({key}))"
    moved = ", ".join(
        f"coalesce(lead({quote_name(name)}) {order}, {quote_name(name)}) AS {quote_name(name)}"
        if _moves(table, name)
        else quote_name(name)
        for name in names
    )
    # Of 16 first digits of a hash, those below b keep 11 in 16 rows.
    retained = f"substr(md5({key}), 1, 1) < 'b'"
    future = f"SELECT * FROM (SELECT {moved} FROM {source} WHERE {known_on} >= DATE '{day}') later WHERE {retained}"
    copied = ", ".join(_render_copy(table, name, day) for name in names)
    copies = f"SELECT {copied} FROM (SELECT * FROM ({past}) known ORDER BY md5({key}) LIMIT {MAX_COPIES}) taken"
    return f"{past} UNION ALL BY NAME {future} UNION ALL BY NAME {copies}"


def _moves(table: Table, name: str) -> bool:
    column = table.column(name)
    return name not in table.key and name != table.known_on and (column is None or column.kind != "id")


def _render_past(table: Table, name: str, day: date) -> str:
    """Return the SQL of a column of an earlier row, without values that were filled in on the day or later."""
    later, quoted = LATER_KNOWN.get(table.name), quote_name(name)
    if later is None:
        return quoted
    filled_later = f"({later} IS NULL OR {later} >= DATE '{day}')"
    if name == later:
        moved = f"CASE WHEN substr(md5({table.key[0]}), 2, 1) < '8' THEN DATE '{day}' + 3 END"
        return f"CASE WHEN {filled_later} THEN {moved} ELSE {quoted} END AS {quoted}"
    if (table.name, name) in _FILLED_WITH:
        return f"CASE WHEN {filled_later} THEN {_FILLED_WITH[table.name, name]} ELSE {quoted} END AS {quoted}"
    return quoted


_FILLED_WITH = {
    ("appeals", "outcome"): "CASE WHEN substr(md5(appeal_id), 3, 1) < '8' THEN 'overturned' ELSE 'upheld' END",
    ("appeals", "recovered_amount"): "1.00",
    ("payment_plans", "end_reason"): "'broken'",
}
"""Columns that are filled in with the later date, and their values in the changed future."""


def _render_copy(table: Table, name: str, day: date) -> str:
    quoted = quote_name(name)
    if name == table.known_on:
        return f"DATE '{day}' + (ascii(md5({table.key[0]})) % 3) * 10 AS {quoted}"
    if name == table.key[0] and len(table.key) == 1:
        return f"'again-' || {quoted} AS {quoted}"
    if name == "amount":
        return f"{quoted} * -7 AS {quoted}"
    return quoted

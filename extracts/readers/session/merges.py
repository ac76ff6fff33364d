"""Merged accounts and guarantors: rows loaded under a merged ID move to the account or guarantor that survives.

Chains of merges are followed to their end. A cycle has no end, and a subject merged into two others has two. Such merge
records are quarantined, and the rows of their subjects keep their IDs.
"""

from __future__ import annotations

from collections.abc import Mapping

import duckdb

from payrank.extracts.contract.source_file import quote_name
from payrank.extracts.contract.tables import TABLES, Table
from payrank.extracts.pluralize import pluralize
from payrank.extracts.readers.session.loaded_rows import ORIGIN_COLUMNS, LoadedRows

SURVIVOR_HAS_ROW = "merged into one that has its own row"
CIRCLE, TWICE = "merge_circle", "merged_into_two"
SUBJECTS = {"account": "account_id", "guarantor": "guarantor_id"}
DESCRIBED = ("accounts", "guarantors", "coverages", "flags")
"""Tables in which a merge may give two rows the same key. The survivor's own row is kept."""


def find_ends(connection: duckdb.DuckDBPyConnection) -> list[tuple[int, int, str]]:
    """Fill the table `merge_ends` (subject_type, subject_id, end_id), and return the merges that have no single end.

    Returns
    -------
    (source number, line, rule) of each merge that cannot be followed.
    """
    rows = connection.execute(
        "SELECT source, load_line, subject_type, subject_id, into_id FROM merges JOIN load_blocks AS blocks "
        "ON blocks.block = merges.load_block ORDER BY source, load_line"
    ).fetchall()
    into: dict[tuple[str, str], str] = {}
    double: set[tuple[str, str]] = set()
    for _, _, kind, subject, target in rows:
        if into.setdefault((kind, subject), target) != target:
            double.add((kind, subject))
    steps = {subject: target for subject, target in into.items() if subject not in double}
    ends = {subject: _follow(steps, subject) for subject in steps}
    followed = [(*subject, end) for subject, end in ends.items() if end is not None]
    connection.execute("CREATE OR REPLACE TABLE merge_ends (subject_type VARCHAR, subject_id VARCHAR, end_id VARCHAR)")
    if followed:
        connection.executemany("INSERT INTO merge_ends VALUES (?, ?, ?)", followed)
    broken = []
    for number, line, kind, subject, _ in rows:
        if (kind, subject) in double:
            broken.append((number, line, TWICE))
        elif ends[kind, subject] is None:
            broken.append((number, line, CIRCLE))
    return broken


def _follow(steps: Mapping[tuple[str, str], str], subject: tuple[str, str]) -> str | None:
    """Return the end of a chain of merges, or None if it never ends.

    >>> _follow({("account", "1"): "2", ("account", "2"): "3"}, ("account", "1"))
    '3'
    >>> _follow({("account", "1"): "2", ("account", "2"): "1"}, ("account", "1")) is None
    True
    """
    kind, here = subject
    seen = {here}
    while (kind, here) in steps:
        here = steps[kind, here]
        if here in seen:
            return None
        seen.add(here)
    return here


def rename_merged(loaded: LoadedRows, columns: Mapping[str, list[str]], reason: int) -> list[str]:
    """Give every loaded row of a merged subject the survivor's ID. Return notices with counts.

    Parameters
    ----------
    columns
        The loaded tables and their columns.
    reason
        Number of the reason `SURVIVOR_HAS_ROW` in the record ledger.
    """
    notices = []
    for table in TABLES:
        if table.name not in columns:
            continue
        dropped = _rename_table(loaded, table, columns[table.name], reason)
        if dropped:
            notices.append(
                f"{table.name}: {pluralize(dropped, 'row')} of merged accounts or guarantors left out, because the "
                "surviving account or guarantor has its own row"
            )
    return notices


def _rename_table(loaded: LoadedRows, table: Table, columns: list[str], reason: int) -> int:
    connection = loaded.connection
    name = quote_name(table.name)
    joins, changes = [], {}
    for kind, column in SUBJECTS.items():
        if column in columns:
            joins.append(
                f"LEFT JOIN merge_ends AS {kind}_end ON {kind}_end.subject_type = '{kind}' "
                f"AND {kind}_end.subject_id = loaded.{column}"
            )
            changes[column] = f"coalesce({kind}_end.end_id, loaded.{column})"
    if table.name == "flags":
        joins.append("LEFT JOIN merge_ends AS flag_end USING (subject_type, subject_id)")
        changes["subject_id"] = "coalesce(flag_end.end_id, loaded.subject_id)"
    if not changes:
        return 0
    fields = ", ".join(
        f"{changes.get(column, f'loaded.{quote_name(column)}')} AS {quote_name(column)}"
        for column in (*columns, *ORIGIN_COLUMNS)
    )
    was = " OR ".join(f"{change} <> loaded.{column}" for column, change in changes.items())
    connection.execute(
        f"CREATE TABLE renamed AS SELECT {fields}, coalesce({was}, false) AS was_merged FROM "
        f"(SELECT *, rowid AS load_row FROM {name}) AS loaded {' '.join(joins)} ORDER BY load_row"
    )
    connection.execute(f"DROP TABLE {name}")
    connection.execute(f"ALTER TABLE renamed RENAME TO {name}")
    dropped = 0
    if table.name in DESCRIBED:
        same = " AND ".join(f"other.{part} IS NOT DISTINCT FROM renamed.{part}" for part in table.key)
        rows = (
            f"SELECT renamed.rowid AS load_row FROM {name} AS renamed WHERE was_merged AND EXISTS (SELECT 1 FROM "
            f"{name} AS other WHERE {same} AND (NOT other.was_merged OR other.rowid < renamed.rowid))"
        )
        dropped = loaded.remove(table.name, rows, reason)
    connection.execute(f"ALTER TABLE {name} DROP COLUMN was_merged")
    return dropped

"""Repeated keys: exact duplicate rows are loaded once, and different rows with one key refuse the extract."""

from __future__ import annotations

from collections.abc import Sequence

import duckdb
import numpy as np

from payrank.extracts.contract.source_file import SourceFile, quote_name
from payrank.extracts.contract.tables import Column, Table
from payrank.extracts.errors import ExtractRefusedError
from payrank.extracts.fetch_row import fetch_one_row
from payrank.extracts.pluralize import pluralize


def drop_repeated(
    connection: duckdb.DuckDBPyConnection, table: Table, columns: tuple[Column, ...], source: SourceFile
) -> int:
    """Keep the first of each set of rows that are identical in every column. Return how many were dropped.

    Raises
    ------
    ExtractRefusedError
        When rows with the same key differ, because either could be right.
    """
    if not may_repeat(connection, table.name, table.key):
        return 0
    name = quote_name(table.name)
    key = ", ".join(map(quote_name, table.key))
    fields = ", ".join(quote_name(column.name) for column in columns)
    repeated, differing = fetch_one_row(
        connection,
        f"SELECT count(*), count_if(kinds > 1) FROM (SELECT count(*) AS n, count(DISTINCT row({fields})) AS kinds "
        f"FROM {name} GROUP BY {key} HAVING count(*) > 1)",
    )
    if differing:
        raise ExtractRefusedError(
            f"{source.name}: {pluralize(differing, 'key')} ({', '.join(table.key)}) of {table.name} with rows "
            "that differ. Allowed: one row per key; exact duplicates are counted once. "
            "Send one version of each row, or a key that distinguishes them."
        )
    if not repeated:
        return 0
    (dropped,) = fetch_one_row(
        connection, f"DELETE FROM {name} WHERE rowid NOT IN (SELECT min(rowid) FROM {name} GROUP BY {key})"
    )
    return int(dropped)


def may_repeat(connection: duckdb.DuckDBPyConnection, name: str, names: Sequence[str]) -> bool:
    """Return whether any two rows have the same hash of their key.

    A quick test before the exact one: sorting 20 million hashes takes 2 s, and grouping 20 million texts takes 10 s.
    """
    key = ", ".join(map(quote_name, names))
    hashes = connection.execute(f"SELECT hash({key}) AS h FROM {quote_name(name)}").fetchnumpy()["h"]
    ordered = np.sort(np.asarray(hashes))
    return bool((ordered[1:] == ordered[:-1]).any())

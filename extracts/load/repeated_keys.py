"""Rows that arrived more than once: the same row again counts once, a key with differing rows refuses the extract."""

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
    """Keep the first of rows that are alike in every column; return how many were dropped.

    Raises
    ------
    ExtractRefusedError
        When rows with one key differ: nobody knows which is true.
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
            f"that differ. "
            "Allowed: one row a key; the same row again in every column is counted once. "
            "Send one version of each row, or a key that tells them apart."
        )
    if not repeated:
        return 0
    (dropped,) = fetch_one_row(
        connection, f"DELETE FROM {name} WHERE rowid NOT IN (SELECT min(rowid) FROM {name} GROUP BY {key})"
    )
    return int(dropped)


def may_repeat(connection: duckdb.DuckDBPyConnection, name: str, names: Sequence[str]) -> bool:
    """Say whether two rows share the hash of their key: sorting 20 M hashes costs 2 s, grouping 20 M texts ten."""
    key = ", ".join(map(quote_name, names))
    hashes = connection.execute(f"SELECT hash({key}) AS h FROM {quote_name(name)}").fetchnumpy()["h"]
    ordered = np.sort(np.asarray(hashes))
    return bool((ordered[1:] == ordered[:-1]).any())

"""Suggest column names of a staged file in a message, unless its first line looks like a patient's row."""

from __future__ import annotations

import duckdb

from payrank.extracts.contract.source_file import quote_name
from payrank.extracts.errors import did_you_mean
from payrank.extracts.readers.mapped.header_words import looks_like_data
from payrank.extracts.readers.session.source_table import LINE, SourceTable

ROWS = 2_000
"""Number of records compared with the first line."""
_ADDED_COLUMNS = ("source_file", "source_row")


def hint_name(connection: duckdb.DuckDBPyConnection, source: SourceTable, name: str) -> str:
    """Return a hint with the closest column name, or all of them. A file without a header gets a hint without names."""
    names = [name for name in source.names if name not in _ADDED_COLUMNS]
    columns = ", ".join(map(quote_name, names))
    query = f"SELECT {columns} FROM {quote_name(source.relation)} ORDER BY {LINE} LIMIT {ROWS}"
    if looks_like_data(names, connection.execute(query).fetchall()):
        return (
            "a column of the file. Its first line looks like a row, not a header, so it is not shown here (check that "
            "the export has a header, or set header_row)"
        )
    return did_you_mean(name, source.names)

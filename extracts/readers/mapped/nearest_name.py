"""Names the columns of a staged file for a message, unless its first line is a row, of a patient's values."""

from __future__ import annotations

import duckdb

from payrank.extracts.contract.source_file import quote_name
from payrank.extracts.errors import did_you_mean
from payrank.extracts.readers.mapped.header_words import looks_like_data
from payrank.extracts.readers.session.source_table import LINE, SourceTable

ROWS = 2_000
"""Records that are compared with the first line."""
_OURS = ("source_file", "source_row")


def hint_name(connection: duckdb.DuckDBPyConnection, source: SourceTable, name: str) -> str:
    """Return the column nearest to what a mapping gives, or all of them; of a file without a header, none."""
    names = [name for name in source.names if name not in _OURS]
    columns = ", ".join(map(quote_name, names))
    query = f"SELECT {columns} FROM {quote_name(source.relation)} ORDER BY {LINE} LIMIT {ROWS}"
    if looks_like_data(names, connection.execute(query).fetchall()):
        return (
            "a column of the file, but its first line looks like a row, not like names of columns, and is not shown "
            "(check that the export has a header; header_row says where it stands)"
        )
    return did_you_mean(name, source.names)

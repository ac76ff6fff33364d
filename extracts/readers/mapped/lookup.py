"""Lookups of a mapping: each row of a block finds a row in another table of the source by a key.

```toml
[lookups.kind]                    # in the block's expressions, its columns are kind."CDF_MEANING" and so on
file = "CODE_VALUE.*"             # one file; sheet, header_row, and where as in a block
key = "CODE_VALUE"                # the unique column of that file
by = "TRANS_TYPE_CD"              # the column or expression of the block's row to look up
[[transactions]]
lookups = ["kind"]                # a later lookup may use the result of an earlier one
```
"""

from __future__ import annotations

from dataclasses import dataclass

import duckdb

from payrank.extracts.contract.source_file import quote_name
from payrank.extracts.errors import ExtractRefusedError, WrongUsageError
from payrank.extracts.fetch_row import fetch_one_row
from payrank.extracts.pluralize import pluralize
from payrank.extracts.readers.mapped.nearest_name import hint_name
from payrank.extracts.readers.session.import_session import ImportSession
from payrank.extracts.readers.session.source_table import LINE, SourceTable


@dataclass(frozen=True, slots=True)
class Lookup:
    """One `[lookups.NAME]` section. It finds the row of `file` whose `key` equals the block row's `by`."""

    name: str
    file: str
    key: str
    by: str
    sheet: str | None = None
    header_row: int | None = None
    where: str | None = None

    @property
    def title(self) -> str:
        """Name used in messages."""
        return f"[lookups.{self.name}]"


def stage_lookup(session: ImportSession, lookup: Lookup, source: SourceTable) -> str:
    """Create the table `lookup_NAME` with one source row per key.

    Raises
    ------
    WrongUsageError
        When the key is not a column, or `where` is not a condition over the file's columns.
    ExtractRefusedError
        When two different rows have the same key, because either could be the right one.
    """
    if lookup.key not in source.names:
        raise WrongUsageError(
            f"{lookup.title}: key is not a column of {source.name}. Allowed: "
            f"{hint_name(session.connection, source, lookup.key)}. Correct the mapping."
        )
    session.mark_reference(source)
    connection, table, key = session.connection, f"lookup_{lookup.name}", quote_name(lookup.key)
    columns = ", ".join(quote_name(name) for name in source.names if name not in {"source_file", "source_row"})
    where = f"AND ({lookup.where}\n)" if lookup.where else ""
    rows = f"SELECT {columns}, {LINE} FROM {quote_name(source.relation)} WHERE {key} IS NOT NULL {where}"
    try:
        connection.execute(f"CREATE TABLE {quote_name(f'{table}_rows')} AS {rows}")
    except duckdb.Error as error:
        raise WrongUsageError(
            f"{lookup.title}: where is not a condition over a row of {source.name} ({type(error).__name__}). Allowed: "
            "an expression as in a block's where. Correct the mapping."
        ) from None
    different = connection.execute(
        f"SELECT min({LINE}), max({LINE}) FROM (SELECT {columns}, min({LINE}) AS {LINE} "
        f"FROM {quote_name(f'{table}_rows')} GROUP BY ALL) GROUP BY {key} HAVING count(*) > 1 ORDER BY 1 LIMIT 1"
    ).fetchall()
    if different:
        first, second = different[0]
        raise ExtractRefusedError(
            f"{source.name}: lines {first} and {second} have the same {lookup.key} and differ, so {lookup.title} is "
            "ambiguous. Allowed: one row per key. Add a where to the lookup, or correct the file."
        )
    connection.execute(
        f"CREATE TABLE {quote_name(table)} AS SELECT DISTINCT {columns} FROM {quote_name(f'{table}_rows')}"
    )
    return table


def join_lookup(session: ImportSession, source: SourceTable, relation: str, lookup: Lookup, table: str) -> str:
    """Create a table of a relation's rows, each with its lookup result as a struct. Return the table's name.

    Raises
    ------
    WrongUsageError
        When the lookup has the name of a column, or `by` is not an expression over the row.
    """
    if lookup.name.casefold() in {name.casefold() for name in source.names}:
        raise WrongUsageError(
            f"{lookup.title}: {source.name} has a column with that name. Allowed: another name for the lookup. Correct "
            "the mapping."
        )
    name, key = quote_name(lookup.name), quote_name(f"{lookup.name} key")
    by = quote_name(lookup.by) if lookup.by in source.names else f"({lookup.by}\n)"
    joined = f"{relation}_{lookup.name}"
    # The alias of the looked-up row must not be a column name: a table of payers may well have a column payer.
    matched = quote_name(f"{lookup.name} found")
    query = (
        f"SELECT rows.*, {matched} AS {name} FROM (SELECT *, TRY(CAST({by} AS VARCHAR)) AS {key} "
        f"FROM {quote_name(relation)}) AS rows "
        f"LEFT JOIN {quote_name(table)} AS {matched} ON {matched}.{quote_name(lookup.key)} = rows.{key}"
    )
    try:
        session.connection.execute(f"CREATE TABLE {quote_name(joined)} AS {query} ORDER BY {LINE}")
    except duckdb.Error as error:
        raise WrongUsageError(
            f"{lookup.title}: by is neither a column nor an expression over a row of {source.name} "
            f"({type(error).__name__}). Allowed: {hint_name(session.connection, source, lookup.by)}. "
            "Correct the mapping."
        ) from None
    _warn_about_unmatched(session, source, lookup, joined)
    return joined


def _warn_about_unmatched(session: ImportSession, source: SourceTable, lookup: Lookup, joined: str) -> None:
    key = quote_name(f"{lookup.name} key")
    matched = f"{quote_name(lookup.name)}.{quote_name(lookup.key)}"
    (unmatched,) = fetch_one_row(
        session.connection,
        f"SELECT count(*) FROM {quote_name(joined)} WHERE {key} IS NOT NULL AND {matched} IS NULL",
    )
    if unmatched:
        session.add_notice(
            f"{source.name}: {pluralize(unmatched, 'row')} without a match in {lookup.title} ({lookup.file}); values "
            "from the lookup are null"
        )

"""Loads a folder of canonical tables: parsed, quarantined, counted, or refused as a whole."""

from __future__ import annotations

import shutil
import tempfile
import weakref
from collections.abc import Mapping
from pathlib import Path

import duckdb

from extracts.contract import SQL_TYPES, STATED_BALANCES, TABLES, Column, Table
from extracts.control_totals import check_control_total, refuse_total
from extracts.database import fetch_tables, is_address, read_address
from extracts.errors import ExtractRefused
from extracts.extract import Extract, TableState
from extracts.links import describe_links
from extracts.metadata import FILE_NAME, Metadata, read_metadata
from extracts.quarantine import create_quarantine, quarantine_rows
from extracts.repeated import drop_repeated
from extracts.source_file import SourceFile, digest_file, find_sources, quote_name
from extracts.stage import RULE, Staged, stage_table


def load_extract(source: Path | str) -> Extract:
    """Load an extract: one `.parquet`, `.csv` or `.csv.gz` a table, and an optional `extract.toml`.

    `source` is the folder, or the address of a database schema that holds the tables (`extracts.database`). Rows that
    break the contract go to the table `quarantine`; rows alike in every column are loaded once. For each table rows
    read = loaded + quarantined + repeated. Dates are days, money is dollars.

    Returns
    -------
    Extract
        Holds a DuckDB connection; close it, or use it as a context manager.

    Raises
    ------
    ExtractRefused
        No table, no account and no denial, a file that cannot be read, a missing required column, over 1% of a table
        in quarantine, one key with differing rows, or a control total that does not tie.

    Examples
    --------
    >>> load_extract(Path("no/such/folder"))  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    extracts.errors.ExtractRefused: no/such/folder: no such folder. Allowed: a folder with one file a table. ...
    """
    workspace = Path(tempfile.mkdtemp(prefix="payrank-"))
    try:
        connection = open_database(workspace)
        try:
            return _load(connection, source, workspace)
        except BaseException:
            connection.close()
            raise
    except BaseException:
        shutil.rmtree(workspace, ignore_errors=True)
        raise


def open_database(workspace: Path) -> duckdb.DuckDBPyConnection:
    """Open an in-memory DuckDB that reaches no network and spills into the private workspace alone."""
    return duckdb.connect(
        ":memory:",
        config={
            # A long IN list becomes a join that loses the order of the rows, and with it their line numbers:
            # https://github.com/duckdb/duckdb/issues/24398 (open with DuckDB 2.0; can go when it is closed).
            "disabled_optimizers": "in_clause",
            "temp_directory": str(workspace),
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            "allow_community_extensions": "false",
        },
    )


def _load(connection: duckdb.DuckDBPyConnection, source: Path | str, workspace: Path) -> Extract:
    folder, shown = _open_source(source, workspace)
    sources, notices = find_sources(folder)
    metadata = read_metadata(folder)
    create_quarantine(connection)
    states = {}
    for table in TABLES:
        attributes = metadata.attributes.get(table.name, {})
        file = sources.get(table.name)
        if file is None:
            if table.name in metadata.control_totals and metadata.control_totals[table.name].rows != 0:
                raise refuse_total(table, folder.name, "a file of the table", "none")
            states[table.name] = _create_absent(connection, table, attributes)
        else:
            states[table.name], found = _load_table(connection, table, file, metadata, workspace)
            notices += found
    if STATED_BALANCES.name in sources:
        file = sources[STATED_BALANCES.name]
        states[file.table], found = _load_table(connection, STATED_BALANCES, file, metadata, workspace)
        notices += found
    if not states["accounts"].rows_loaded and not states["denials"].rows_loaded:
        raise ExtractRefused(
            f"{shown}: the extract is empty, with no row of accounts and none of denials. Allowed: at least one "
            "row of either. Check the export's filter, and send it again."
        )
    digests = {file.name: digest_file(file.path) for file in sources.values()}
    if (folder / FILE_NAME).exists():
        digests[FILE_NAME] = digest_file(folder / FILE_NAME)
    if is_address(source):
        shutil.rmtree(folder)
    notices += describe_links(connection, states, metadata.as_of)
    connection.execute("RESET disabled_optimizers")
    extract = Extract(
        connection=connection,
        source=shown,
        metadata=metadata,
        tables=states,
        digests=dict(sorted(digests.items())),
        notices=tuple(notices),
        workspace=workspace,
    )
    weakref.finalize(extract, shutil.rmtree, workspace, ignore_errors=True)
    return extract


def _open_source(source: Path | str, workspace: Path) -> tuple[Path, str]:
    """Return the folder that holds the tables, a database's copied into the workspace, and how messages call it."""
    if not is_address(source):
        return Path(source), str(source)
    address = read_address(str(source))
    folder = workspace / "tables"
    folder.mkdir(mode=0o700)
    fetch_tables(address, folder)
    return folder, address.shown


def _load_table(
    connection: duckdb.DuckDBPyConnection, table: Table, source: SourceFile, metadata: Metadata, workspace: Path
) -> tuple[TableState, list[str]]:
    attributes = metadata.attributes.get(table.name, {})
    staged = stage_table(connection, table, attribute_columns(attributes), source, workspace)
    notices = list(check_control_total(connection, staged, metadata.control_totals.get(table.name)))
    rows, quarantined = quarantine_rows(connection, staged)
    connection.execute(f"ALTER TABLE {quote_name(table.name)} DROP COLUMN {RULE}")
    repeated = drop_repeated(connection, table, staged.columns, source)
    notices += _describe_arrival(staged, rows, quarantined, repeated)
    state = TableState(
        name=table.name,
        present=True,
        absent_columns=staged.absent,
        ignored_columns=staged.ignored,
        attributes=dict(attributes),
        rows_read=rows,
        rows_loaded=rows - quarantined - repeated,
        rows_quarantined=quarantined,
        rows_repeated=repeated,
    )
    return state, notices


def attribute_columns(attributes: Mapping[str, str]) -> tuple[Column, ...]:
    """Turn declared site attributes into columns: a category is text.

    >>> [(column.name, column.kind) for column in attribute_columns({"clinic": "category", "visits": "number"})]
    [('clinic', 'text'), ('visits', 'number')]
    """
    return tuple(
        Column(name, "text" if kind == "category" else "boolean" if kind == "boolean" else "number")
        for name, kind in attributes.items()
    )


def _create_absent(connection: duckdb.DuckDBPyConnection, table: Table, attributes: Mapping[str, str]) -> TableState:
    columns = (*table.columns, *attribute_columns(attributes))
    fields = ", ".join(f"{quote_name(column.name)} {SQL_TYPES[column.kind]}" for column in columns)
    connection.execute(f"CREATE TABLE {quote_name(table.name)} ({fields})")
    return TableState(table.name, False, tuple(c.name for c in columns), (), dict(attributes), 0, 0, 0, 0)


def _describe_arrival(staged: Staged, rows: int, quarantined: int, repeated: int) -> list[str]:
    file = staged.source.name
    notices = []
    if not rows:
        notices.append(f"{file}: has a header but no rows")
    if staged.absent:
        notices.append(f"{file}: absent columns, their features are null: {', '.join(staged.absent)}")
    if staged.ignored:
        notices.append(
            f"{file}: extra columns, ignored: {', '.join(staged.ignored)}. Declare them in {FILE_NAME} under "
            f"[attributes.{staged.table.name}] to use them"
        )
    if staged.integer_ids:
        notices.append(
            f"{file}: ids arrived as integers, so leading zeros may be lost: {', '.join(staged.integer_ids)}"
        )
    if quarantined:
        notices.append(f"{file}: {quarantined:,} of {rows:,} rows are quarantined")
    if repeated:
        notices.append(f"{file}: {repeated:,} of {rows:,} rows are repeated, alike in every column, and loaded once")
    if staged.scan is not None and not staged.scan.closed:
        notices.append(f"{file}: the last line has no line end; declare control totals to prove that nothing was cut")
    return notices

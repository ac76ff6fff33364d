"""Load a folder of canonical tables: parse and count every row, quarantine bad ones, or refuse the extract."""

from __future__ import annotations

import shutil
import weakref
from collections.abc import Mapping
from pathlib import Path

import duckdb

from payrank.extracts.checks.referential_checks import check_references
from payrank.extracts.contract.metadata import FILE_NAME, Metadata, read_metadata
from payrank.extracts.contract.source_file import SourceFile, digest_file, find_sources, quote_name
from payrank.extracts.contract.tables import STATED_BALANCES, TABLES, Column, Table
from payrank.extracts.errors import ExtractRefusedError
from payrank.extracts.extract import Extract, TableState
from payrank.extracts.finding import Finding
from payrank.extracts.load.control_totals import check_control_total, refuse_total
from payrank.extracts.load.database import fetch_tables, is_address, read_address
from payrank.extracts.load.quarantine import create_quarantine, quarantine_rows
from payrank.extracts.load.repeated_keys import drop_repeated
from payrank.extracts.load.stage import RULE, Staged, stage_table, stored_type
from payrank.extracts.workspace import make_workspace, remove_workspace


def load_extract(source: Path | str, *, refusals: list[ExtractRefusedError] | None = None) -> Extract:
    """Load an extract: one `.parquet`, `.csv`, or `.csv.gz` file per table, and an optional `extract.toml`.

    Rows that violate the contract go to the table `quarantine`. Rows that are identical in every column are loaded
    once. For each table, rows read = loaded + quarantined + repeated. Dates are whole days, and money is dollars.

    Parameters
    ----------
    source
        The folder, or the address of a database schema with the tables (see `payrank.extracts.load.database`).
    refusals
        A list that collects every error that refuses a table, so that one inspection finds all of them. The table is
        then treated as absent, and loading continues. With None, the first error is raised.

    Returns
    -------
    Extract
        Holds a DuckDB connection. Close it, or use it as a context manager.

    Raises
    ------
    ExtractRefusedError
        When there is no table, or neither an account nor a denial; when a file cannot be read; when a required column
        is missing; when over 1% of a table is quarantined; when rows with the same key differ; or when a control
        total does not match.

    Examples
    --------
    >>> load_extract(Path("no/such/folder"))  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    payrank.extracts.errors.ExtractRefusedError: no/such/folder: no such folder. Allowed: a folder with ...
    """
    workspace = make_workspace()
    try:
        connection = open_database(workspace)
        try:
            return _Loading(connection, source, workspace, refusals).run()
        except BaseException:
            connection.close()
            raise
    except BaseException:
        remove_workspace(workspace)
        raise


def open_database(workspace: Path) -> duckdb.DuckDBPyConnection:
    """Open an in-memory DuckDB that never uses the network and spills only to the private workspace."""
    return duckdb.connect(
        ":memory:",
        config={
            # DuckDB turns a long IN list into a join that loses the row order, and with it the line numbers:
            # https://github.com/duckdb/duckdb/issues/24398 (open in DuckDB 2.0; remove this when it is fixed).
            "disabled_optimizers": "in_clause",
            "temp_directory": str(workspace),
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            "allow_community_extensions": "false",
        },
    )


class _Loading:
    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        source: Path | str,
        workspace: Path,
        refusals: list[ExtractRefusedError] | None,
    ) -> None:
        self.connection = connection
        self.source = source
        self.workspace = workspace
        self.refusals = refusals
        self.findings: list[Finding] = []
        self.states: dict[str, TableState] = {}

    def run(self) -> Extract:
        folder, shown, schema = _open_source(self.source, self.workspace)
        files, ignored = find_sources(folder, schema)
        self.findings += [Finding("contract", "", 1, notice) for notice in ignored]
        metadata = self._read_metadata(folder)
        create_quarantine(self.connection)
        for table in TABLES:
            self._load_or_create(table, files.get(table.name), metadata, folder)
        if STATED_BALANCES.name in files:
            self._load_or_create(STATED_BALANCES, files[STATED_BALANCES.name], metadata, folder)
        if not self.states["accounts"].rows_loaded and not self.states["denials"].rows_loaded:
            self._refuse(
                ExtractRefusedError(
                    f"{shown}: the extract is empty: it has no accounts and no denials. Allowed: at least one row of "
                    "either. Check the export's filter, and send it again."
                )
            )
        digests = {file.name: digest_file(file.path) for file in files.values()}
        if (folder / FILE_NAME).exists():
            digests[FILE_NAME] = digest_file(folder / FILE_NAME)
        if is_address(self.source):
            shutil.rmtree(folder)
        self.findings += check_references(self.connection, self.states, metadata.as_of)
        self.connection.execute("RESET disabled_optimizers")
        extract = Extract(
            connection=self.connection,
            source=shown,
            metadata=metadata,
            tables=self.states,
            digests=dict(sorted(digests.items())),
            findings=tuple(self.findings),
            workspace=self.workspace,
        )
        weakref.finalize(extract, remove_workspace, self.workspace)
        return extract

    def _refuse(self, refused: ExtractRefusedError) -> None:
        """Raise the error, or collect it if the caller wants all errors."""
        if self.refusals is None:
            raise refused
        # When tables were refused, an empty extract is only a consequence.
        if "the extract is empty" not in str(refused) or not self.refusals:
            self.refusals.append(refused)

    def _read_metadata(self, folder: Path) -> Metadata:
        try:
            return read_metadata(folder)
        except ExtractRefusedError as refused:
            self._refuse(refused)
            return Metadata()

    def _load_or_create(self, table: Table, file: SourceFile | None, metadata: Metadata, folder: Path) -> None:
        """Load one table, or create it empty if it is absent or refused."""
        attributes = metadata.attributes.get(table.name, {})
        try:
            if file is not None:
                self.states[table.name] = self._load_table(table, file, metadata)
                return
            total = metadata.control_totals.get(table.name)
            if total is not None and total.rows != 0:
                raise refuse_total(table, folder.name, "a file for this table", "none")
        except ExtractRefusedError as refused:
            self._refuse(refused)
            self.connection.execute(f"DROP TABLE IF EXISTS {quote_name(table.name)}")
            self.connection.execute("DELETE FROM quarantine WHERE table_name = ?", [table.name])
        self.states[table.name] = _create_absent(self.connection, table, attributes)

    def _load_table(self, table: Table, source: SourceFile, metadata: Metadata) -> TableState:
        attributes = metadata.attributes.get(table.name, {})
        staged = stage_table(self.connection, table, attribute_columns(attributes), source, self.workspace)
        unread = check_control_total(self.connection, staged, metadata.control_totals.get(table.name))
        rows, quarantined = quarantine_rows(self.connection, staged)
        self.connection.execute(f"ALTER TABLE {quote_name(table.name)} DROP COLUMN {RULE}")
        repeated = drop_repeated(self.connection, table, staged.columns, source)
        self.findings += [Finding("sums", table.name, 1, notice) for notice in unread]
        self.findings += _describe_load(staged, rows, quarantined, repeated)
        return TableState(
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


def _open_source(source: Path | str, workspace: Path) -> tuple[Path, str, str | None]:
    """Return the folder with the tables, its name in messages, and the schema that the tables were copied from."""
    if not is_address(source):
        return Path(source), str(source), None
    address = read_address(str(source))
    folder = workspace / "tables"
    folder.mkdir(mode=0o700)
    fetch_tables(address, folder)
    return folder, address.shown, address.schema


def attribute_columns(attributes: Mapping[str, str]) -> tuple[Column, ...]:
    """Return declared site attributes as columns. A category is a text column.

    >>> [(column.name, column.kind) for column in attribute_columns({"clinic": "category", "visits": "number"})]
    [('clinic', 'text'), ('visits', 'number')]
    """
    return tuple(
        Column(name, "text" if kind == "category" else "boolean" if kind == "boolean" else "number")
        for name, kind in attributes.items()
    )


def _create_absent(connection: duckdb.DuckDBPyConnection, table: Table, attributes: Mapping[str, str]) -> TableState:
    columns = (*table.columns, *attribute_columns(attributes))
    fields = ", ".join(f"{quote_name(column.name)} {stored_type(table, column)}" for column in columns)
    connection.execute(f"CREATE TABLE {quote_name(table.name)} ({fields})")
    return TableState(table.name, False, tuple(c.name for c in columns), (), dict(attributes), 0, 0, 0, 0)


def _describe_load(staged: Staged, rows: int, quarantined: int, repeated: int) -> list[Finding]:
    file, table = staged.source.name, staged.table.name
    findings = []
    if not rows:
        findings.append(Finding("contract", table, 0, f"{file}: has a header and no rows"))
    if staged.absent:
        message = f"{file}: missing columns (their features are null): {', '.join(staged.absent)}"
        findings.append(Finding("contract", table, len(staged.absent), message))
    if staged.ignored:
        message = (
            f"{file}: extra columns (ignored): {', '.join(staged.ignored)}. To use them, declare them in {FILE_NAME} "
            f"under [attributes.{table}]"
        )
        findings.append(Finding("contract", table, len(staged.ignored), message))
    if staged.integer_ids:
        message = f"{file}: IDs are integers and may have lost leading zeros: {', '.join(staged.integer_ids)}"
        findings.append(Finding("keys", table, len(staged.integer_ids), message))
    if quarantined:
        message = f"{file}: {quarantined:,} of {rows:,} rows are quarantined"
        findings.append(Finding("contract", table, quarantined, message))
    if repeated:
        message = f"{file}: {repeated:,} of {rows:,} rows are exact duplicates and were loaded once"
        findings.append(Finding("keys", table, repeated, message))
    if staged.scan is not None and not staged.scan.closed:
        message = f"{file}: the last line has no line end. Declare control totals so that a truncated file is detected"
        findings.append(Finding("contract", table, 1, message))
    return findings

"""Run one import: read the source, write the tables, test that the result loads, and publish it with one rename."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path

import duckdb

from payrank.extracts.checks.balance_reconciliation import BalanceReconciliation, reconcile_balances, write_unreconciled
from payrank.extracts.contract.metadata import FILE_NAME, Metadata, write_metadata
from payrank.extracts.contract.source_file import IMPORT_REPORT, IMPORT_UNRECONCILED, digest_file
from payrank.extracts.contract.tables import STATED_BALANCES, TABLE_NAMES, TABLES
from payrank.extracts.errors import ExtractRefusedError, PayrankError, WrongUsageError
from payrank.extracts.extract import Extract
from payrank.extracts.fetch_row import fetch_one_row
from payrank.extracts.load.load_extract import load_extract, open_database
from payrank.extracts.pluralize import pluralize
from payrank.extracts.publish_folder import publish_folder
from payrank.extracts.readers.session.import_session import EXTRA_FILES, ImportSession
from payrank.extracts.readers.session.plausible_dates import MAX_DAYS_BEYOND, limit_as_of
from payrank.extracts.readers.session.replaceable import require_replaceable
from payrank.extracts.readers.session.report import ImportReport, write_quarantine, write_report
from payrank.extracts.workspace import workspace
from payrank.extracts.write_table import write_table

LAST_ROW = re.compile(r"(?i)\bmax\s*\(")
"""Matches an as-of query that uses the date of the last row."""


def run_import(
    out: Path,
    read: Callable[[ImportSession], None],
    *,
    source_system: str | None,
    as_of: date | str | None = None,
    attributes: Mapping[str, Mapping[str, str]] | None = None,
) -> ImportReport:
    """Let a reader fill an import session, and publish the result as a new extract folder.

    Writes `<table>.parquet` in source order, `extract.toml` with control totals, `import_report.json`,
    `import_quarantine.csv`, and `import_unreconciled.csv` if the source states balances. Only the owner can read these
    files. The result is loaded once before it is published, so that `load_extract` will accept it.

    Parameters
    ----------
    out
        A new or empty folder, or one that an import of the same system made, which is replaced.
    read
        Fills the session.
    as_of
        The as-of date, or a query over the canonical tables that returns it. The extract contains everything known
        before this day. `limit_as_of` limits a query that uses the last row.
    attributes
        Site attributes that the reader loads: table -> column -> kind.

    Raises
    ------
    WrongUsageError
        When `out` has other contents, or the as-of query does not return a date.
    ExtractRefusedError
        When a file cannot be read, over 1% of a table's rows are quarantined, or the result is not a valid extract.
    """
    require_replaceable(out, source_system)
    with (
        publish_folder(out, replaces=IMPORT_REPORT) as building,
        workspace() as private,
        open_database(private) as connection,
    ):
        session = ImportSession(connection, private, attributes)
        read(session)
        files = session.finish()
        names = [name for name in (*TABLE_NAMES, STATED_BALANCES.name) if name in session.columns]
        totals = {
            name: write_table(
                connection, name, building, [c.name for c in session.select_columns(name, session.columns[name])]
            )
            for name in names
        }
        rows = {name: total.rows or 0 for name, total in totals.items()}
        totals.pop(STATED_BALANCES.name, None)
        metadata = Metadata(source_system, None, totals, session.attributes)
        write_metadata(metadata, building)
        _check_blocks(session, rows)
        day, reconciliation, notices = _test_load(building, out, as_of, mapped=session.mapped)
        write_metadata(replace(metadata, as_of=day), building)
        report = ImportReport(
            folder=out,
            source_system=source_system,
            as_of=day,
            files=tuple(files),
            blocks=tuple(session.blocks),
            rows_written=rows,
            rows_quarantined=sum(file.quarantined for file in files),
            reconciliation=reconciliation,
            notices=(*session.notices, *notices),
            metadata_sha256=digest_file(building / FILE_NAME),
        )
        for path in sorted((private / EXTRA_FILES).glob("*")):
            shutil.move(path, building / path.name)
        write_report(report, building)
        write_quarantine(session.broken, building)
        return report


def _check_blocks(session: ImportSession, rows: Mapping[str, int]) -> None:
    """Check that the blocks' row counts equal the rows in the tables."""
    for table, written in rows.items():
        if written != sum(block.rows_written for block in session.blocks if block.table == table):
            raise PayrankError(f"{table}: the counts of its rows do not add up. Please report this bug.")


def _test_load(
    building: Path, out: Path, as_of: date | str | None, *, mapped: bool
) -> tuple[date | None, BalanceReconciliation | None, tuple[str, ...]]:
    """Load the written extract, reconcile its ledger with the stated balances, and find its as-of date."""
    try:
        with load_extract(building) as loaded:
            reconciliation = _reconcile(loaded, building)
            day = resolve_as_of(loaded.connection, as_of, mapped=mapped)
            notices = list(loaded.notices)
            if day is not None and isinstance(as_of, str) and LAST_ROW.search(as_of):
                tables = [table for table in TABLES if loaded.tables[table.name].present]
                day, beyond = limit_as_of(loaded.connection, tables, day)
                if beyond:
                    notices.append(
                        f"{pluralize(beyond, 'row')} dated more than {MAX_DAYS_BEYOND} days after 99.9% of the rows. "
                        "The as-of date ignores them, so no snapshot on that date sees them. Correct their dates in "
                        "the source, or set as_of"
                    )
            return day, reconciliation, tuple(notices)
    except ExtractRefusedError as error:
        raise ExtractRefusedError(str(error).replace(str(building), str(out))) from None


def _reconcile(loaded: Extract, folder: Path) -> BalanceReconciliation | None:
    if STATED_BALANCES.name not in loaded.tables:
        return None
    write_unreconciled(loaded.connection, folder / IMPORT_UNRECONCILED)
    return reconcile_balances(loaded.connection)


def lock_database(connection: duckdb.DuckDBPyConnection) -> None:
    """Permanently cut a connection off from files, network, and Python variables, before a user's SQL runs on it."""
    connection.execute("SET python_enable_replacements = false")
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")


def resolve_as_of(
    connection: duckdb.DuckDBPyConnection, as_of: date | str | None, *, mapped: bool = True
) -> date | None:
    """Return the as-of date of a mapping or reader, which may be a query over the loaded tables.

    Raises
    ------
    WrongUsageError
        When the query fails or does not return a date.
    """
    if not isinstance(as_of, str):
        return as_of
    lock_database(connection)
    try:
        (day,) = fetch_one_row(connection, f"SELECT CAST(({as_of}\n) AS DATE)")
    except duckdb.Error as error:
        problem = f"fails ({type(error).__name__})"
    else:
        if isinstance(day, date):
            return day
        problem = "returns no date"
    if not mapped:
        raise WrongUsageError(
            f"as_of: the query over the imported rows {problem}. Allowed: at least one row with a date. Give --as-of "
            "if the command has it, or check that the source has dated rows."
        )
    raise WrongUsageError(
        f"as_of in the mapping {problem}. Allowed: a date, or a query over the canonical tables that returns one, such "
        'as "SELECT max(posted_on) + 1 FROM transactions". Correct the mapping.'
    )

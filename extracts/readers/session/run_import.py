"""One import from end to end: built aside, loaded, loaded once to prove it, and shown by one rename."""

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
from payrank.extracts.readers.session.plausible_dates import FARTHEST, limit_as_of
from payrank.extracts.readers.session.replaceable import require_replaceable
from payrank.extracts.readers.session.report import ImportReport, write_quarantine, write_report
from payrank.extracts.workspace import workspace
from payrank.extracts.write_table import write_table

LAST_ROW = re.compile(r"(?i)\bmax\s*\(")
"""How a query of an as-of day looks that asks for the last row."""


def run_import(
    out: Path,
    read: Callable[[ImportSession], None],
    *,
    source_system: str | None,
    as_of: date | str | None = None,
    attributes: Mapping[str, Mapping[str, str]] | None = None,
) -> ImportReport:
    """Let a reader fill a session, and publish what it loaded as a new extract folder.

    Writes `<table>.parquet` in the order of the source, `extract.toml` with control totals of what was written,
    `import_report.json`, `import_quarantine.csv`, and `import_unreconciled.csv` where the source states balances; all
    readable by the owner alone. The result is loaded once before it is shown: what `load_extract` would refuse is not
    published.

    Parameters
    ----------
    out
        A new or empty folder, or one that an import of the same system made, which is then replaced.
    read
        Fills the session.
    as_of
        The day that the extract knows everything before, or a query over the canonical tables that gives it; one that
        asks for the last row is limited by `limit_as_of`.
    attributes
        Site attributes that the reader lands: table -> column -> kind.

    Raises
    ------
    WrongUsageError
        When `out` holds something else, or the as-of query gives no day.
    ExtractRefusedError
        When a file cannot be read, over 1% of a table's rows is quarantined, or the result is no valid extract.
    """
    require_replaceable(out, source_system)
    with (
        publish_folder(out, replaces=IMPORT_REPORT) as aside,
        workspace() as private,
        open_database(private) as connection,
    ):
        session = ImportSession(connection, private, attributes)
        read(session)
        files = session.finish()
        names = [name for name in (*TABLE_NAMES, STATED_BALANCES.name) if name in session.columns]
        totals = {
            name: write_table(
                connection, name, aside, [c.name for c in session.select_columns(name, session.columns[name])]
            )
            for name in names
        }
        rows = {name: total.rows or 0 for name, total in totals.items()}
        totals.pop(STATED_BALANCES.name, None)
        metadata = Metadata(source_system, None, totals, session.attributes)
        write_metadata(metadata, aside)
        _check_blocks(session, rows)
        day, reconciliation, notices = _test_load(aside, out, as_of, mapped=session.mapped)
        write_metadata(replace(metadata, as_of=day), aside)
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
            metadata_sha256=digest_file(aside / FILE_NAME),
        )
        for path in sorted((private / EXTRA_FILES).glob("*")):
            shutil.move(path, aside / path.name)
        write_report(report, aside)
        write_quarantine(session.broken, aside)
        return report


def _check_blocks(session: ImportSession, rows: Mapping[str, int]) -> None:
    """Make sure that what the blocks say was written is what lies in the tables."""
    for table, written in rows.items():
        if written != sum(block.rows_written for block in session.blocks if block.table == table):
            raise PayrankError(f"{table}: the account of its rows does not add up. Report this fault.")


def _test_load(
    aside: Path, out: Path, as_of: date | str | None, *, mapped: bool
) -> tuple[date | None, BalanceReconciliation | None, tuple[str, ...]]:
    """Load what was written, tie its ledger to what the source states, and ask it for its as-of day."""
    try:
        with load_extract(aside) as loaded:
            reconciliation = _reconcile(loaded, aside)
            day = ask_as_of(loaded.connection, as_of, mapped=mapped)
            notices = list(loaded.notices)
            if day is not None and isinstance(as_of, str) and LAST_ROW.search(as_of):
                tables = [table for table in TABLES if loaded.tables[table.name].present]
                day, beyond = limit_as_of(loaded.connection, tables, day)
                if beyond:
                    notices.append(
                        f"{pluralize(beyond, 'row')} dated more than {FARTHEST} days after 99.9% of the rows: as_of is "
                        "the day after the last row before them, and no snapshot on that day sees them. Correct "
                        "their days in the source, or state as_of"
                    )
            return day, reconciliation, tuple(notices)
    except ExtractRefusedError as error:
        raise ExtractRefusedError(str(error).replace(str(aside), str(out))) from None


def _reconcile(loaded: Extract, aside: Path) -> BalanceReconciliation | None:
    if STATED_BALANCES.name not in loaded.tables:
        return None
    write_unreconciled(loaded.connection, aside / IMPORT_UNRECONCILED)
    return reconcile_balances(loaded.connection)


def lock_database(connection: duckdb.DuckDBPyConnection) -> None:
    """Shut a connection off from files, network and Python variables for good: what runs next is a user's SQL."""
    connection.execute("SET python_enable_replacements = false")
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")


def ask_as_of(connection: duckdb.DuckDBPyConnection, as_of: date | str | None, *, mapped: bool = True) -> date | None:
    """Return the as-of date that a mapping or a reader gives, running its query over the loaded tables.

    Raises
    ------
    WrongUsageError
        When the query fails or gives no day.
    """
    if not isinstance(as_of, str):
        return as_of
    lock_database(connection)
    try:
        (day,) = fetch_one_row(connection, f"SELECT CAST(({as_of}\n) AS DATE)")
    except duckdb.Error as error:
        found = f"fails ({type(error).__name__})"
    else:
        if isinstance(day, date):
            return day
        found = "gives no day"
    if not mapped:
        raise WrongUsageError(
            f"as_of: its query over the imported rows {found}. Allowed: at least one row with a day. Give "
            "--as-of where the command has it, or check that the source holds dated rows."
        )
    raise WrongUsageError(
        f"as_of of the mapping {found}. Allowed: a day, or a query over the canonical tables that gives one, as "
        '"SELECT max(posted_on) + 1 FROM transactions". Correct the mapping.'
    )

"""Import X12 remittances (835) and claims (837) into canonical tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path

from payrank.extracts.codes.payer_classes import FILING_INDICATORS, render_payer_class
from payrank.extracts.contract.source_file import IMPORT_BALANCES, quote_text
from payrank.extracts.fetch_row import fetch_one_row
from payrank.extracts.pluralize import pluralize
from payrank.extracts.readers.session.import_session import ImportSession
from payrank.extracts.readers.session.report import ImportReport
from payrank.extracts.readers.session.run_import import run_import
from payrank.extracts.readers.session.source_table import SourceTable
from payrank.extracts.readers.x12.files.file_dates import find_latest_file_date
from payrank.extracts.readers.x12.files.read_file import FileAccount
from payrank.extracts.readers.x12.files.stage_files import add_sources, find_files, stage_files
from payrank.extracts.readers.x12.tables.account_rows import make_account_rows
from payrank.extracts.readers.x12.tables.claim_rows import ENCOUNTER, make_claim_rows
from payrank.extracts.readers.x12.tables.exclude_claims import RULES, SKIP_REASONS, exclude_claims
from payrank.extracts.readers.x12.tables.follow_claims import SKIP_REASONS as CLAIM_SKIP_REASONS
from payrank.extracts.readers.x12.tables.remittance_rows import make_remittance_rows, prepare_remittances
from payrank.extracts.readers.x12.tables.reversals import match_reversals
from payrank.extracts.readers.x12.tables.write_balances import write_balances

TABLE_ORDERS = {
    "accounts": "source_line, account_id",
    "coverages": "source_line, priority, payer_id",
    "payers": "source_line, payer_id",
}
"""Sort order of each table. A claim may add several coverages and payers, so the line alone is not a total order."""
SLICED = {
    "transactions": ("x12_remittance_rows", "x12_charge_rows", "source_line, transaction_id"),
    "denials": ("x12_denials", None, "source_line, denial_id"),
}
SLICE = 20_000
"""Number of records converted and validated at a time."""
MEMORY = "128MiB"
"""Memory limit of DuckDB for an import of any size. Anything larger spills to the private workspace on disk."""
THREADS = 2
"""Each thread needs part of that memory, so a machine with many cores would run out."""
NO_CHARGES = "claim without charges for an account already imported"


def import_x12(source: Path, out: Path, as_of: date | None = None) -> ImportReport:
    """Import a file or a folder (with subfolders) of 835 remittances and 837 claims into a new extract folder.

    A record is a claim (CLP, CLM) or a provider-level adjustment (PLB). Its line is the position of its segment in the
    file, starting at 1 with the first ISA. Balances that do not agree are reported and loaded as stated;
    `import_balances.csv` lists each by file, level, and segment.

    Parameters
    ----------
    source
        Files named .835, .837, .edi, .txt, .dat, or .x12, optionally .gz. A single file may have any name.
    out
        A new or empty folder, or the folder of an earlier import, which is replaced.
    as_of
        The extract contains everything known before this date. Default: the day after the latest envelope in the files.

    Raises
    ------
    WrongUsageError
        If there is no such file, or `out` contains something else.
    ExtractRefusedError
        If a file is refused (the message gives its name, segment, and rule), or if over 1% of a table's rows are
        quarantined.
    """
    file_date = find_latest_file_date(find_files(source))
    after = file_date + timedelta(days=1) if file_date else None
    return run_import(
        out, lambda session: _read(session, source, after, as_of or after), source_system="x12", as_of=as_of or after
    )


def _read(session: ImportSession, source: Path, after: date | None, as_of: date | None) -> None:
    connection = session.connection
    session.add_rules(RULES)
    connection.execute(f"SET memory_limit = '{MEMORY}'")
    connection.execute(f"SET threads = {THREADS}")
    staged = stage_files(connection, source)
    prepare_remittances(connection)
    exclude_claims(connection, after)
    files = add_sources(session, staged)
    reversals, matched = match_reversals(connection)
    make_remittance_rows(connection)
    unmatched_replacements = make_claim_rows(connection)
    make_account_rows(connection, render_payer_class("filing", FILING_INDICATORS))
    for file in files:
        _load(session, file)
    write_balances(session, session.extra_file(IMPORT_BALANCES))
    _report(session, [file.account for file in staged if file.account is not None])
    if reversals:
        session.add_notice(
            f"{pluralize(reversals, 'reversed claim')}, {matched:,} matched to the original claim in this import"
        )
    if unmatched_replacements:
        session.add_notice(
            f"{pluralize(unmatched_replacements, 'replacement claim')} (CLM05-3 = 7) without an original claim for the "
            "account in this import: charged as submitted"
        )
    _report_as_of(session, as_of)


def _load(session: ImportSession, file: SourceTable) -> None:
    """Load one file's rows, and skip its other records with a reason."""
    connection, in_file = session.connection, f"WHERE file = {file.number}"
    for table, order in TABLE_ORDERS.items():
        (rows,) = fetch_one_row(connection, f"SELECT count(*) FROM x12_{table} {in_file}")
        if rows or table == "accounts":
            query = f"SELECT * EXCLUDE (file) FROM x12_{table} {in_file} ORDER BY {order}"
            session.load(table, file, query)
    slices = connection.execute(
        f"SELECT min(source_line), max(source_line) FROM (SELECT source_line, row_number() OVER (ORDER BY source_line) "
        f"// {SLICE} AS slice FROM x12_records {in_file}) GROUP BY slice ORDER BY slice"
    ).fetchall()
    for table, (first, second, order) in SLICED.items():
        for begin, end in slices:
            within = f"{in_file} AND source_line BETWEEN {begin} AND {end}"
            rows = " UNION ALL ".join(f"SELECT * FROM {view} {within}" for view in (first, second) if view)
            connection.execute(f"CREATE OR REPLACE TABLE x12_slice AS SELECT * EXCLUDE (file) FROM ({rows})")
            if fetch_one_row(connection, "SELECT count(*) FROM x12_slice") != (0,):
                session.load(table, file, f"SELECT * FROM x12_slice ORDER BY {order}")
    _skip(session, file)


def _skip(session: ImportSession, file: SourceTable) -> None:
    """Skip the records that produce no row of their own. A claim that produces one is not counted here."""
    in_file = f"WHERE file = {file.number}"
    reasons = {
        "provider-level adjustment (PLB)": f"SELECT source_line FROM x12_provider_adjustments {in_file}",
        "claim without amounts for an account already imported": f"SELECT source_line FROM x12_claim {in_file}",
    }
    for code, reason in SKIP_REASONS.items():
        reasons[reason] = f"SELECT source_line FROM x12_skipped {in_file} AND reason = '{code}'"
    for reason in (*CLAIM_SKIP_REASONS, ENCOUNTER):
        reasons[reason] = f"SELECT source_line FROM x12_charged {in_file} AND skip_reason = {quote_text(reason)}"
    reasons[NO_CHARGES] = f"SELECT source_line FROM x12_charged {in_file} AND skip_reason IS NULL"
    for reason, query in reasons.items():
        session.skip(file, reason, query)


def _report(session: ImportSession, accounts: Sequence[FileAccount]) -> None:
    """Add notices about imbalances, ignored transaction sets, and provider-level adjustments."""
    for account in accounts:
        for text in account.balances.describe(account.name):
            session.add_notice(text)
        if account.latin1:
            session.add_notice(f"{account.name}: some bytes are not UTF-8; names are read as Latin-1")
    kinds: Counter[str] = sum((account.transactions for account in accounts), Counter())
    unread = {kind: count for kind, count in sorted(kinds.items()) if kind not in {"835", "837"}}
    if unread:
        named = ", ".join(f"{kind}: {count:,}" for kind, count in unread.items())
        session.add_notice(f"transaction sets other than 835 and 837 are ignored ({named})")
    _report_provider_adjustments(session)
    (remarks,) = fetch_one_row(
        session.connection,
        "SELECT (SELECT count(*) FROM x12_services WHERE remarks > 1) + (SELECT count(*) FROM x12_claim "
        "WHERE remarks > 1)",
    )
    if remarks:
        session.add_notice(f"{pluralize(remarks, 'line')} or claims with several remark codes: each denial keeps one")


def _report_as_of(session: ImportSession, as_of: date | None) -> None:
    """Add a notice about claims on or after the as-of date, or about a missing as-of date."""
    if as_of is None:
        session.add_notice("no envelope has a date, so the as-of date is unknown: pass --as-of")
        return
    (late,) = fetch_one_row(
        session.connection,
        f"SELECT (SELECT count(*) FROM x12_claim WHERE posted_on >= '{as_of}') + (SELECT count(*) FROM x12_charged "
        f"WHERE created_on >= '{as_of}')",
    )
    if late:
        session.add_notice(
            f"{pluralize(late, 'claim')} dated on or after the as-of date {as_of}: not visible in the snapshot"
        )


def _report_provider_adjustments(session: ImportSession) -> None:
    rows, dollars = fetch_one_row(
        session.connection,
        "SELECT count(*), sum(TRY_CAST(x12_amount(amount) AS DECIMAL(18,2))) FROM (SELECT DISTINCT payer, trace, "
        "company, total, effective, produced, p.source_line - r.source_line AS place, p.ordinal, "
        "p.reason, x12_amount(amount) AS amount FROM x12_provider_adjustments AS p "
        "JOIN x12_remittances AS r USING (file, remit))",
    )
    if rows:
        session.add_notice(
            f"{pluralize(rows, 'provider-level adjustment')} (PLB), {dollars or 0:,.2f} dollars withheld: "
            "not tied to an account, so not in the ledger"
        )

"""Imports X12 remittances (835) and claims (837) into canonical tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path

from payrank.extracts.contract.source_file import IMPORT_BALANCES, quote_text
from payrank.extracts.fetch_row import fetch_one_row
from payrank.extracts.pluralize import pluralize
from payrank.extracts.readers.session.import_session import ImportSession
from payrank.extracts.readers.session.report import ImportReport
from payrank.extracts.readers.session.run_import import run_import
from payrank.extracts.readers.session.source_table import SourceTable
from payrank.extracts.readers.x12.files.file_dates import find_made_on
from payrank.extracts.readers.x12.files.read_file import FileAccount
from payrank.extracts.readers.x12.files.stage_files import add_sources, find_files, stage_files
from payrank.extracts.readers.x12.tables.account_rows import make_account_rows
from payrank.extracts.readers.x12.tables.claim_rows import ENCOUNTER, make_claim_rows
from payrank.extracts.readers.x12.tables.exclude_claims import ASIDES, RULES, sort_out
from payrank.extracts.readers.x12.tables.follow_claims import ASIDES as CLAIM_ASIDES
from payrank.extracts.readers.x12.tables.payer_classes import render_payer_class
from payrank.extracts.readers.x12.tables.remittance_rows import make_remittance_rows, prepare_remittances
from payrank.extracts.readers.x12.tables.reversals import match_reversals
from payrank.extracts.readers.x12.tables.write_balances import write_balances

TABLES = ("accounts", "coverages", "payers")
SLICED = {
    "transactions": ("x12_remittance_rows", "x12_charge_rows", "source_line, transaction_id"),
    "denials": ("x12_denials", None, "source_line, denial_id"),
}
SLICE = 20_000
"""Records whose rows are made and judged at once."""
MEMORY = "128MiB"
"""What DuckDB holds of an import, whatever its size; what is more goes to the private workspace on disk."""
THREADS = 2
"""Each thread needs some of that memory: on a machine of many cores they would run out of it."""
NO_CHARGES = "claim without charges, of an account already there"


def import_x12(source: Path, out: Path, as_of: date | None = None) -> ImportReport:
    """Import a file, or a folder with its subfolders, of 835 remittances and 837 claims into a new extract folder.

    A record is a claim (CLP, CLM) or an adjustment of the provider's account (PLB); its line is the position of its
    segment in the file, from 1 with the first ISA. Balances that do not keep are reported and loaded as stated; each is
    listed in `import_balances.csv` by file, level and segment.

    Parameters
    ----------
    source
        Files named .835, .837, .edi, .txt, .dat or .x12, also .gz; a single file may have any name.
    out
        A new or empty folder, or one that an import made, which is then replaced.

    as_of
        The day that the extract knows everything before; otherwise the day after the latest envelope of the files.

    Raises
    ------
    WrongUsageError
        When there is no such file, or `out` holds something else.
    ExtractRefusedError
        When a file is refused (by its name, segment and rule), or over 1% of a table's rows is quarantined.
    """
    made_on = find_made_on(find_files(source))
    after = made_on + timedelta(days=1) if made_on else None
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
    sort_out(connection, after)
    files = add_sources(session, staged)
    reversals, matched = match_reversals(connection)
    make_remittance_rows(connection)
    alone = make_claim_rows(connection)
    make_account_rows(connection, render_payer_class("filing"))
    for file in files:
        _load(session, file)
    write_balances(session, session.extra_file(IMPORT_BALANCES))
    _report(session, [file.account for file in staged if file.account is not None])
    if reversals:
        session.add_notice(
            f"{pluralize(reversals, 'reversed claim')}, {matched:,} of them with their original in this import"
        )
    if alone:
        session.add_notice(
            f"{pluralize(alone, 'replacement')} of claims (CLM05-3 = 7) of accounts without another claim in this "
            "import: charged as they stand"
        )
    _report_as_of(session, as_of)


def _load(session: ImportSession, file: SourceTable) -> None:
    """Land one file's rows, and say of its other records why they give none."""
    connection, own = session.connection, f"WHERE file = {file.number}"
    for table in TABLES:
        (rows,) = fetch_one_row(connection, f"SELECT count(*) FROM x12_{table} {own}")
        if rows or table == "accounts":
            query = f"SELECT * EXCLUDE (file) FROM x12_{table} {own} ORDER BY source_line"
            session.load(table, file, query)
    slices = connection.execute(
        f"SELECT min(source_line), max(source_line) FROM (SELECT source_line, row_number() OVER (ORDER BY source_line) "
        f"// {SLICE} AS slice FROM x12_records {own}) GROUP BY slice ORDER BY slice"
    ).fetchall()
    for table, (first, second, order) in SLICED.items():
        for begin, end in slices:
            within = f"{own} AND source_line BETWEEN {begin} AND {end}"
            rows = " UNION ALL ".join(f"SELECT * FROM {view} {within}" for view in (first, second) if view)
            connection.execute(f"CREATE OR REPLACE TABLE x12_slice AS SELECT * EXCLUDE (file) FROM ({rows})")
            if fetch_one_row(connection, "SELECT count(*) FROM x12_slice") != (0,):
                session.load(table, file, f"SELECT * FROM x12_slice ORDER BY {order}")
    _skip(session, file)


def _skip(session: ImportSession, file: SourceTable) -> None:
    """Say why records give no row of their own; a claim that gives one is not counted here."""
    own = f"WHERE file = {file.number}"
    reasons = {
        "adjustment of the provider's account (PLB)": f"SELECT source_line FROM x12_provider_adjustments {own}",
        "claim without money, of an account already there": f"SELECT source_line FROM x12_claim {own}",
    }
    for reason, told in ASIDES.items():
        reasons[told] = f"SELECT source_line FROM x12_aside {own} AND reason = '{reason}'"
    for told in (*CLAIM_ASIDES, ENCOUNTER):
        reasons[told] = f"SELECT source_line FROM x12_charged {own} AND aside = {quote_text(told)}"
    reasons[NO_CHARGES] = f"SELECT source_line FROM x12_charged {own} AND aside IS NULL"
    for told, query in reasons.items():
        session.skip(file, told, query)


def _report(session: ImportSession, accounts: Sequence[FileAccount]) -> None:
    """Tell what is no row: imbalances, transactions that are not read, adjustments of the provider's account."""
    for account in accounts:
        for text in account.balances.describe(account.name):
            session.add_notice(text)
        if account.latin1:
            session.add_notice(f"{account.name}: not UTF-8 throughout; names are read as Latin-1")
    kinds: Counter[str] = sum((account.transactions for account in accounts), Counter())
    unread = {kind: count for kind, count in sorted(kinds.items()) if kind not in {"835", "837"}}
    if unread:
        named = ", ".join(f"{kind}: {count:,}" for kind, count in unread.items())
        session.add_notice(f"transaction sets that are neither 835 nor 837 are not read ({named})")
    _report_provider_adjustments(session)
    (remarks,) = fetch_one_row(
        session.connection,
        "SELECT (SELECT count(*) FROM x12_services WHERE remarks > 1) + (SELECT count(*) FROM x12_claim "
        "WHERE remarks > 1)",
    )
    if remarks:
        session.add_notice(f"{pluralize(remarks, 'line')} or claims with several remarks: a denial keeps one")


def _report_as_of(session: ImportSession, as_of: date | None) -> None:
    """Tell what a snapshot on the as-of date does not see, or that there is no such date."""
    if as_of is None:
        session.add_notice("no envelope names the day on which it was made: the as-of date is unknown, so name it")
        return
    (late,) = fetch_one_row(
        session.connection,
        f"SELECT (SELECT count(*) FROM x12_claim WHERE posted_on >= '{as_of}') + (SELECT count(*) FROM x12_charged "
        f"WHERE created_on >= '{as_of}')",
    )
    if late:
        session.add_notice(
            f"{pluralize(late, 'claim')} known on or after {as_of}, the as-of date: a snapshot sees none yet"
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
            f"{pluralize(rows, 'adjustment')} of providers' accounts (PLB), {dollars or 0:,.2f} dollars withheld: "
            "no account's, so not in the ledger"
        )

"""Imports X12 remittances (835) and claims (837) into canonical tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from extracts.ask import ask_row
from extracts.readers.landing import Landing
from extracts.readers.report import ImportReport
from extracts.readers.run_import import run_import
from extracts.readers.source_table import SourceTable
from extracts.readers.x12.account_rows import make_account_rows
from extracts.readers.x12.claim_rows import make_claim_rows
from extracts.readers.x12.payer_classes import render_payer_class
from extracts.readers.x12.read_file import FileAccount
from extracts.readers.x12.remittance_rows import make_remittance_rows, prepare_remittances
from extracts.readers.x12.reversals import match_reversals
from extracts.readers.x12.stage_files import stage_files
from extracts.readers.x12.write_balances import write_balances
from extracts.source_file import IMPORT_BALANCES
from extracts.wording import count_of

TABLES = ("accounts", "coverages", "payers", "transactions", "denials")
ORDERS = {"transactions": "source_line, transaction_id", "denials": "source_line, denial_id"}
AS_OF = (
    "SELECT max(day) + 1 FROM (SELECT max(posted_on) AS day FROM transactions UNION ALL "
    "SELECT max(denied_on) FROM denials UNION ALL SELECT max(opened_on) FROM accounts)"
)


def import_x12(source: Path, out: Path) -> ImportReport:
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

    Raises
    ------
    WrongUsage
        When there is no such file, or `out` holds something else.
    ExtractRefused
        When a file is refused (by its name, segment and rule), or over 1% of a table's rows is quarantined.
    """
    return run_import(out, lambda landing: _read(landing, source), source_system="x12", as_of=AS_OF)


def _read(landing: Landing, source: Path) -> None:
    staged = stage_files(landing, source)
    connection = landing.connection
    prepare_remittances(connection)
    reversals, matched = match_reversals(connection)
    make_remittance_rows(connection)
    make_claim_rows(connection)
    make_account_rows(connection, render_payer_class("filing"))
    for file, _ in staged:
        _land(landing, file)
    write_balances(landing, landing.beside(IMPORT_BALANCES))
    _report(landing, [account for _, account in staged])
    if reversals:
        landing.notice(
            f"{count_of(reversals, 'reversed claim')}, {matched:,} of them with their original in this import"
        )


def _land(landing: Landing, file: SourceTable) -> None:
    """Land one file's rows, and say of its other records why they give none."""
    for table in TABLES:
        (rows,) = ask_row(landing.connection, f"SELECT count(*) FROM x12_{table} WHERE file = {file.number}")
        if rows or table == "accounts":
            order = ORDERS.get(table, "source_line")
            landing.land(
                table, file, f"SELECT * EXCLUDE (file) FROM x12_{table} WHERE file = {file.number} ORDER BY {order}"
            )
    own = f"WHERE file = {file.number}"
    landing.set_aside(
        file, "adjustment of the provider's account (PLB)", f"SELECT source_line FROM x12_provider_adjustments {own}"
    )
    landing.set_aside(
        file, "claim without money, of an account already there", f"SELECT source_line FROM x12_claim {own}"
    )
    reasons = landing.connection.execute(
        f"SELECT DISTINCT coalesce(aside, 'claim without charges, of an account already there') FROM x12_charged {own} "
        "ORDER BY ALL"
    ).fetchall()
    for (reason,) in reasons:
        landing.set_aside(
            file,
            reason,
            f"SELECT source_line FROM x12_charged {own} AND "
            f"coalesce(aside, 'claim without charges, of an account already there') = '{reason}'",
        )


def _report(landing: Landing, accounts: Sequence[FileAccount]) -> None:
    """Tell what is no row: imbalances, transactions that are not read, adjustments of the provider's account."""
    for account in accounts:
        for text in account.balances.describe(account.name):
            landing.notice(text)
        if account.latin1:
            landing.notice(f"{account.name}: not UTF-8 throughout; names are read as Latin-1")
    kinds: Counter[str] = sum((account.transactions for account in accounts), Counter())
    unread = {kind: count for kind, count in sorted(kinds.items()) if kind not in {"835", "837"}}
    if unread:
        named = ", ".join(f"{kind}: {count:,}" for kind, count in unread.items())
        landing.notice(f"transaction sets that are neither 835 nor 837 are not read ({named})")
    _report_provider_adjustments(landing)
    (remarks,) = ask_row(
        landing.connection,
        "SELECT (SELECT count(*) FROM x12_services WHERE remarks > 1) + (SELECT count(*) FROM x12_paid_claims "
        "WHERE remarks > 1)",
    )
    if remarks:
        landing.notice(f"{count_of(remarks, 'line')} or claims with several remarks: a denial keeps one")


def _report_provider_adjustments(landing: Landing) -> None:
    rows, dollars = ask_row(
        landing.connection,
        "SELECT count(*), sum(TRY_CAST(x12_amount(amount) AS DECIMAL(18,2))) FROM x12_provider_adjustments",
    )
    if rows:
        landing.notice(
            f"{count_of(rows, 'adjustment')} of providers' accounts (PLB), {dollars or 0:,.2f} dollars withheld: "
            "no account's, so not in the ledger"
        )

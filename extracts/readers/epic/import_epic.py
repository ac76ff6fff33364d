"""Import a folder of Epic billing tables: hospital and professional ledgers, denials, statements, and agencies."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from payrank.extracts.fetch_row import fetch_one_row
from payrank.extracts.readers.epic.accounts import load_accounts
from payrank.extracts.readers.epic.denials import load_denials
from payrank.extracts.readers.epic.export.categories import define_categories
from payrank.extracts.readers.epic.export.staged_folder import StagedFolder
from payrank.extracts.readers.epic.flags import load_flags
from payrank.extracts.readers.epic.guarantor_status import load_guarantor_status
from payrank.extracts.readers.epic.guarantors import load_guarantors
from payrank.extracts.readers.epic.ledger.hospital import load_hospital_ledger
from payrank.extracts.readers.epic.ledger.professional import load_professional_ledger
from payrank.extracts.readers.epic.payers import load_payers
from payrank.extracts.readers.epic.payment_plans import load_payment_plans
from payrank.extracts.readers.epic.remittances import load_remittances
from payrank.extracts.readers.epic.stated_balances import load_stated_balances
from payrank.extracts.readers.session.import_session import ImportSession
from payrank.extracts.readers.session.report import ImportReport
from payrank.extracts.readers.session.run_import import run_import

DAY_AFTER_LAST_ENTRY = """
SELECT max(known_on) + 1 FROM (
  SELECT max(posted_on) AS known_on FROM transactions UNION ALL SELECT max(denied_on) FROM denials
  UNION ALL SELECT max(contacted_on) FROM contacts UNION ALL SELECT max(known_on) FROM flags
  UNION ALL SELECT max(ended_on) FROM flags WHERE flag = 'agency_placed'
)
"""
"""An export does not state its date. It contains at least everything up to its last entry."""


def import_epic(source: Path, out: Path, as_of: date | None = None) -> ImportReport:
    """Import Epic billing tables (EHI export or Clarity names) into a new extract folder.

    See `run_import` for the files it writes, and `docs/readers/epic.md` for what is read from each table and why.

    Parameters
    ----------
    source
        A folder with one file per table, `.tsv`, `.csv`, or `.txt`, optionally `.gz`, named after the table in any
        case. Required are HSP_TRANSACTIONS with HSP_ACCOUNT, or ARPB_TRANSACTIONS with ARPB_TX_MATCH_HX, or all four.
    out
        A new or empty folder, or the folder of an earlier import, which is replaced.
    as_of
        The extract contains everything known before this date. Default: the day after the last entry.

    Raises
    ------
    WrongUsageError
        If the source is not a folder of such tables, or `out` contains something else.
    ExtractRefusedError
        If a required table or column is missing, a file cannot be read, or over 1% of a table's rows are quarantined.
    """
    return run_import(
        out, lambda session: _read(session, source), source_system="epic", as_of=as_of or DAY_AFTER_LAST_ENTRY
    )


def _read(session: ImportSession, source: Path) -> None:
    """Load the ledgers first, because accounts, denials, and balances depend on them."""
    define_categories(session.connection)
    folder = StagedFolder(session, source)
    session.create_table(
        "transactions", ("transaction_id", "account_id", "posted_on", "kind", "amount", "responsibility")
    )
    load_hospital_ledger(folder)
    load_professional_ledger(folder)
    load_stated_balances(folder)
    load_accounts(folder)
    load_payers(folder)
    load_guarantors(folder)
    load_denials(folder)
    load_remittances(folder)
    load_flags(folder)
    load_guarantor_status(folder)
    load_payment_plans(folder)
    _drop_empty(session)


def _drop_empty(session: ImportSession) -> None:
    """Drop tables that received no rows: an empty table would wrongly state that nothing happened."""
    for name in sorted(set(session.columns) - {row.table_name for row in session.broken}):
        (rows,) = fetch_one_row(session.connection, f"SELECT count(*) FROM {name}")
        if not rows:
            session.connection.execute(f"DROP TABLE {name}")
            del session.columns[name]

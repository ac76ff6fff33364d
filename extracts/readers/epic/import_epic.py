"""Imports a folder of Epic's billing tables: hospital and professional ledgers, denials, statements, agencies."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from payrank.extracts.fetch_row import fetch_one_row
from payrank.extracts.readers.epic.accounts import load_accounts
from payrank.extracts.readers.epic.denials import land_denials
from payrank.extracts.readers.epic.export.categories import define_categories
from payrank.extracts.readers.epic.export.staged_folder import StagedFolder
from payrank.extracts.readers.epic.flags import land_flags
from payrank.extracts.readers.epic.guarantor_status import land_guarantor_status
from payrank.extracts.readers.epic.guarantors import load_guarantors
from payrank.extracts.readers.epic.ledger.hospital import land_hospital_ledger
from payrank.extracts.readers.epic.ledger.professional import land_professional_ledger
from payrank.extracts.readers.epic.payers import load_payers
from payrank.extracts.readers.epic.payment_plans import land_payment_plans
from payrank.extracts.readers.epic.remittances import land_remittances
from payrank.extracts.readers.epic.stated_balances import load_stated_balances
from payrank.extracts.readers.session.import_session import ImportSession
from payrank.extracts.readers.session.report import ImportReport
from payrank.extracts.readers.session.run_import import run_import

AFTER_THE_LAST_DAY = """
SELECT max(known_on) + 1 FROM (
  SELECT max(posted_on) AS known_on FROM transactions UNION ALL SELECT max(denied_on) FROM denials
  UNION ALL SELECT max(contacted_on) FROM contacts UNION ALL SELECT max(known_on) FROM flags
  UNION ALL SELECT max(ended_on) FROM flags WHERE flag = 'agency_placed'
)
"""
"""An export does not say when it was made: it knows at least everything up to its last entry."""


def import_epic(source: Path, out: Path, as_of: date | None = None) -> ImportReport:
    """Import Epic's billing tables (EHI export or Clarity names) into a new extract folder.

    `run_import` says what is written there; `docs/readers/epic.md` says what is read from which table and why.

    Parameters
    ----------
    source
        A folder with one file a table, `.tsv`, `.csv` or `.txt`, also `.gz`, named as the table in any case. Needed are
        HSP_TRANSACTIONS with HSP_ACCOUNT, or ARPB_TRANSACTIONS with ARPB_TX_MATCH_HX, or all four.
    out
        A new or empty folder, or one that an import made, which is then replaced.
    as_of
        The day that the export knows everything before; without it the day after its last entry.

    Raises
    ------
    WrongUsageError
        When the source is no folder of such tables, or `out` holds something else.
    ExtractRefusedError
        When a needed table or column is missing, a file cannot be read, or over 1% of a table's rows is quarantined.
    """
    return run_import(
        out, lambda session: _read(session, source), source_system="epic", as_of=as_of or AFTER_THE_LAST_DAY
    )


def _read(session: ImportSession, source: Path) -> None:
    """Land the ledgers first: accounts, denials and balances are told by them."""
    define_categories(session.connection)
    folder = StagedFolder(session, source)
    session.create_table(
        "transactions", ("transaction_id", "account_id", "posted_on", "kind", "amount", "responsibility")
    )
    land_hospital_ledger(folder)
    land_professional_ledger(folder)
    load_stated_balances(folder)
    load_accounts(folder)
    load_payers(folder)
    load_guarantors(folder)
    land_denials(folder)
    land_remittances(folder)
    land_flags(folder)
    land_guarantor_status(folder)
    land_payment_plans(folder)
    _drop_empty(session)


def _drop_empty(session: ImportSession) -> None:
    """Leave out what nothing was offered to: a header alone does not say that nothing happened."""
    for name in sorted(set(session.columns) - {row.table_name for row in session.broken}):
        (rows,) = fetch_one_row(session.connection, f"SELECT count(*) FROM {name}")
        if not rows:
            session.connection.execute(f"DROP TABLE {name}")
            del session.columns[name]

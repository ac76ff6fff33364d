"""Imports a folder of Epic's billing tables: hospital and professional ledgers, denials, statements, agencies."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from extracts.ask import ask_row
from extracts.readers.epic.accounts import land_accounts
from extracts.readers.epic.categories import define_categories
from extracts.readers.epic.denials import land_denials
from extracts.readers.epic.flags import land_flags
from extracts.readers.epic.guarantor_status import land_guarantor_status
from extracts.readers.epic.guarantors import land_guarantors
from extracts.readers.epic.hospital_ledger import land_hospital_ledger
from extracts.readers.epic.payers import land_payers
from extracts.readers.epic.payment_plans import land_payment_plans
from extracts.readers.epic.professional_ledger import land_professional_ledger
from extracts.readers.epic.remittances import land_remittances
from extracts.readers.epic.staged_folder import StagedFolder
from extracts.readers.epic.stated_balances import land_stated_balances
from extracts.readers.landing import Landing
from extracts.readers.report import ImportReport
from extracts.readers.run_import import run_import

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
    WrongUsage
        When the source is no folder of such tables, or `out` holds something else.
    ExtractRefused
        When a needed table or column is missing, a file cannot be read, or over 1% of a table's rows is quarantined.
    """
    return run_import(
        out, lambda landing: _read(landing, source), source_system="epic", as_of=as_of or AFTER_THE_LAST_DAY
    )


def _read(landing: Landing, source: Path) -> None:
    """Land the ledgers first: accounts, denials and balances are told by them."""
    define_categories(landing.connection)
    folder = StagedFolder(landing, source)
    landing.create("transactions", ("transaction_id", "account_id", "posted_on", "kind", "amount", "responsibility"))
    land_hospital_ledger(folder)
    land_professional_ledger(folder)
    land_stated_balances(folder)
    land_accounts(folder)
    land_payers(folder)
    land_guarantors(folder)
    land_denials(folder)
    land_remittances(folder)
    land_flags(folder)
    land_guarantor_status(folder)
    land_payment_plans(folder)
    _drop_empty(landing)


def _drop_empty(landing: Landing) -> None:
    """Leave out what nothing was offered to: a header alone does not say that nothing happened."""
    for name in sorted(set(landing.columns) - {row.table_name for row in landing.broken}):
        (rows,) = ask_row(landing.connection, f"SELECT count(*) FROM {name}")
        if not rows:
            landing.connection.execute(f"DROP TABLE {name}")
            del landing.columns[name]

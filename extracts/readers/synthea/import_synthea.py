"""Import the CSV output folder of the Synthea patient simulator, with every record accounted for."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from payrank.extracts.readers.session.import_session import ImportSession
from payrank.extracts.readers.session.report import ImportReport
from payrank.extracts.readers.session.run_import import run_import
from payrank.extracts.readers.synthea.find_files import find_files
from payrank.extracts.readers.synthea.load_accounts import add_class_notices, load_accounts
from payrank.extracts.readers.synthea.load_guarantors import load_guarantors
from payrank.extracts.readers.synthea.load_ledger import add_ledger_notices, load_ledger, load_stated_balances
from payrank.extracts.readers.synthea.load_payers import add_payer_notices, load_payers
from payrank.extracts.readers.synthea.stage_tables import stage_tables

AS_OF = "SELECT greatest(max(posted_on), (SELECT max(opened_on) FROM accounts)) + 1 FROM transactions"
NO_POSTING_DATE = (
    "Synthea has no posting dates: charges, payments, and transfers are dated by FROMDATE, the start of the service, "
    "so a claim is charged and paid on one day; use this extract for reconciliation, not for training"
)


def import_synthea(source: Path, out: Path, as_of: date | None = None) -> ImportReport:
    """Import a folder of Synthea CSV files into a new extract folder.

    A claim becomes an account, because Synthea keeps balances by claim, and the patient is the guarantor. For the
    fields, see the Synthea wiki, "CSV File Data Dictionary".

    Parameters
    ----------
    source
        The folder with `claims.csv` and `claims_transactions.csv` (optionally .csv.gz or in numbered parts).
        `payers.csv`, `encounters.csv`, `patients.csv`, `payer_transitions.csv`, and `organizations.csv` are optional; a
        notice lists the missing ones.
    out
        A new or empty folder, or the folder of an earlier import, which is replaced.
    as_of
        The extract contains everything known before this date. Default: the day after the newest row.

    Raises
    ------
    WrongUsageError
        If `out` contains something else.
    ExtractRefusedError
        If a required file or column is missing, a file cannot be read, or over 1% of a table is quarantined.

    Examples
    --------

    >>> import_synthea(Path("no/such/folder"), Path("extract"))  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    payrank.extracts.errors.ExtractRefusedError: no/such/folder: no such folder. Allowed: Synthea's CSV ...
    """
    files = find_files(source)

    def read(session: ImportSession) -> None:
        session.add_notice(NO_POSTING_DATE)
        tables = stage_tables(session, files)
        for load in (load_accounts, load_payers, load_guarantors, load_ledger, load_stated_balances):
            load(session, tables)
        add_class_notices(session, tables)
        add_payer_notices(session, tables)
        add_ledger_notices(session)

    return run_import(out, read, source_system="synthea", as_of=as_of or AS_OF)

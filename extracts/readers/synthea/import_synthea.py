"""Imports the CSV output folder of the Synthea patient simulator: canonical tables and the account of every record."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from payrank.extracts.readers.session.import_session import ImportSession
from payrank.extracts.readers.session.report import ImportReport
from payrank.extracts.readers.session.run_import import run_import
from payrank.extracts.readers.synthea.find_files import find_files
from payrank.extracts.readers.synthea.import_accounts import describe_classes, load_accounts
from payrank.extracts.readers.synthea.import_guarantors import load_guarantors
from payrank.extracts.readers.synthea.import_ledger import describe_ledger, load_ledger, load_stated_balances
from payrank.extracts.readers.synthea.import_payers import describe_payers, load_payers
from payrank.extracts.readers.synthea.stage_tables import stage_tables

AS_OF = "SELECT greatest(max(posted_on), (SELECT max(opened_on) FROM accounts)) + 1 FROM transactions"
NO_POSTING_DATE = (
    "Synthea keeps no posting date: charges, payments and transfers are dated by FROMDATE, the start of the service, "
    "so a claim is charged and paid on one day; read and tie out with it, do not train on it"
)


def import_synthea(source: Path, out: Path, as_of: date | None = None) -> ImportReport:
    """Import a folder of Synthea's CSV files into a new extract folder.

    A claim is an account, because Synthea keeps balances by claim; the patient is the guarantor. Fields and their
    meaning: Synthea wiki, "CSV File Data Dictionary".

    Parameters
    ----------
    source
        The folder that holds `claims.csv` and `claims_transactions.csv` (each also as .csv.gz, or in numbered parts);
        `payers.csv`, `encounters.csv`, `patients.csv`, `payer_transitions.csv` and `organizations.csv` are read where
        they are, and a notice says which are not.
    out
        A new or empty folder, or one that an import made, which is then replaced.
    as_of
        The day that the source knows everything before; the day after its newest row when None.

    Raises
    ------
    WrongUsageError
        When `out` holds something else.
    ExtractRefusedError
        When a required file or column is missing, a file cannot be read, or over 1% of a table is quarantined.

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
        describe_classes(session, tables)
        describe_payers(session, tables)
        describe_ledger(session)

    return run_import(out, read, source_system="synthea", as_of=as_of or AS_OF)

"""Simulate a hospital and write its AR extract."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from payrank.extracts.contract.metadata import ControlTotal, Metadata, write_metadata
from payrank.extracts.contract.tables import TABLE_NAMES
from payrank.extracts.errors import WrongUsageError
from payrank.simulator.hospital import Hospital, simulate_hospital
from payrank.simulator.tables.denial_tables import count_known_denials, write_appeals, write_denials
from payrank.simulator.tables.leaks import account_attributes, check_leaks, declare_attributes, denial_attributes
from payrank.simulator.tables.ledger_tables import write_transactions
from payrank.simulator.tables.patient_tables import write_contacts, write_flags, write_plans, write_promises
from payrank.simulator.tables.registration_tables import write_accounts, write_coverages, write_guarantors, write_payers
from payrank.simulator.truth.truth_tables import TRUTH_FOLDER, write_truth

SOURCE_SYSTEM = "simulated hospital"
MIN_ACCOUNTS = 100
MAX_ACCOUNTS = 20_000_000
EARLIEST, LATEST = date(2015, 1, 1), date(2100, 1, 1)


@dataclass(frozen=True, slots=True)
class Simulated:
    """What was written: the folder, the as-of day, rows of each table, and the hospital with its hidden truth."""

    folder: Path
    as_of: date
    rows: Mapping[str, int]
    hospital: Hospital


def simulate(
    folder: Path, *, accounts: int, seed: int, as_of: date, truth: bool = False, leaks: Sequence[str] = ()
) -> Simulated:
    """Simulate a hospital's last three years and write its AR extract: one Parquet file a table, and extract.toml.

    Parameters
    ----------
    folder
        Where to write; made when absent. A folder that holds another extract is refused.
    accounts
        Accounts opened in the three years (100 and more).
    seed
        The same seed, accounts and day give the same bytes.
    as_of
        The extract knows everything before this day (2015 and later).
    truth
        Whether to write what the extract hides into the folder `truth` beside it, which no loader reads.
    leaks
        Faults to plant, by their names in `leaks.LEAKS`; none by default. The extract says in `source_system` that
        it has some.

    Raises
    ------
    WrongUsageError
        If accounts, seed, day or a leak are impossible, or the folder holds files of another extract.
    """
    _check(accounts, seed, as_of)
    planted = check_leaks(leaks)
    _clear_folder(folder)
    hospital = simulate_hospital(accounts, seed, (as_of - date(1970, 1, 1)) // timedelta(days=1))
    on_accounts = account_attributes(hospital, planted)
    on_denials = denial_attributes(hospital, planted, count_known_denials(hospital))
    transactions, cents = write_transactions(hospital, folder, seed, dated_back="payment_dated_back" in planted)
    rows = {
        "accounts": write_accounts(hospital, folder, seed, on_accounts),
        "coverages": write_coverages(hospital, folder),
        "payers": write_payers(folder),
        "guarantors": write_guarantors(hospital, folder),
        "transactions": transactions,
        "denials": write_denials(hospital, folder, seed, on_denials),
        "appeals": write_appeals(hospital, folder),
        "contacts": write_contacts(hospital, folder, seed),
        "promises": write_promises(hospital, folder),
        "payment_plans": write_plans(hospital, folder),
        "flags": write_flags(hospital, folder),
    }
    control = {name: ControlTotal(rows=size, amount=None) for name, size in rows.items()}
    control["transactions"] = ControlTotal(rows=rows["transactions"], amount=Decimal(cents).scaleb(-2))
    if truth:
        write_truth(hospital, folder / TRUTH_FOLDER)
    source = f"{SOURCE_SYSTEM}, leaking on purpose" if planted else SOURCE_SYSTEM
    write_metadata(Metadata(source, as_of, control, declare_attributes(on_accounts, on_denials)), folder)
    return Simulated(folder, as_of, rows, hospital)


def _check(accounts: int, seed: int, as_of: date) -> None:
    for name, value in (("number of accounts", accounts), ("seed", seed)):
        if isinstance(value, bool) or not isinstance(value, int):
            raise WrongUsageError(
                f"cannot use a {name} that is {type(value).__name__}: allowed are whole numbers; give one"
            )
    if isinstance(as_of, datetime) or not isinstance(as_of, date):
        raise WrongUsageError(f"cannot simulate up to a {type(as_of).__name__}: allowed is a day; give a datetime.date")
    if not MIN_ACCOUNTS <= accounts <= MAX_ACCOUNTS:
        raise WrongUsageError(
            f"cannot simulate {accounts} accounts: allowed are {MIN_ACCOUNTS} to {MAX_ACCOUNTS:,}; "
            "ask for a number in that range"
        )
    if seed < 0:
        raise WrongUsageError(f"cannot use the seed {seed}: allowed are whole numbers from 0 up; ask for such a seed")
    if not EARLIEST <= as_of <= LATEST:
        raise WrongUsageError(
            f"cannot simulate up to {as_of}: allowed are days from {EARLIEST} to {LATEST}, three years of history "
            "before them are simulated; ask for a day in that range"
        )


def _clear_folder(folder: Path) -> None:
    """Make the folder, or take away what an earlier simulation wrote in it."""
    if folder.exists() and not folder.is_dir():
        raise WrongUsageError(f"cannot write an extract to {folder}: it is a file; allowed is a folder; name another")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    tables = [path for path in sorted(folder.iterdir()) if path.name.split(".")[0] in TABLE_NAMES]
    settings = folder / "extract.toml"
    ours = settings.exists() and SOURCE_SYSTEM in settings.read_text(encoding="utf-8", errors="replace")
    if (tables or settings.exists()) and not ours:
        raise WrongUsageError(
            f"cannot write a simulated extract to {folder}: it holds files of another extract; "
            "allowed is an empty folder or that of an earlier simulation; name another"
        )
    hidden = folder / TRUTH_FOLDER
    for path in [*tables, *sorted(hidden.glob("*.parquet"))]:
        path.unlink()
    if hidden.exists():
        hidden.rmdir()

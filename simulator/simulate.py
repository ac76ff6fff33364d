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
    """The result of a simulation: folder, as-of date, row count per table, and the hospital with its hidden truth."""

    folder: Path
    as_of: date
    rows: Mapping[str, int]
    hospital: Hospital


def simulate(
    folder: Path, *, accounts: int, seed: int, as_of: date, truth: bool = False, leaks: Sequence[str] = ()
) -> Simulated:
    """Simulate three years of a hospital and write its AR extract: one Parquet file per table, and extract.toml.

    Parameters
    ----------
    folder
        Where to write. It is created if it does not exist. A folder with another extract is refused.
    accounts
        Number of accounts opened in the three years (at least 100).
    seed
        The same seed, accounts, and as-of date produce identical bytes.
    as_of
        The extract contains everything known before this date (2015 or later).
    truth
        Whether to write the hidden truth to the subfolder `truth`, which no loader reads.
    leaks
        Data faults to plant, by their names in `leaks.LEAKS`; none by default. The extract's `source_system` discloses
        them.

    Returns
    -------
    Simulated
        The folder, the as-of date, the number of rows of each table, and the hospital with its hidden truth.

    Raises
    ------
    WrongUsageError
        If the number of accounts, the seed, the date, or a leak is not allowed, or if the folder contains another
        extract.
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
                f"cannot use {value!r} as the {name}: it is a {type(value).__name__}; pass a whole number"
            )
    if isinstance(as_of, datetime) or not isinstance(as_of, date):
        raise WrongUsageError(f"cannot simulate up to a {type(as_of).__name__}: pass a datetime.date")
    if not MIN_ACCOUNTS <= accounts <= MAX_ACCOUNTS:
        raise WrongUsageError(
            f"cannot simulate {accounts} accounts: the number must be {MIN_ACCOUNTS} to {MAX_ACCOUNTS:,}"
        )
    if seed < 0:
        raise WrongUsageError(f"cannot use the seed {seed}: the seed must be a whole number, 0 or higher")
    if not EARLIEST <= as_of <= LATEST:
        raise WrongUsageError(
            f"cannot simulate up to {as_of}: the date must be from {EARLIEST} to {LATEST}; "
            "the three years before it are simulated"
        )


def _clear_folder(folder: Path) -> None:
    """Create the folder, or remove the files of an earlier simulation."""
    if folder.exists() and not folder.is_dir():
        raise WrongUsageError(f"cannot write an extract to {folder}: it is a file; choose a folder")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    tables = [path for path in sorted(folder.iterdir()) if path.name.split(".")[0] in TABLE_NAMES]
    settings = folder / "extract.toml"
    is_simulated = settings.exists() and SOURCE_SYSTEM in settings.read_text(encoding="utf-8", errors="replace")
    if (tables or settings.exists()) and not is_simulated:
        raise WrongUsageError(
            f"cannot write a simulated extract to {folder}: it contains files of another extract; "
            "choose an empty folder or the folder of an earlier simulation"
        )
    hidden = folder / TRUTH_FOLDER
    for path in [*tables, *sorted(hidden.glob("*.parquet"))]:
        path.unlink()
    if hidden.exists():
        hidden.rmdir()

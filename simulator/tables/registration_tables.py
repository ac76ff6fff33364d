"""The registration tables: payers, guarantors, accounts, and coverages."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from payrank.extracts.contract.tables import Column
from payrank.simulator.data_noise import blank_values, replace_codes
from payrank.simulator.event_log import MISSING, select_rows
from payrank.simulator.hospital import Hospital
from payrank.simulator.population.payers import PAYERS
from payrank.simulator.population.people import AREAS, GROUPS, LANGUAGES, SEXES, STATES
from payrank.simulator.population.visits import FACILITIES, PATIENT_CLASSES, SERVICE_LINES
from payrank.simulator.randomness import stream
from payrank.simulator.tables.ids import account_ids, guarantor_ids, known_before, payer_ids
from payrank.simulator.tables.leaks import LeakAttribute
from payrank.simulator.tables.write_parquet import write_booleans, write_days, write_integers, write_names, write_table

AUDIT_COLUMNS = (Column("audit_sex", "text"), Column("audit_race_ethnicity", "text"))


def write_payers(folder: Path) -> int:
    """Write the region's payers. Returns the row count."""
    numbers = np.arange(len(PAYERS))
    builds = {
        "payer_id": payer_ids(numbers),
        "payer_name": write_names(numbers, [payer.name for payer in PAYERS]),
        "payer_class": write_names(numbers, [payer.payer_class for payer in PAYERS]),
        "appeal_days": write_integers(np.array([payer.appeal_days or MISSING for payer in PAYERS])),
        "filing_days": write_integers(np.array([payer.filing_days or MISSING for payer in PAYERS])),
    }
    return write_table(folder, "payers", len(PAYERS), builds)


def write_guarantors(hospital: Hospital, folder: Path) -> int:
    """Write the guarantors, including the audit columns. Returns the row count."""
    people, persons = hospital.people, hospital.duplicates.persons()
    size = len(persons)
    state = np.array([*(STATES.index(area[0]) for area in AREAS), MISSING])
    # A repeat registration collects the name and birth date, and rarely anything else.
    second = np.arange(size) >= people.size
    language = np.where(second, MISSING, people.language[persons])
    consent = np.where(second, MISSING, people.text_consent[persons])
    builds = {
        "guarantor_id": guarantor_ids(np.arange(size)),
        "birth_year": write_integers(people.birth_year[persons]),
        "state": write_names(state[people.area][persons], STATES),
        "zip3": write_names(people.area[persons], [area[1] for area in AREAS]),
        "language": write_names(language, LANGUAGES),
        "text_consent": write_booleans(consent),
        "audit_sex": write_names(people.sex[persons], SEXES),
        "audit_race_ethnicity": write_names(people.group[persons], GROUPS),
    }
    return write_table(folder, "guarantors", size, builds, AUDIT_COLUMNS)


def write_accounts(hospital: Hospital, folder: Path, seed: int, planted: Sequence[LeakAttribute] = ()) -> int:
    """Write the accounts, with any planted site attributes. Returns the row count."""
    visits = hospital.visits
    rng = stream(seed, "forgotten account columns")
    # An extract shows the account's current guarantor number, so merged duplicates are not visible.
    guarantor = hospital.duplicates.name_guarantors(np.arange(visits.size), visits.guarantor, hospital.as_of - 1)
    builds = {
        "account_id": account_ids(np.arange(visits.size)),
        "guarantor_id": guarantor_ids(guarantor),
        "opened_on": write_days(visits.opened),
        "service_on": write_days(blank_values(rng, visits.service, 0.01)),
        "patient_class": write_names(blank_values(rng, visits.patient_class, 0.004), PATIENT_CLASSES),
        "service_line": write_names(
            replace_codes(rng, visits.service_line, len(SERVICE_LINES), 0.003), (*SERVICE_LINES, "UNKNOWN")
        ),
        "facility": write_names(
            replace_codes(rng, blank_values(rng, visits.facility, 0.006), len(FACILITIES), 0.002), (*FACILITIES, "99")
        ),
    }
    builds |= {attribute.column.name: attribute.build for attribute in planted}
    return write_table(folder, "accounts", visits.size, builds, [attribute.column for attribute in planted])


def write_coverages(hospital: Hospital, folder: Path) -> int:
    """Write the coverages known before the as-of date. Returns the row count."""
    registered, late = hospital.covered.rows.collect(), hospital.journal.coverages.collect()
    rows = {name: np.concatenate([column, late[name]]) for name, column in registered.items()}
    rows = select_rows(rows, rows["known"] < hospital.as_of)
    rows = select_rows(rows, np.lexsort((rows["known"], rows["priority"], rows["account"])))
    builds = {
        "account_id": account_ids(rows["account"]),
        "payer_id": payer_ids(rows["payer"]),
        "priority": write_integers(rows["priority"]),
        "known_on": write_days(rows["known"]),
        "ended_on": write_days(known_before(rows["ended"], hospital.as_of)),
    }
    return write_table(folder, "coverages", len(rows["account"]), builds)

"""The patient tables: contacts, promises, payment plans, and flags."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from payrank.extracts.contract.tables import KNOWN_FLAGS
from payrank.simulator.allowed_values import allowed_values
from payrank.simulator.data_noise import blank_values
from payrank.simulator.event_log import MISSING, select_rows
from payrank.simulator.hospital import Hospital
from payrank.simulator.patients.plans import END_REASONS
from payrank.simulator.randomness import stream
from payrank.simulator.tables.ids import account_ids, guarantor_ids, known_before
from payrank.simulator.tables.write_parquet import (
    write_days,
    write_ids,
    write_integers,
    write_money,
    write_names,
    write_table,
)


def write_contacts(hospital: Hospital, folder: Path, seed: int) -> int:
    """Write the contacts before the as-of date. Returns the row count."""
    rows = hospital.journal.contacts.collect()
    rows = select_rows(rows, rows["day"] < hospital.as_of)
    rows = select_rows(rows, np.lexsort((rows["channel"], rows["account"], rows["day"])))
    rng = stream(seed, "forgotten contact columns")
    guarantor = hospital.duplicates.name_guarantors(rows["account"], rows["guarantor"], rows["day"])
    builds = {
        "contact_id": write_ids("K", np.arange(len(rows["day"])), 9),
        "guarantor_id": guarantor_ids(guarantor),
        "account_id": account_ids(blank_values(rng, rows["account"], 0.05)),
        "contacted_on": write_days(rows["day"]),
        "channel": write_names(rows["channel"], allowed_values("contacts", "channel")),
        "direction": write_names(blank_values(rng, rows["direction"], 0.01), allowed_values("contacts", "direction")),
        "outcome": write_names(rows["outcome"], allowed_values("contacts", "outcome")),
    }
    return write_table(folder, "contacts", len(rows["day"]), builds)


def write_promises(hospital: Hospital, folder: Path) -> int:
    """Write the promises made before the as-of date. Returns the row count."""
    rows = hospital.journal.promises.collect()
    rows = select_rows(rows, rows["made"] < hospital.as_of)
    rows = select_rows(rows, np.lexsort((rows["account"], rows["made"])))
    builds = {
        "promise_id": write_ids("R", np.arange(len(rows["made"])), 8),
        "account_id": account_ids(rows["account"]),
        "made_on": write_days(rows["made"]),
        "due_on": write_days(rows["due"]),
        "amount": write_money(rows["cents"]),
    }
    return write_table(folder, "promises", len(rows["made"]), builds)


def write_plans(hospital: Hospital, folder: Path) -> int:
    """Write the payment plans that started before the as-of date, without later end dates. Returns the row count."""
    rows = hospital.journal.plans.collect()
    ends = hospital.journal.plan_ends.collect()
    rows["ended"] = np.full(len(rows["started"]), MISSING, dtype=np.int64)
    rows["reason"] = rows["ended"].copy()
    rows["ended"][ends["row"]] = ends["day"]
    rows["reason"][ends["row"]] = ends["reason"]
    rows = select_rows(rows, rows["started"] < hospital.as_of)
    rows = select_rows(rows, np.lexsort((rows["account"], rows["started"])))
    ended = known_before(rows["ended"], hospital.as_of)
    builds = {
        "plan_id": write_ids("N", np.arange(len(ended)), 8),
        "account_id": account_ids(rows["account"]),
        "started_on": write_days(rows["started"]),
        "installment": write_money(rows["cents"]),
        "frequency_days": write_integers(np.full(len(ended), 30, dtype=np.int64)),
        "ended_on": write_days(ended),
        "end_reason": write_names(np.where(ended == MISSING, MISSING, rows["reason"]), END_REASONS),
    }
    return write_table(folder, "payment_plans", len(ended), builds)


def write_flags(hospital: Hospital, folder: Path) -> int:
    """Write the flags known before the as-of date. Returns the row count."""
    rows = hospital.journal.flags.collect()
    ends = hospital.journal.flag_ends.collect()
    rows["ended"] = np.full(len(rows["known"]), MISSING, dtype=np.int64)
    rows["ended"][ends["row"]] = ends["day"]
    rows = select_rows(rows, rows["known"] < hospital.as_of)
    rows = select_rows(rows, np.lexsort((rows["flag"], rows["subject"], rows["of_account"], rows["known"])))
    of_account = rows["of_account"] == 1
    accounts, guarantors = account_ids(rows["subject"]), guarantor_ids(rows["subject"])

    def build_subjects(part: slice) -> pa.Array:
        return pc.if_else(pa.array(of_account[part]), accounts(part), guarantors(part))

    builds = {
        "subject_type": write_names(rows["of_account"], ("guarantor", "account")),
        "subject_id": build_subjects,
        "flag": write_names(rows["flag"], KNOWN_FLAGS),
        "known_on": write_days(rows["known"]),
        "ended_on": write_days(known_before(rows["ended"], hospital.as_of)),
    }
    return write_table(folder, "flags", len(of_account), builds)

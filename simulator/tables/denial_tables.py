"""The denial and appeal tables, without decisions made on or after the as-of date."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from payrank.simulator.claims.appeals import OUTCOMES, PARTIAL, WITHDRAWN
from payrank.simulator.claims.codes import ALL_CODES
from payrank.simulator.claims.recoveries import recovered_cents
from payrank.simulator.data_noise import blank_values, replace_codes
from payrank.simulator.event_log import MISSING, select_rows
from payrank.simulator.hospital import Hospital
from payrank.simulator.population.visits import SERVICE_LINES
from payrank.simulator.randomness import stream
from payrank.simulator.tables.ids import account_ids, claim_ids, denial_ids, known_before, payer_ids
from payrank.simulator.tables.leaks import LeakAttribute
from payrank.simulator.tables.write_parquet import (
    write_days,
    write_ids,
    write_integers,
    write_money,
    write_names,
    write_table,
)

UNKNOWN_CARC, UNKNOWN_RARC = "QX9", "Z99"
"""Codes that are on no published list. Some payers send their own codes."""


def write_denials(hospital: Hospital, folder: Path, seed: int, planted: Sequence[LeakAttribute] = ()) -> int:
    """Write the denials known before the as-of date, with any planted site attributes. Returns the row count."""
    denials, claims = hospital.denials, hospital.claims
    size = count_known_denials(hospital)
    rng = stream(seed, "forgotten denial columns")
    claim, code = denials.claim[:size], denials.code[:size]
    rarcs = [rarc for choice in ALL_CODES for rarc in choice.rarcs]
    first = np.cumsum([0, *(len(choice.rarcs) for choice in ALL_CODES)])[:-1]
    carcs = [*(choice.carc for choice in ALL_CODES), UNKNOWN_CARC]
    remark = blank_values(rng, first[code] + denials.rarc[:size], 0.02)
    account = claims.account[claim]
    unknown = blank_values(rng, np.zeros(size, dtype=np.int64), 0.006) == MISSING
    builds = {
        "denial_id": denial_ids(np.arange(size)),
        "account_id": account_ids(account),
        "claim_id": claim_ids(blank_values(rng, claim, 0.02)),
        "payer_id": payer_ids(blank_values(rng, claims.payer[claim], 0.005)),
        "denied_on": write_days(denials.day[:size]),
        "denied_amount": write_money(denials.cents[:size], unknown),
        "group_code": write_names(blank_values(rng, code, 0.004), [choice.group for choice in ALL_CODES]),
        "carc": write_names(replace_codes(rng, blank_values(rng, code, 0.003), len(ALL_CODES), 0.003), carcs),
        "rarc": write_names(replace_codes(rng, remark, len(rarcs), 0.004), (*rarcs, UNKNOWN_RARC)),
        "service_line": write_names(blank_values(rng, hospital.visits.service_line[account], 0.02), SERVICE_LINES),
        "appeal_due_on": write_days(denials.due[:size]),
    }
    builds |= {attribute.column.name: attribute.build for attribute in planted}
    return write_table(folder, "denials", size, builds, [attribute.column for attribute in planted])


def write_appeals(hospital: Hospital, folder: Path) -> int:
    """Write the appeals filed before the as-of date. Undecided appeals have no outcome. Returns the row count."""
    rows = hospital.outcomes.rows.collect()
    rows = select_rows(rows, (rows["filed"] < hospital.as_of) & (rows["denial"] < count_known_denials(hospital)))
    rows = select_rows(rows, np.lexsort((rows["level"], rows["denial"], rows["filed"])))
    _, allowed, patient = recovered_cents(hospital.claims, hospital.denials, hospital.outcomes.recovered)
    decided = known_before(rows["decided"], hospital.as_of)
    waiting = decided == MISSING
    recovered = np.where(rows["outcome"] <= PARTIAL, (allowed - patient)[rows["denial"]], 0)
    builds = {
        "appeal_id": write_ids("P", np.arange(len(decided)), 8),
        "denial_id": denial_ids(rows["denial"]),
        "level": write_integers(rows["level"]),
        "filed_on": write_days(rows["filed"]),
        "decided_on": write_days(decided),
        "outcome": write_names(np.where(waiting, MISSING, rows["outcome"]), OUTCOMES),
        "recovered_amount": write_money(recovered, waiting | (rows["outcome"] == WITHDRAWN)),
    }
    return write_table(folder, "appeals", len(decided), builds)


def count_known_denials(hospital: Hospital) -> int:
    """Return the number of denials known before the as-of date. Denials are sorted by day."""
    return int(np.searchsorted(hospital.denials.day, hospital.as_of))

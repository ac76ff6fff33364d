"""The truth written beside an extract, in a folder of its own that no loader reads."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa

from extracts.simulator.denial_tables import count_known
from extracts.simulator.hospital import Hospital
from extracts.simulator.tables import account_ids, denial_ids, guarantor_ids
from extracts.simulator.truth import overturn_truth, payment_truth
from extracts.simulator.visits import HISTORY_DAYS
from extracts.simulator.writing import write_booleans, write_days, write_numbers, write_parquet

TRUTH_FOLDER = "truth"
SNAPSHOT_DAYS = 30
"""Days between the snapshots at which the chance of a payment is written."""
HORIZON_DAYS = 120


def write_truth(hospital: Hospital, folder: Path) -> None:
    """Write the hidden chances of payments at monthly snapshots, of overturns, and what people hide."""
    folder.mkdir(mode=0o700, exist_ok=True)
    _write_payments(hospital, folder)
    _write_denials(hospital, folder)
    people = hospital.people
    columns = {
        "guarantor_id": (pa.string(), guarantor_ids(np.arange(people.size))),
        "ability": (pa.float64(), write_numbers(people.ability)),
        "willingness": (pa.float64(), write_numbers(people.willingness)),
        "reach": (pa.float64(), write_numbers(people.reach)),
    }
    write_parquet(folder / "guarantors.parquet", people.size, columns)


def _write_payments(hospital: Hospital, folder: Path) -> None:
    days = range(hospital.as_of, hospital.as_of - HISTORY_DAYS, -SNAPSHOT_DAYS)
    truths = [(day, payment_truth(hospital, day, HORIZON_DAYS)) for day in sorted(days)]
    day = np.concatenate([np.full(len(truth.account), day, dtype=np.int64) for day, truth in truths])
    columns = {
        "as_of": (pa.date32(), write_days(day)),
        "account_id": (pa.string(), account_ids(np.concatenate([truth.account for _, truth in truths]))),
        "probability": (pa.float64(), write_numbers(np.concatenate([truth.probability for _, truth in truths]))),
    }
    write_parquet(folder / "payments.parquet", len(day), columns)


def _write_denials(hospital: Hospital, folder: Path) -> None:
    size, outcomes = count_known(hospital), hospital.outcomes
    columns = {
        "denial_id": (pa.string(), denial_ids(np.arange(size))),
        "log_odds_at_denial": (pa.float64(), write_numbers(outcomes.strength[:size])),
        "log_odds_lost_a_day": (pa.float64(), write_numbers(outcomes.slope[:size])),
        "probability_as_filed": (pa.float64(), write_numbers(overturn_truth(hospital)[:size])),
        "random_slice": (pa.bool_(), write_booleans(outcomes.random[:size].astype(np.int64))),
        "resubmitted": (pa.bool_(), write_booleans(outcomes.resubmitted[:size].astype(np.int64))),
    }
    write_parquet(folder / "denials.parquet", size, columns)

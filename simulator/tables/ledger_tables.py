"""The transaction table, in posting order."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from payrank.simulator.data_noise import blank_values
from payrank.simulator.event_log import MISSING, select_rows
from payrank.simulator.hospital import Hospital
from payrank.simulator.ledger import KINDS, RESPONSIBILITIES
from payrank.simulator.randomness import stream
from payrank.simulator.tables.ids import account_ids, payer_ids
from payrank.simulator.tables.leaks import date_payments_back
from payrank.simulator.tables.write_parquet import write_days, write_ids, write_money, write_names, write_table


def write_transactions(hospital: Hospital, folder: Path, seed: int, *, dated_back: bool = False) -> tuple[int, int]:
    """Write the transactions posted before the as-of date. Returns the row count and the sum in cents.

    `dated_back` plants the `payment_dated_back` leak.
    """
    columns = date_payments_back(hospital.ledger, seed) if dated_back else hospital.ledger
    entered = columns.get("entered", columns["posted"])
    by_day = entered.astype(np.int64) * hospital.visits.size + columns["account"]
    order = np.argsort(by_day, kind="stable")
    order = order[entered[order] < hospital.as_of]
    number = np.full(len(by_day), MISSING, dtype=np.int64)
    number[order] = np.arange(len(order))
    rows = select_rows(columns, order)
    rng = stream(seed, "forgotten ledger columns")
    reverses = np.where(rows["reverses"] == MISSING, MISSING, number[rows["reverses"]])
    effective = np.where(rows["effective"] == MISSING, rows["posted"], rows["effective"])
    builds = {
        "transaction_id": write_ids("T", np.arange(len(order)), 10),
        "account_id": account_ids(rows["account"]),
        "posted_on": write_days(rows["posted"]),
        "effective_on": write_days(blank_values(rng, effective, 0.05)),
        "kind": write_names(rows["kind"], KINDS),
        "amount": write_money(rows["cents"]),
        "responsibility": write_names(rows["responsibility"], RESPONSIBILITIES),
        "payer_id": payer_ids(rows["payer"]),
        "reverses_id": write_ids("T", reverses, 10),
    }
    return write_table(folder, "transactions", len(order), builds), int(rows["cents"].sum())

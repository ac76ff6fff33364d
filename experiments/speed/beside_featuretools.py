"""A part of the same features by featuretools with cutoff times; run by the Python of an environment that has it.

python beside_featuretools.py EXTRACT WANTED: WANTED is JSON, a list of nights with the ids of their accounts.
"""

from __future__ import annotations

import json
import resource
import sys
import time
import warnings
from pathlib import Path

import featuretools as ft  # type: ignore[import-not-found]  # it lives in an environment of its own
import pandas as pd


def main() -> None:
    """Compute once and print the seconds as JSON."""
    warnings.simplefilter("ignore")
    folder, wanted = Path(sys.argv[1]), json.loads(Path(sys.argv[2]).read_text("utf-8"))
    accounts, ledger, contacts = (
        pd.read_parquet(folder / f"{name}.parquet") for name in ("accounts", "transactions", "contacts")
    )
    ledger["amount"] = ledger["amount"].astype(float)
    accounts = accounts[["account_id", "guarantor_id", "opened_on"]]
    ledger = ledger[["transaction_id", "account_id", "posted_on", "kind", "amount"]]
    contacts = contacts[["contact_id", "guarantor_id", "contacted_on", "channel"]]
    for data, column in ((accounts, "opened_on"), (ledger, "posted_on"), (contacts, "contacted_on")):
        data[column] = pd.to_datetime(data[column])
    guarantors = accounts[["guarantor_id"]].drop_duplicates()
    # A row of the night itself is not yet known, but featuretools takes in what happened at the cutoff.
    cutoffs = pd.DataFrame(
        [(unit, pd.Timestamp(day) - pd.Timedelta(1, "s")) for day, ids in wanted for unit in ids],
        columns=["account_id", "time"],
    )
    started = time.perf_counter()
    entities = ft.EntitySet("ar")
    entities.add_dataframe(guarantors, "guarantors", index="guarantor_id")
    entities.add_dataframe(accounts, "accounts", index="account_id", time_index="opened_on")
    entities.add_dataframe(
        ledger, "transactions", index="transaction_id", time_index="posted_on", logical_types={"kind": "Categorical"}
    )
    entities.add_dataframe(
        contacts, "contacts", index="contact_id", time_index="contacted_on", logical_types={"channel": "Categorical"}
    )
    entities.add_relationship("guarantors", "guarantor_id", "accounts", "guarantor_id")
    entities.add_relationship("accounts", "account_id", "transactions", "account_id")
    entities.add_relationship("guarantors", "guarantor_id", "contacts", "guarantor_id")
    entities.add_interesting_values(
        dataframe_name="transactions", values={"kind": ["charge", "patient_payment", "insurance_payment"]}
    )
    entities.add_interesting_values(dataframe_name="contacts", values={"channel": ["call", "statement"]})
    made, _ = ft.dfs(
        entityset=entities,
        target_dataframe_name="accounts",
        cutoff_time=cutoffs,
        agg_primitives=["sum", "count", "time_since_last", "time_since_first"],
        where_primitives=["sum", "count", "time_since_last"],
        trans_primitives=["month", "weekday"],
        max_depth=3,
        n_jobs=1,
    )
    used = resource.getrusage(resource.RUSAGE_SELF)
    found = {
        "wall": time.perf_counter() - started,
        "processor": used.ru_utime + used.ru_stime,
        "told": f"version {ft.__version__}, {made.shape[1]} features",
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main()

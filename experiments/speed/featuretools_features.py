"""Some of the features with featuretools and cutoff times. Run it with a Python that has featuretools installed.

python featuretools_features.py EXTRACT REQUEST: REQUEST is JSON, a list of days with the IDs of their accounts.
"""

from __future__ import annotations

import json
import resource
import sys
import time
import warnings
from pathlib import Path

import featuretools as ft  # type: ignore[import-not-found]  # installed in its own environment
import pandas as pd
from featuretools import primitives

CHILDREN = {
    "transactions": ("transaction_id", "account_id", "posted_on", ["kind", "responsibility"], "amount"),
    "denials": ("denial_id", "account_id", "denied_on", [], "denied_amount"),
    "contacts": ("contact_id", "guarantor_id", "contacted_on", ["channel", "outcome"], None),
}


def main() -> None:
    """Compute the features once and print the seconds as JSON, with sums to compare the features by."""
    warnings.simplefilter("ignore")
    folder, request = Path(sys.argv[1]), json.loads(Path(sys.argv[2]).read_text("utf-8"))
    entities = _read(folder)
    # A row of the snapshot day itself is not known yet, but featuretools includes what happened at the cutoff.
    cutoffs = pd.DataFrame(
        [(unit, pd.Timestamp(day) - pd.Timedelta(1, "s")) for day, ids in request for unit in ids],
        columns=["account_id", "time"],
    )
    features = _features(entities)
    started, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_SELF)
    matrix = ft.calculate_feature_matrix(list(features.values()), entities, cutoff_time=cutoffs, n_jobs=1)
    after = resource.getrusage(resource.RUSAGE_SELF)
    matrix.columns = list(features)
    result = {
        "wall": time.perf_counter() - started,
        "cpu": after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime,
        "version": ft.__version__,
        "features": list(features),
        "sums": {name: float(matrix[name].astype(float).fillna(0).sum()) for name in features},
    }
    print(json.dumps(result))


def _read(folder: Path) -> ft.EntitySet:
    accounts = pd.read_parquet(folder / "accounts.parquet")[["account_id", "guarantor_id", "opened_on"]]
    accounts["opened_on"] = pd.to_datetime(accounts["opened_on"])
    entities = ft.EntitySet("ar")
    entities.add_dataframe(accounts, "accounts", index="account_id", time_index="opened_on")
    entities.add_dataframe(accounts[["guarantor_id"]].drop_duplicates(), "guarantors", index="guarantor_id")
    entities.add_relationship("guarantors", "guarantor_id", "accounts", "guarantor_id")
    for name, (index, parent, day, words, number) in CHILDREN.items():
        rows = pd.read_parquet(folder / f"{name}.parquet")[[index, parent, day, *words, *([number] if number else [])]]
        rows = rows.dropna(subset=[parent])
        rows[day] = pd.to_datetime(rows[day])
        if number:
            rows[number] = rows[number].astype(float)
        types = dict.fromkeys(words, "Categorical")
        entities.add_dataframe(rows, name, index=index, time_index=day, logical_types=types)
        entities.add_relationship("accounts" if parent == "account_id" else "guarantors", parent, name, parent)
    return entities


def _features(entities: ft.EntitySet) -> dict[str, ft.Feature]:
    """Return the features by their names in payrank's catalog."""

    def aggregate(table: str, column: str, primitive: object, **where: str) -> ft.Feature:
        parent = "accounts" if CHILDREN[table][1] == "account_id" else "guarantors"
        condition = None
        for name, value in where.items():
            condition = ft.Feature(entities[table].ww[name]) == value
        feature = ft.Feature(
            entities[table].ww[column], parent_dataframe_name=parent, primitive=primitive, where=condition
        )
        return feature if parent == "accounts" else ft.Feature(feature, dataframe_name="accounts")

    last = primitives.TimeSinceLast(unit="days")
    return {
        "account_age": ft.Feature(entities["accounts"].ww["opened_on"], primitive=primitives.TimeSince(unit="days")),
        "patient_balance": aggregate("transactions", "amount", primitives.Sum, responsibility="patient"),
        "insurance_balance": aggregate("transactions", "amount", primitives.Sum, responsibility="insurance"),
        "charges": aggregate("transactions", "amount", primitives.Sum, kind="charge"),
        "payment_count": aggregate("transactions", "transaction_id", primitives.Count, kind="patient_payment"),
        "days_since_payment": aggregate("transactions", "posted_on", last, kind="patient_payment"),
        "days_since_activity": aggregate("transactions", "posted_on", last),
        "denied_dollars": aggregate("denials", "denied_amount", primitives.Sum),
        "denial_count": aggregate("denials", "denial_id", primitives.Count),
        "refusals": aggregate("contacts", "contact_id", primitives.Count, outcome="refused"),
        "days_since_returned": aggregate("contacts", "contacted_on", last, outcome="returned"),
        "days_since_portal_view": aggregate("contacts", "contacted_on", last, channel="portal"),
    }


if __name__ == "__main__":
    main()

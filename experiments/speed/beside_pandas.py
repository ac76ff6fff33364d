"""A part of the same features as somebody would write them in pandas: night by night, a group-by a fact."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

import pandas as pd
import pyarrow as pa

RAISED = ["charge", "transfer", "interest"]


def pandas_frames(tables: Mapping[str, pa.Table], days: Sequence[date]) -> list[pd.DataFrame]:
    """Return one frame a night, a row an account: its ledger's totals and days, its household's, its contacts'."""
    accounts, ledger, contacts = (tables[name].to_pandas() for name in ("accounts", "transactions", "contacts"))
    ledger["amount"] = ledger["amount"].astype(float)
    for data, column in ((accounts, "opened_on"), (ledger, "posted_on"), (contacts, "contacted_on")):
        data[column] = pd.to_datetime(data[column])
    return [_night(accounts, ledger, contacts, pd.Timestamp(day)) for day in days]


def _night(accounts: pd.DataFrame, ledger: pd.DataFrame, contacts: pd.DataFrame, day: pd.Timestamp) -> pd.DataFrame:
    frame = accounts[accounts["opened_on"] < day].set_index("account_id")[["guarantor_id", "opened_on"]].copy()
    known = ledger[ledger["posted_on"] < day]
    age = (day - known["posted_on"]).dt.days
    patient, paid = known["responsibility"] == "patient", known["kind"] == "patient_payment"

    def total(rows: pd.Series, sign: int = 1) -> pd.Series:
        return (sign * known[rows].groupby("account_id")["amount"].sum()).reindex(frame.index).fillna(0.0)

    frame["account_age"] = (day - frame["opened_on"]).dt.days
    frame["patient_balance"] = total(patient)
    frame["insurance_balance"] = total(~patient)
    frame["charges"] = total(known["kind"] == "charge")
    frame["insurance_paid"] = total(known["kind"] == "insurance_payment", -1)
    frame["contractual"] = total(known["kind"] == "contractual_adjustment", -1)
    frame["patient_billed"] = total(patient & known["kind"].isin(RAISED))
    for days in (30, 90, 365):
        frame[f"paid_{days}d"] = total(paid & (age <= days), -1)
    frame["payment_count"] = known[paid & (known["amount"] < 0)].groupby("account_id").size().reindex(frame.index)
    last = known[paid & (known["amount"] < 0)].groupby("account_id")["posted_on"].max().reindex(frame.index)
    first = known[patient & known["kind"].isin(RAISED)].groupby("account_id")["posted_on"].min().reindex(frame.index)
    frame["days_since_payment"], frame["days_owed"] = (day - last).dt.days, (day - first).dt.days
    for name in ("patient_balance", "paid_90d", "paid_365d"):
        frame[f"household_{name}"] = frame.groupby("guarantor_id")[name].transform("sum") - frame[name]
    frame["household_last_payment"] = frame.groupby("guarantor_id")["days_since_payment"].transform("min")
    told = contacts[contacts["contacted_on"] < day]
    back = (day - told["contacted_on"]).dt.days
    for name, rows in {
        "statements": (told["channel"] == "statement") & (back <= 365),
        "calls": (told["channel"] == "call") & (back <= 90),
        "reached": told["outcome"].isin(["right_party", "promise", "refused", "dispute"]),
        "returned": told["outcome"] == "returned",
    }.items():
        frame[name] = frame["guarantor_id"].map(told[rows].groupby("guarantor_id").size()).fillna(0)
    return frame.drop(columns=["guarantor_id", "opened_on"])

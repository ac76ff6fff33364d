"""Some of the features as people write them in pandas: a group-by a feature, and account by account."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date

import pandas as pd
import pyarrow as pa

RAISED = ["charge", "transfer", "interest"]
REACHED = ["right_party", "promise", "refused", "dispute"]
SENT = ["statement", "letter"]
ALIKE = (
    "account_age days_owed days_since_activity patient_balance insurance_balance charges insurance_paid_share "
    "contractual_share patient_share_of_charges balance_left paid_30d paid_90d paid_365d payment_count payments_90d "
    "days_since_payment statements_sent calls_90d mail_returned refusals days_since_conversation portal_views_90d "
    "days_since_portal_view"
).split()
"""The features of the catalog that both ways give."""


class Tables:
    """The tables as a data scientist has them: dollars as numbers, days as timestamps, accounts by their id."""

    def __init__(self, tables: Mapping[str, pa.Table]) -> None:
        accounts, self.ledger, self.contacts = (
            tables[name].to_pandas() for name in ("accounts", "transactions", "contacts")
        )
        self.ledger["amount"] = self.ledger["amount"].astype(float)
        for data, column in ((accounts, "opened_on"), (self.ledger, "posted_on"), (self.contacts, "contacted_on")):
            data[column] = pd.to_datetime(data[column])
        self.accounts = accounts.set_index("account_id")


def by_feature(tables: Tables, day: date) -> pd.DataFrame:
    """Return a night's features of every account: what is known is cut once, then a group-by a feature."""
    now = pd.Timestamp(day)
    accounts = tables.accounts[tables.accounts["opened_on"] < now]
    known = tables.ledger[tables.ledger["posted_on"] < now]
    told = tables.contacts[tables.contacts["contacted_on"] < now]
    age, back = (now - known["posted_on"]).dt.days, (now - told["contacted_on"]).dt.days
    patient = known["responsibility"] == "patient"
    raised = patient & known["kind"].isin(RAISED)
    paying = known["kind"] == "patient_payment"
    paid = paying & (known["amount"] < 0)
    frame = pd.DataFrame(index=accounts.index)

    def total(rows: pd.Series, sign: int = 1) -> pd.Series:
        return (sign * known[rows].groupby("account_id")["amount"].sum()).reindex(frame.index).fillna(0.0)

    def count(rows: pd.Series) -> pd.Series:
        return known[rows].groupby("account_id").size().reindex(frame.index).fillna(0.0)

    def least(rows: pd.Series) -> pd.Series:
        return age[rows].groupby(known["account_id"]).min().reindex(frame.index)

    def of_household(found: pd.Series, absent: float | None = None) -> pd.Series:
        spread = accounts["guarantor_id"].map(found)
        return spread if absent is None else spread.fillna(absent)

    def contacted(rows: pd.Series) -> pd.Series:
        return of_household(told[rows].groupby("guarantor_id").size(), 0.0)

    frame["account_age"] = (now - accounts["opened_on"]).dt.days
    frame["days_owed"] = age[raised & (known["amount"] > 0)].groupby(known["account_id"]).max().reindex(frame.index)
    frame["days_since_activity"] = age.groupby(known["account_id"]).min().reindex(frame.index)
    frame["patient_balance"], frame["insurance_balance"] = total(patient), total(~patient)
    frame["charges"] = total(known["kind"] == "charge")
    charged = frame["charges"].where(frame["charges"] > 0)
    billed = total(raised)
    frame["insurance_paid_share"] = total(known["kind"] == "insurance_payment", -1) / charged
    frame["contractual_share"] = total(known["kind"] == "contractual_adjustment", -1) / charged
    frame["patient_share_of_charges"] = billed / charged
    frame["balance_left"] = frame["patient_balance"] / billed.where(billed > 0)
    for days in (30, 90, 365):
        frame[f"paid_{days}d"] = total(paying & (age <= days), -1)
    frame["payment_count"], frame["payments_90d"] = count(paid), count(paid & (age <= 90))
    frame["days_since_payment"] = least(paid)
    out = told["direction"] == "out"
    frame["statements_sent"] = contacted(told["channel"].isin(SENT) & out & (back <= 365))
    frame["calls_90d"] = contacted((told["channel"] == "call") & out & (back <= 90))
    frame["mail_returned"] = contacted(told["outcome"].isin(["returned", "wrong_number"]))
    frame["refusals"] = contacted(told["outcome"] == "refused")
    frame["portal_views_90d"] = contacted((told["channel"] == "portal") & (back <= 90))
    for name, rows in {
        "days_since_conversation": told["outcome"].isin(REACHED),
        "days_since_portal_view": told["channel"] == "portal",
    }.items():
        frame[name] = of_household(back[rows].groupby(told["guarantor_id"]).min())
    return frame[ALIKE]


def by_account(tables: Tables, day: date, units: Iterable[str]) -> pd.DataFrame:
    """Return a night's features of some accounts, each from its own rows known before the day."""
    now = pd.Timestamp(day)
    units = list(units)
    accounts = tables.accounts.loc[units]
    ledger = tables.ledger[tables.ledger["account_id"].isin(units) & (tables.ledger["posted_on"] < now)]
    wanted = tables.contacts["guarantor_id"].isin(accounts["guarantor_id"])
    contacts = tables.contacts[wanted & (tables.contacts["contacted_on"] < now)]
    rows_of, told_of = dict(list(ledger.groupby("account_id"))), dict(list(contacts.groupby("guarantor_id")))
    rows = [
        _of_one(
            account, rows_of.get(unit, ledger.iloc[:0]), told_of.get(account["guarantor_id"], contacts.iloc[:0]), now
        )
        for unit, account in accounts.iterrows()
    ]
    return pd.DataFrame(rows, index=accounts.index)[ALIKE]


def _of_one(account: pd.Series, known: pd.DataFrame, told: pd.DataFrame, now: pd.Timestamp) -> dict[str, float]:
    age, back = (now - known["posted_on"]).dt.days, (now - told["contacted_on"]).dt.days
    kind, amount = known["kind"], known["amount"]
    patient = known["responsibility"] == "patient"
    raised = patient & kind.isin(RAISED)
    paying = kind == "patient_payment"
    paid = paying & (amount < 0)
    charges, billed = amount[kind == "charge"].sum(), amount[raised].sum()
    out, channel, outcome = told["direction"] == "out", told["channel"], told["outcome"]

    def share(part: float, whole: float) -> float:
        return part / whole if whole > 0 else float("nan")

    return {
        "account_age": (now - account["opened_on"]).days,
        "days_owed": age[raised & (amount > 0)].max(),
        "days_since_activity": age.min(),
        "patient_balance": amount[patient].sum(),
        "insurance_balance": amount[~patient].sum(),
        "charges": charges,
        "insurance_paid_share": share(-amount[kind == "insurance_payment"].sum(), charges),
        "contractual_share": share(-amount[kind == "contractual_adjustment"].sum(), charges),
        "patient_share_of_charges": share(billed, charges),
        "balance_left": share(amount[patient].sum(), billed),
        **{f"paid_{days}d": -amount[paying & (age <= days)].sum() for days in (30, 90, 365)},
        "payment_count": paid.sum(),
        "payments_90d": (paid & (age <= 90)).sum(),
        "days_since_payment": age[paid].min(),
        "statements_sent": (channel.isin(SENT) & out & (back <= 365)).sum(),
        "calls_90d": ((channel == "call") & out & (back <= 90)).sum(),
        "mail_returned": outcome.isin(["returned", "wrong_number"]).sum(),
        "refusals": (outcome == "refused").sum(),
        "days_since_conversation": back[outcome.isin(REACHED)].min(),
        "portal_views_90d": ((channel == "portal") & (back <= 90)).sum(),
        "days_since_portal_view": back[channel == "portal"].min(),
    }

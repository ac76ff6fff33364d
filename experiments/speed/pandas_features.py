"""Some of the features as people write them in pandas: one group-by per feature, and account by account."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date

import pandas as pd
import pyarrow as pa

INCREASES = ["charge", "transfer", "interest"]
CONVERSATIONS = ["right_party", "promise", "refused", "dispute"]
STATEMENT_CHANNELS = ["statement", "letter"]
FEATURES = (
    "account_age days_owed days_since_activity patient_balance insurance_balance charges insurance_paid_share "
    "contractual_share patient_share_of_charges balance_left paid_30d paid_90d paid_365d payment_count payments_90d "
    "days_since_payment statements_sent calls_90d mail_returned refusals days_since_conversation portal_views_90d "
    "days_since_portal_view"
).split()
"""The catalog features that both versions compute."""


class Tables:
    """The tables as a data scientist would load them: dollars as floats, days as timestamps, accounts by ID."""

    def __init__(self, tables: Mapping[str, pa.Table]) -> None:
        accounts, self.ledger, self.contacts = (
            tables[name].to_pandas() for name in ("accounts", "transactions", "contacts")
        )
        self.ledger["amount"] = self.ledger["amount"].astype(float)
        for data, column in ((accounts, "opened_on"), (self.ledger, "posted_on"), (self.contacts, "contacted_on")):
            data[column] = pd.to_datetime(data[column])
        self.accounts = accounts.set_index("account_id")


def by_feature(tables: Tables, day: date) -> pd.DataFrame:
    """Return the features of every account as of a day: cut the known rows once, then one group-by per feature."""
    now = pd.Timestamp(day)
    accounts = tables.accounts[tables.accounts["opened_on"] < now]
    known = tables.ledger[tables.ledger["posted_on"] < now]
    contacts = tables.contacts[tables.contacts["contacted_on"] < now]
    age, contact_age = (now - known["posted_on"]).dt.days, (now - contacts["contacted_on"]).dt.days
    patient = known["responsibility"] == "patient"
    increases = patient & known["kind"].isin(INCREASES)
    paying = known["kind"] == "patient_payment"
    paid = paying & (known["amount"] < 0)
    frame = pd.DataFrame(index=accounts.index)

    def total(rows: pd.Series, sign: int = 1) -> pd.Series:
        result: pd.Series = (sign * known[rows].groupby("account_id")["amount"].sum()).reindex(frame.index).fillna(0.0)
        return result

    def count(rows: pd.Series) -> pd.Series:
        result: pd.Series = known[rows].groupby("account_id").size().reindex(frame.index).fillna(0.0)
        return result

    def smallest_age(rows: pd.Series) -> pd.Series:
        result: pd.Series = age[rows].groupby(known["account_id"]).min().reindex(frame.index)
        return result

    def by_household(values: pd.Series, absent: float | None = None) -> pd.Series:
        mapped = accounts["guarantor_id"].map(values)
        result: pd.Series = mapped if absent is None else mapped.fillna(absent)
        return result

    def contacted(rows: pd.Series) -> pd.Series:
        return by_household(contacts[rows].groupby("guarantor_id").size(), 0.0)

    frame["account_age"] = (now - accounts["opened_on"]).dt.days
    frame["days_owed"] = age[increases & (known["amount"] > 0)].groupby(known["account_id"]).max().reindex(frame.index)
    frame["days_since_activity"] = age.groupby(known["account_id"]).min().reindex(frame.index)
    frame["patient_balance"], frame["insurance_balance"] = total(patient), total(~patient)
    frame["charges"] = total(known["kind"] == "charge")
    charged = frame["charges"].where(frame["charges"] > 0)
    billed = total(increases)
    frame["insurance_paid_share"] = total(known["kind"] == "insurance_payment", -1) / charged
    frame["contractual_share"] = total(known["kind"] == "contractual_adjustment", -1) / charged
    frame["patient_share_of_charges"] = billed / charged
    frame["balance_left"] = frame["patient_balance"] / billed.where(billed > 0)
    for days in (30, 90, 365):
        frame[f"paid_{days}d"] = total(paying & (age <= days), -1)
    frame["payment_count"], frame["payments_90d"] = count(paid), count(paid & (age <= 90))
    frame["days_since_payment"] = smallest_age(paid)
    out = contacts["direction"] == "out"
    frame["statements_sent"] = contacted(contacts["channel"].isin(STATEMENT_CHANNELS) & out & (contact_age <= 365))
    frame["calls_90d"] = contacted((contacts["channel"] == "call") & out & (contact_age <= 90))
    frame["mail_returned"] = contacted(contacts["outcome"].isin(["returned", "wrong_number"]))
    frame["refusals"] = contacted(contacts["outcome"] == "refused")
    frame["portal_views_90d"] = contacted((contacts["channel"] == "portal") & (contact_age <= 90))
    for name, rows in {
        "days_since_conversation": contacts["outcome"].isin(CONVERSATIONS),
        "days_since_portal_view": contacts["channel"] == "portal",
    }.items():
        frame[name] = by_household(contact_age[rows].groupby(contacts["guarantor_id"]).min())
    return frame[FEATURES]


def by_account(tables: Tables, day: date, units: Iterable[str]) -> pd.DataFrame:
    """Return the features of some accounts as of a day, computed account by account from its known rows."""
    now = pd.Timestamp(day)
    units = list(units)
    accounts = tables.accounts.loc[units]
    ledger = tables.ledger[tables.ledger["account_id"].isin(units) & (tables.ledger["posted_on"] < now)]
    of_guarantors = tables.contacts["guarantor_id"].isin(accounts["guarantor_id"])
    contacts = tables.contacts[of_guarantors & (tables.contacts["contacted_on"] < now)]
    ledger_by_account = dict(list(ledger.groupby("account_id")))
    contacts_by_guarantor = dict(list(contacts.groupby("guarantor_id")))
    rows = [
        _compute_account(
            account,
            ledger_by_account.get(unit, ledger.iloc[:0]),
            contacts_by_guarantor.get(account["guarantor_id"], contacts.iloc[:0]),
            now,
        )
        for unit, account in accounts.iterrows()
    ]
    return pd.DataFrame(rows, index=accounts.index)[FEATURES]


def _compute_account(
    account: pd.Series, known: pd.DataFrame, contacts: pd.DataFrame, now: pd.Timestamp
) -> dict[str, float]:
    age, contact_age = (now - known["posted_on"]).dt.days, (now - contacts["contacted_on"]).dt.days
    kind, amount = known["kind"], known["amount"]
    patient = known["responsibility"] == "patient"
    increases = patient & kind.isin(INCREASES)
    paying = kind == "patient_payment"
    paid = paying & (amount < 0)
    charges, billed = amount[kind == "charge"].sum(), amount[increases].sum()
    out, channel, outcome = contacts["direction"] == "out", contacts["channel"], contacts["outcome"]

    def share(part: float, whole: float) -> float:
        return part / whole if whole > 0 else float("nan")

    return {
        "account_age": (now - account["opened_on"]).days,
        "days_owed": age[increases & (amount > 0)].max(),
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
        "statements_sent": (channel.isin(STATEMENT_CHANNELS) & out & (contact_age <= 365)).sum(),
        "calls_90d": ((channel == "call") & out & (contact_age <= 90)).sum(),
        "mail_returned": outcome.isin(["returned", "wrong_number"]).sum(),
        "refusals": (outcome == "refused").sum(),
        "days_since_conversation": contact_age[outcome.isin(CONVERSATIONS)].min(),
        "portal_views_90d": ((channel == "portal") & (contact_age <= 90)).sum(),
        "days_since_portal_view": contact_age[channel == "portal"].min(),
    }

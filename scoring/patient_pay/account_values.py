"""Value, suppress, and rank the scored accounts, and select the guarantors who get a line."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import pandas as pd

from payrank.scoring.actions.value import outcome_timing
from payrank.scoring.list_spec import LISTED, OVER_CAPACITY, SUPPRESSED
from payrank.scoring.nightly_run import NightlyRun
from payrank.scoring.patient_pay.households import decide_households
from payrank.scoring.patient_pay.selection import Selection, select_guarantors
from payrank.scoring.rules.account_facts import first_statements, make_account_facts
from payrank.scoring.rules.rules import suppressed_accounts
from payrank.scoring.scores import Scored


@dataclass(frozen=True, slots=True)
class PatientAccounts:
    """Every scored account with its value, rank, and place, and the selected guarantors, best first.

    `table` is indexed by account id. It has the columns of `payment_scores.parquet` except the reasons, plus `place`:
    listed, over_capacity or suppressed. `assistance_source` says where the last day to ask for assistance comes from.
    """

    table: pd.DataFrame
    selected: tuple[Selection, ...]
    assistance_source: str = ""


def value_accounts(run: NightlyRun, scored: Scored) -> PatientAccounts:
    """Value, suppress, and rank the scored accounts.

    Expected recovery is balance x expected share paid. Expected value is that, discounted by when it is expected, less
    the cost of the household's next action, which its eligible accounts share equally (a suppressed account is valued
    as if it were worked alone). A guarantor is listed when no rule suppresses the accounts, they are together worth
    more than they cost (or are Medicare's: like effort, rule S6), and the capacity has a slot for the line. Ties go to
    the larger balance, then to the smaller id.
    """
    table = _account_table(run, scored)
    households = decide_households(run, table)
    by_household = households.set_index("household")
    cost = by_household["cost"] / by_household["accounts"]
    table["expected_value"] = table["present_value"] - table["household"].map(cost).astype("float64")
    eligible = table["suppressed_by"].map(len).astype("int64") == 0
    table["policies"] = table["household"].map(by_household["policies"])
    for name in ("queue", "action"):
        table[name] = table[name].where(~eligible, table["household"].map(by_household[name])).astype("str")
    ranked = table[eligible].sort_values(
        ["expected_value", "patient_balance", "account_id"], ascending=[False, False, True], kind="stable"
    )
    table["rank"] = pd.Series(range(1, len(ranked) + 1), index=ranked.index, dtype="Int64").reindex(table.index)
    values = table.groupby("household")["expected_value"].sum()
    households["expected_value"] = households["household"].map(values)
    selected = select_guarantors(households[households["eligible"]], run.as_of, run.settings)
    table["place"] = np.where(eligible, OVER_CAPACITY, SUPPRESSED)
    table.loc[eligible & table["guarantor_id"].isin([line.guarantor_id for line in selected]), "place"] = LISTED
    clock = run.rules.clock
    source = f"{clock.citation}: apply within {clock.limits['window_days']:g} days of the first statement"
    return PatientAccounts(
        table.set_index("account_id", drop=False), selected, source + (" (confirm with counsel)" if clock.check else "")
    )


def _account_table(run: NightlyRun, scored: Scored) -> pd.DataFrame:
    """Return the scored accounts with their present value, the rules that suppress them, and their household."""
    rows = scored.rows
    horizon = int(getattr(scored.frame.target, "horizon_days", 120))
    timing = outcome_timing(rows, horizon, run.settings.annual_discount_rate)
    recovery = rows["expected_share"] * rows["amount"]
    table = pd.DataFrame(
        {
            "account_id": rows["unit_id"],
            "guarantor_id": rows["household"],
            "patient_balance": rows["amount"],
            "probability": rows["probability"],
            "expected_share": rows["expected_share"],
            "expected_recovery": recovery,
            "expected_days": timing["expected_days"],
            "present_value": recovery * timing["discount_factor"],
            "raw_score": rows["raw_score"],
            "insurance_balance": rows["insurance_balance"],
            "payer_class": rows["payer_class"],
            "payer_id": rows["row_payer_id"],
            "age_days": rows["age_days"],
            "statements": rows["statements_sent"],
            "last_contact": rows["last_contact_outcome"],
        }
    )
    facts = table[["account_id", "guarantor_id", "patient_balance", "insurance_balance", "payer_class"]]
    make_account_facts(run.connection, facts, run.as_of, run.rules)
    hits = suppressed_accounts(
        run.connection, run.rules.patient, run.as_of, run.settings.waived, run.settings.harmless_flags
    )
    suppressions = [hits.get(account, ((), "")) for account in table["account_id"]]
    table["suppressed_by"] = pd.Series([rules for rules, _ in suppressions], index=table.index, dtype="object")
    table["queue"] = pd.Series([queue for _, queue in suppressions], index=table.index, dtype="str")
    actions = {rule.queue: rule.action for rule in reversed(run.rules.patient)}
    table["action"] = table["queue"].map(actions).fillna("Review the flags, then decide").astype("str")
    # A suppressed account stands alone, so that it neither shares a household's cost nor leads its line.
    eligible = table["suppressed_by"].map(len).astype("int64") == 0
    key = np.where(eligible, "g" + table["guarantor_id"].astype("str"), "a" + table["account_id"].astype("str"))
    table["household"] = pd.factorize(key)[0]
    return table.merge(_collection_clock(run), on="account_id", how="left")


def _collection_clock(run: NightlyRun) -> pd.DataFrame:
    """Return the two dates of rule S3 for each account that got a statement.

    No extraordinary collection action is allowed before the first; assistance may be requested until the second. An
    account without a statement has neither: its clock has not started, and no such action is allowed.
    """
    first = {} if "S3" in run.settings.waived else first_statements(run.connection, run.as_of)
    days = {name: timedelta(days=int(value)) for name, value in run.rules.clock.limits.items()}
    return pd.DataFrame(
        {
            "account_id": pd.Series(list(first), dtype="str"),
            "no_extraordinary_action_before": pd.Series([day + days["action_days"] for day in first.values()]),
            "assistance_until": pd.Series([day + days["window_days"] for day in first.values()]),
        }
    )

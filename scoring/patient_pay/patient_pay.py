"""From scored accounts to whom to list: value, rules, rank, and which guarantors have a place."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pandas as pd

from payrank.extracts.extract import Extract
from payrank.scoring.actions.value import outcome_timing
from payrank.scoring.patient_pay.households import decide_households
from payrank.scoring.patient_pay.selection import Selection, select_guarantors
from payrank.scoring.rules.account_facts import first_statements, make_candidates
from payrank.scoring.rules.rules import RuleTable, suppressed_accounts
from payrank.scoring.rules.site_rules import rules_in_force
from payrank.scoring.scores import Scored
from payrank.scoring.settings import ScoringSettings

NOT_PLACED = "over_capacity"
LISTED = "listed"


@dataclass(frozen=True, slots=True)
class PatientAccounts:
    """Every scored account with value, rank and place, and the guarantors to list, best first.

    `table` is indexed by account id and holds the columns of `payment_scores.parquet` but the reasons, and `place`:
    listed, over_capacity or suppressed. `assistance_source` says where the last day to ask for assistance comes from.
    """

    table: pd.DataFrame
    selected: tuple[Selection, ...]
    assistance_source: str = ""


def value_accounts(
    extract: Extract, scored: Scored, as_of: date, settings: ScoringSettings, rules: RuleTable
) -> PatientAccounts:
    """Value, suppress and rank the scored accounts.

    Expected recovery is balance x expected share paid; expected value is that, discounted by when it is expected, less
    the cost of the household's next action, which its free accounts bear in equal parts (an account that a rule keeps
    off is valued as if it were worked alone). A guarantor is listed when nothing suppresses the accounts, they are
    together worth more than they cost (or are Medicare's: like effort, rule S6), and there is a place for its line.
    Ties go to the larger balance, then to the smaller id.
    """
    rules = rules_in_force(rules, settings)
    table = _account_table(extract, scored, as_of, settings, rules)
    homes = decide_households(extract.connection, table, as_of, settings, rules)
    by_home = homes.set_index("household")
    cost = by_home["cost"] / by_home["accounts"]
    table["expected_value"] = table["worth"] - table["household"].map(cost).astype("float64")
    free = table["suppressed_by"].map(len).astype("int64") == 0
    table["policies"] = table["household"].map(by_home["policies"])
    for name in ("queue", "action"):
        table[name] = table[name].where(~free, table["household"].map(by_home[name])).astype("str")
    ranked = table[free].sort_values(
        ["expected_value", "patient_balance", "account_id"], ascending=[False, False, True], kind="stable"
    )
    table["rank"] = pd.Series(range(1, len(ranked) + 1), index=ranked.index, dtype="Int64").reindex(table.index)
    values = table.groupby("household")["expected_value"].sum()
    homes["expected_value"] = homes["household"].map(values)
    selected = select_guarantors(homes[homes["free"]], as_of, settings)
    table["place"] = np.where(free, NOT_PLACED, "suppressed")
    table.loc[free & table["guarantor_id"].isin([lead.guarantor_id for lead in selected]), "place"] = LISTED
    source = f"{rules.clock.citation}: apply within {rules.clock.limits['window_days']:g} days of the first statement"
    return PatientAccounts(
        table.set_index("account_id", drop=False), selected, source + (" (check)" if rules.clock.check else "")
    )


def _account_table(
    extract: Extract, scored: Scored, as_of: date, settings: ScoringSettings, rules: RuleTable
) -> pd.DataFrame:
    """Return the scored accounts with what a payment is worth, the rules that hit, the 501(r) days and a household."""
    rows = scored.rows
    horizon = int(getattr(scored.frame.target, "horizon_days", 120))
    timing = outcome_timing(rows, horizon, settings.annual_discount_rate)
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
            "worth": recovery * timing["worth"],
            "raw_score": rows["raw_score"],
            "insurance_balance": rows["insurance_balance"],
            "payer_class": rows["payer_class"],
            "payer_id": rows["row_payer_id"],
            "age_days": rows["age_days"],
            "statements": rows["statements_sent"],
            "last_contact": rows["last_contact_outcome"],
        }
    )
    make_candidates(
        extract,
        table[["account_id", "guarantor_id", "patient_balance", "insurance_balance", "payer_class"]],
        as_of,
        rules,
    )
    hits = suppressed_accounts(extract.connection, rules.patient, as_of, settings.waived, settings.harmless_flags)
    found = [hits.get(account, ((), "")) for account in table["account_id"]]
    table["suppressed_by"] = pd.Series([rule for rule, _ in found], index=table.index, dtype="object")
    table["queue"] = pd.Series([queue for _, queue in found], index=table.index, dtype="str")
    actions = {rule.queue: rule.action for rule in reversed(rules.patient)}
    table["action"] = table["queue"].map(actions).fillna("Review the flags, then decide").astype("str")
    free = table["suppressed_by"].map(len).astype("int64") == 0
    home = np.where(free, "g" + table["guarantor_id"].astype("str"), "a" + table["account_id"].astype("str"))
    table["household"] = pd.factorize(home)[0]
    return table.merge(_collection_clock(extract, as_of, settings, rules), on="account_id", how="left")


def _collection_clock(extract: Extract, as_of: date, settings: ScoringSettings, rules: RuleTable) -> pd.DataFrame:
    """Return for each account that got a statement the two days of rule S3.

    No extraordinary collection action comes before the first; assistance may be asked for until the second. An account
    without a statement has neither: its clock has not started, and no such action may be taken.
    """
    first = {} if "S3" in settings.waived else first_statements(extract.connection, as_of)
    days = {name: timedelta(days=int(value)) for name, value in rules.clock.limits.items()}
    return pd.DataFrame(
        {
            "account_id": pd.Series(list(first), dtype="str"),
            "no_extraordinary_action_before": pd.Series([day + days["action_days"] for day in first.values()]),
            "assistance_until": pd.Series([day + days["window_days"] for day in first.values()]),
        }
    )

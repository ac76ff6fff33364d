"""One row per household: the facts that actions and policies read, and what they decide."""

from __future__ import annotations

import duckdb
import pandas as pd

from payrank.scoring.action_table import NextAction
from payrank.scoring.actions.actions import choose_actions, describe_action, fit_installment
from payrank.scoring.actions.value import cost_of
from payrank.scoring.nightly_run import NightlyRun
from payrank.scoring.rules.account_facts import running_plans
from payrank.scoring.rules.rules import Policy, RuleTable
from payrank.scoring.settings import ScoringSettings


def decide_households(run: NightlyRun, table: pd.DataFrame) -> pd.DataFrame:
    """Return one row per household: its lead account, its next action and that action's cost, and its policies.

    Parameters
    ----------
    table
        One row per scored account: account_id, guarantor_id, household (a number), patient_balance and present_value
        (dollars), expected_recovery, probability, statements, last_contact, payer_class and suppressed_by.
    """
    households = _group_accounts(run, table)
    make_households(run.connection, households, run.rules, run.settings)
    actions_by_household = choose_actions(run.connection, "households", "household", "patient_pay", run.settings)
    policies = run.rules.policies
    facts = run.connection.execute(
        f"SELECT language, {', '.join(policy.name for policy in policies)} FROM households ORDER BY household"
    ).df()
    actions = [actions_by_household[household] for household in households["household"]]
    households["cost"] = [cost_of(action, "patient_pay", run.settings) for action in actions]
    households["queue"] = [action.queue for action in actions]
    texts = [
        _describe(action, balance, run.settings) for action, balance in zip(actions, households["balance"], strict=True)
    ]
    households["action"] = [action for action, _ in texts]
    households["action_why"] = [why for _, why in texts]
    for policy in policies:
        households[policy.name] = facts[policy.name].to_numpy(dtype=bool)
        if policy.note:
            households["action_why"] = [
                f"{why}. {policy.note.format(language=language)}" if holds else why
                for why, holds, language in zip(
                    households["action_why"], households[policy.name], facts["language"], strict=True
                )
            ]
    households["policies"] = [
        tuple(policy.name for policy, holds in zip(policies, row, strict=True) if holds)
        for row in households[[policy.name for policy in policies]].to_numpy(dtype=bool)
    ]
    return households


def _group_accounts(run: NightlyRun, table: pd.DataFrame) -> pd.DataFrame:
    """Return the households with their sums; the account of the highest present value leads."""
    on_plan = running_plans(run.connection, run.as_of)
    accounts = table.sort_values(
        ["present_value", "patient_balance", "account_id"], ascending=[False, False, True], kind="stable"
    ).assign(on_plan=table["account_id"].isin(list(on_plan)), medicare=table["payer_class"] == "medicare")
    households = (
        accounts.groupby("household", sort=True)
        .agg(
            guarantor_id=("guarantor_id", "first"),
            account_id=("account_id", "first"),
            balance=("patient_balance", "sum"),
            expected_recovery=("expected_recovery", "sum"),
            accounts=("account_id", "size"),
            on_plan=("on_plan", "any"),
            medicare=("medicare", "any"),
        )
        .reset_index()
    )
    lead = accounts.drop_duplicates("household").set_index("household")
    for name in ("probability", "statements", "last_contact"):
        households[name] = households["household"].map(lead[name])
    households["eligible"] = households["household"].map(lead["suppressed_by"].map(len)).astype("int64") == 0
    return households


def make_households(
    connection: duckdb.DuckDBPyConnection, households: pd.DataFrame, rules: RuleTable, settings: ScoringSettings
) -> None:
    """Make the temporary table `households` with the columns that `actions.toml` and policies may name.

    In addition to the columns of `households` it has the guarantor's `text_consent` and `language` (null: unknown) and
    a boolean column for each policy. A policy that the site waives, or whose facts are unknown, is false, with one
    exception: unknown consent counts as no consent (rule S7).

    Parameters
    ----------
    households
        Has household (a number), guarantor_id, balance (dollars), probability (of the lead account), statements,
        last_contact, on_plan and medicare.
    """
    policies = ", ".join(
        f"COALESCE({_condition(policy, settings)}, FALSE) AS {policy.name}" for policy in rules.policies
    )
    connection.register("grouped_accounts", households)
    try:
        connection.execute(
            f"CREATE OR REPLACE TEMP TABLE households AS SELECT *, {policies} FROM (SELECT w.*, g.text_consent, "
            "g.language FROM grouped_accounts w LEFT JOIN guarantors g ON g.guarantor_id = w.guarantor_id) known"
        )
    finally:
        connection.unregister("grouped_accounts")


def _condition(policy: Policy, settings: ScoringSettings) -> str:
    return "FALSE" if policy.id in settings.waived else f"({policy.when.format_map(dict(settings))})"


def _describe(action: NextAction, balance: float, settings: ScoringSettings) -> tuple[str, str]:
    installment = fit_installment(balance, settings) if "installment" in action.action else None
    values = {} if installment is None else {"installment": installment.dollars, "months": installment.months}
    return describe_action(action, settings, values)

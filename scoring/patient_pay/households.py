"""One row a household: what actions and policies look at, as known at the as-of day, and what they decide."""

from __future__ import annotations

from datetime import date

import duckdb
import pandas as pd

from payrank.scoring.action_table import NextAction
from payrank.scoring.actions.actions import choose_actions, fit_installment, say_action
from payrank.scoring.actions.value import cost_of
from payrank.scoring.rules.account_facts import running_plans
from payrank.scoring.rules.rules import Policy, RuleTable
from payrank.scoring.settings import ScoringSettings


def decide_households(
    connection: duckdb.DuckDBPyConnection, table: pd.DataFrame, as_of: date, settings: ScoringSettings, rules: RuleTable
) -> pd.DataFrame:
    """Return a row a household: the account that leads it, its next action with what that costs, and its policies.

    Parameters
    ----------
    table
        A row a scored account: account_id, guarantor_id, household (a number), patient_balance and worth (dollars),
        expected_recovery, probability, statements, last_contact, payer_class and suppressed_by.
    """
    on_plan = running_plans(connection, as_of)
    led = table.sort_values(
        ["worth", "patient_balance", "account_id"], ascending=[False, False, True], kind="stable"
    ).assign(on_plan=table["account_id"].isin(list(on_plan)), medicare=table["payer_class"] == "medicare")
    homes = (
        led.groupby("household", sort=True)
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
    lead = led.drop_duplicates("household").set_index("household")
    for name in ("probability", "statements", "last_contact"):
        homes[name] = homes["household"].map(lead[name])
    homes["free"] = homes["household"].map(lead["suppressed_by"].map(len)).astype("int64") == 0
    make_households(connection, homes, rules, settings)
    chosen = choose_actions(connection, "households", "household", "patient_pay", settings)
    known = connection.execute(
        f"SELECT language, {', '.join(one.name for one in rules.policies)} FROM households ORDER BY household"
    ).df()
    actions = [chosen[home] for home in homes["household"]]
    homes["cost"] = [cost_of(action, "patient_pay", settings) for action in actions]
    homes["queue"] = [action.queue for action in actions]
    said = [_say(action, balance, settings) for action, balance in zip(actions, homes["balance"], strict=True)]
    homes["action"] = [action for action, _ in said]
    homes["action_why"] = [why for _, why in said]
    for one in rules.policies:
        homes[one.name] = known[one.name].to_numpy(dtype=bool)
        if one.note:
            homes["action_why"] = [
                f"{why}. {one.note.format(language=language)}" if holds else why
                for why, holds, language in zip(homes["action_why"], homes[one.name], known["language"], strict=True)
            ]
    homes["policies"] = [
        tuple(one.name for one, holds in zip(rules.policies, row, strict=True) if holds)
        for row in homes[[one.name for one in rules.policies]].to_numpy(dtype=bool)
    ]
    return homes


def make_households(
    connection: duckdb.DuckDBPyConnection, groups: pd.DataFrame, rules: RuleTable, settings: ScoringSettings
) -> None:
    """Make the temporary table `households` with the columns that `actions.toml` and policies may name.

    Beside the columns of `groups` it has `text_consent` and `language` of the guarantor (null: unknown) and a boolean
    column for each policy by its name; a policy that the site waives, or that cannot be told, is false, but for
    consent: unknown is no consent (rule S7).

    Parameters
    ----------
    groups
        Has household (a number), guarantor_id, balance (dollars), probability (of the leading account), statements,
        last_contact, on_plan and medicare.
    """
    policies = ", ".join(f"COALESCE({_condition(one, settings)}, FALSE) AS {one.name}" for one in rules.policies)
    connection.register("grouped_accounts", groups)
    try:
        connection.execute(
            f"CREATE OR REPLACE TEMP TABLE households AS SELECT *, {policies} FROM (SELECT w.*, g.text_consent, "
            "g.language FROM grouped_accounts w LEFT JOIN guarantors g ON g.guarantor_id = w.guarantor_id) known"
        )
    finally:
        connection.unregister("grouped_accounts")


def _condition(policy: Policy, settings: ScoringSettings) -> str:
    return "FALSE" if policy.id in settings.waived else f"({policy.when.format_map(dict(settings))})"


def _say(action: NextAction, balance: float, settings: ScoringSettings) -> tuple[str, str]:
    installment = fit_installment(balance, settings) if "installment" in action.action else None
    words = {} if installment is None else {"installment": installment.dollars, "months": installment.months}
    return say_action(action, settings, words)

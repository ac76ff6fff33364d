"""From scored denials to the plan of the denial list: value up to the deadline, rules, next action, and day to work."""

from __future__ import annotations

from datetime import date

import duckdb
import numpy as np
import pandas as pd

from payrank.extracts.extract import Extract
from payrank.scoring.action_table import read_actions
from payrank.scoring.actions.actions import choose_actions, say_action
from payrank.scoring.actions.value import cost_of, outcome_timing
from payrank.scoring.denials.deadlines import appeal_deadlines
from payrank.scoring.denials.denial_plan import plan_denials
from payrank.scoring.rules.rules import RuleTable
from payrank.scoring.rules.site_rules import rules_in_force
from payrank.scoring.scores import Scored
from payrank.scoring.settings import ScoringSettings
from payrank.scoring.worklist import URGENT_DAYS


def value_denials(
    extract: Extract, scored: Scored, as_of: date, settings: ScoringSettings, rules: RuleTable
) -> pd.DataFrame:
    """Value, suppress and plan the scored denials; one row a denial, indexed by its id.

    Expected recovery is the denied amount x the expected share recovered; expected value is that, discounted by when
    the payer is expected to have answered (by the model, else by the action's table), less the cost of the next action;
    both are 0 once the last day has passed. Of an appeal that is filed already, asking for the decision is worth
    `follow_up_gain` of it. Unknown amounts stay unknown, and such denials rank by probability. `denial_plan`
    says which are listed, and for which day.
    """
    rules = rules_in_force(rules, settings)
    rows = scored.rows
    table = pd.DataFrame(
        {
            "denial_id": rows["unit_id"],
            "account_id": rows["row_account_id"],
            "payer_id": rows["row_payer_id"],
            "denied_amount": rows["amount"],
            "probability": rows["probability"],
            "expected_recovery": rows["expected_share"] * rows["amount"],
            "raw_score": rows["raw_score"],
            "age_days": rows["age_days"],
        }
    ).merge(_details(extract, as_of), on="denial_id", how="left")
    table["days_left"] = (table["due_on"] - pd.Timestamp(as_of)).dt.days
    extract.connection.register("scored_denials", table.copy(deep=False))
    try:
        _decide_actions(extract.connection, table, settings)
        _suppress(extract.connection, table, rules, settings)
    finally:
        extract.connection.unregister("scored_denials")
    in_time = (table["days_left"] >= 0) | (table["pending"] > 0)
    known = table["denied_amount"].notna()
    table.loc[~in_time & known, "expected_recovery"] = 0.0
    gain = np.where(table["pending"] > 0, settings.follow_up_gain, 1.0)
    horizon = int(getattr(scored.frame.target, "maturity_days", 180))
    answered = table["answer_days"].to_numpy(np.float64)
    timing = outcome_timing(rows.reset_index(drop=True), horizon, settings.annual_discount_rate, answered)
    table["expected_days"] = timing["expected_days"]
    worth = table["expected_recovery"] * gain * timing["worth"]
    table["expected_value"] = np.where(in_time, worth - table["cost"], 0.0)
    table.loc[~known, "expected_value"] = np.nan
    free = table["suppressed_by"].map(len).astype("int64") == 0
    table["urgent"] = free & (table["pending"] == 0) & table["days_left"].between(0, URGENT_DAYS)
    _review_hopeless(table, settings)
    return plan_denials(table, as_of, settings).set_index("denial_id", drop=False)


def _details(extract: Extract, as_of: date) -> pd.DataFrame:
    day = f"DATE '{as_of}'"
    known = extract.connection.execute(
        "SELECT n.denial_id, n.group_code, n.carc, n.rarc, COALESCE(y.payer_name, n.payer_id) AS payer, y.payer_class, "
        f"COALESCE(p.pending, 0) AS pending, COALESCE(p.level, 0) AS level, {day} - n.denied_on AS days_since_denial, "
        f"{day} - p.last_filed_on AS days_since_filed FROM denials n "
        "LEFT JOIN payers y ON y.payer_id = n.payer_id LEFT JOIN (SELECT denial_id, MAX(level) AS level, "
        "MAX(filed_on) AS last_filed_on, "
        f"SUM(CASE WHEN decided_on < {day} THEN 0 ELSE 1 END) AS pending FROM appeals WHERE filed_on < {day} "
        f"GROUP BY denial_id) p ON p.denial_id = n.denial_id WHERE n.denied_on < {day} ORDER BY n.denial_id"
    ).df()
    details = known.merge(appeal_deadlines(extract.connection, as_of), on="denial_id")
    details["as_of"] = pd.Timestamp(as_of)
    return details


def _decide_actions(connection: duckdb.DuckDBPyConnection, table: pd.DataFrame, settings: ScoringSettings) -> None:
    """Add the next action of each denial: its queue, words, cost (dollars) and days until the payer has answered."""
    chosen = choose_actions(connection, "scored_denials", "denial_id", "denials", settings)
    actions = [chosen[denial] for denial in table["denial_id"]]
    costs = {action: cost_of(action, "denials", settings) for action in set(actions)}
    said = [
        say_action(action, settings, {"next_level": int(level) + 1, "carc": carc if isinstance(carc, str) else ""})
        for action, level, carc in zip(actions, table["level"], table["carc"], strict=True)
    ]
    table["queue"] = pd.Series([action.queue for action in actions], index=table.index, dtype="str")
    table["action"] = pd.Series([action for action, _ in said], index=table.index, dtype="str")
    table["action_why"] = pd.Series([why for _, why in said], index=table.index, dtype="str")
    table["cost"] = pd.Series([costs[action] for action in actions], index=table.index, dtype="float64")
    table["answer_days"] = pd.Series([action.days for action in actions], index=table.index, dtype="float64")
    table["waits"] = pd.Series([action.wait for action in actions], index=table.index, dtype="bool")


def _suppress(
    connection: duckdb.DuckDBPyConnection, table: pd.DataFrame, rules: RuleTable, settings: ScoringSettings
) -> None:
    """Add which rules hit each denial, and put the first rule's queue and action in the place of the next action's."""
    place_of = {denial: place for place, denial in enumerate(table["denial_id"])}
    hits: list[list[str]] = [[] for _ in range(len(table))]
    for rule in reversed(rules.denial):
        if rule.id in settings.waived:
            continue
        found = connection.execute(f"SELECT denial_id FROM scored_denials WHERE {rule.condition}").fetchall()
        places = [place_of[denial] for (denial,) in found]
        for place in places:
            hits[place].insert(0, rule.id)
        table.loc[table.index[places], ["queue", "action", "action_why"]] = [rule.queue, rule.action, rule.title]
    table["suppressed_by"] = pd.Series(hits, index=table.index, dtype="object")


def _review_hopeless(table: pd.DataFrame, settings: ScoringSettings) -> None:
    """Send what is urgent and not worth its cost to a person: no deadline passes unseen, and nothing is spent on it."""
    last = read_actions().last_resort
    if last.rule in settings.waived:
        return
    hopeless = table["urgent"] & (table["expected_value"] <= 0)
    action, why = say_action(last, settings, {})
    table.loc[hopeless, ["queue", "action", "action_why"]] = [last.queue, action, why]

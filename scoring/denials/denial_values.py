"""Value and suppress the scored denials: value up to the deadline, rules, and next action."""

from __future__ import annotations

import numpy as np
import pandas as pd

from payrank.scoring.action_table import read_actions
from payrank.scoring.actions.actions import choose_actions, describe_action
from payrank.scoring.actions.value import cost_of, outcome_timing
from payrank.scoring.denials.deadlines import appeal_deadlines
from payrank.scoring.denials.denial_plan import plan_denials
from payrank.scoring.nightly_run import NightlyRun
from payrank.scoring.scores import Scored
from payrank.scoring.settings import ScoringSettings
from payrank.scoring.worklist import URGENT_DAYS


def value_denials(run: NightlyRun, scored: Scored) -> pd.DataFrame:
    """Value, suppress, and plan the scored denials; one row per denial, indexed by its id.

    Expected recovery is the denied amount x the expected share recovered. Expected value is that, discounted by when
    the payer is expected to answer (from the model, else from the action table), less the cost of the next action. Both
    are 0 once the last day has passed. For an appeal that is already filed, asking for the decision is worth
    `follow_up_gain` of it. Unknown amounts stay unknown, and such denials rank by probability. `denial_plan` decides
    which are listed, and for which day.
    """
    settings = run.settings
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
    ).merge(_details(run), on="denial_id", how="left")
    table["days_left"] = (table["due_on"] - pd.Timestamp(run.as_of)).dt.days
    run.connection.register("scored_denials", table.copy(deep=False))
    try:
        _decide_actions(run, table)
        _suppress(run, table)
    finally:
        run.connection.unregister("scored_denials")
    in_time = (table["days_left"] >= 0) | (table["pending"] > 0)
    known = table["denied_amount"].notna()
    table.loc[~in_time & known, "expected_recovery"] = 0.0
    gain = np.where(table["pending"] > 0, settings.follow_up_gain, 1.0)
    horizon = int(getattr(scored.frame.target, "maturity_days", 180))
    answer_days = table["answer_days"].to_numpy(np.float64)
    timing = outcome_timing(rows.reset_index(drop=True), horizon, settings.annual_discount_rate, answer_days)
    table["expected_days"] = timing["expected_days"]
    present_value = table["expected_recovery"] * gain * timing["discount_factor"]
    table["expected_value"] = np.where(in_time, present_value - table["cost"], 0.0)
    table.loc[~known, "expected_value"] = np.nan
    eligible = table["suppressed_by"].map(len).astype("int64") == 0
    table["urgent"] = eligible & (table["pending"] == 0) & table["days_left"].between(0, URGENT_DAYS)
    _review_hopeless(table, settings)
    return plan_denials(table, run.as_of, settings).set_index("denial_id", drop=False)


def _details(run: NightlyRun) -> pd.DataFrame:
    """Return the codes, payer, appeals, and deadline of each denial known before the run's date."""
    day = f"DATE '{run.as_of}'"
    denials = run.connection.execute(
        "SELECT n.denial_id, n.group_code, n.carc, n.rarc, COALESCE(y.payer_name, n.payer_id) AS payer, y.payer_class, "
        f"COALESCE(p.pending, 0) AS pending, COALESCE(p.level, 0) AS level, {day} - n.denied_on AS days_since_denial, "
        f"{day} - p.last_filed_on AS days_since_filed FROM denials n "
        "LEFT JOIN payers y ON y.payer_id = n.payer_id LEFT JOIN (SELECT denial_id, MAX(level) AS level, "
        "MAX(filed_on) AS last_filed_on, "
        f"SUM(CASE WHEN decided_on < {day} THEN 0 ELSE 1 END) AS pending FROM appeals WHERE filed_on < {day} "
        f"GROUP BY denial_id) p ON p.denial_id = n.denial_id WHERE n.denied_on < {day} ORDER BY n.denial_id"
    ).df()
    details = denials.merge(appeal_deadlines(run.connection, run.as_of), on="denial_id")
    details["as_of"] = pd.Timestamp(run.as_of)
    return details


def _decide_actions(run: NightlyRun, table: pd.DataFrame) -> None:
    """Add each denial's next action: queue, texts, cost (dollars), and days until the payer is expected to answer."""
    actions_by_denial = choose_actions(run.connection, "scored_denials", "denial_id", "denials", run.settings)
    actions = [actions_by_denial[denial] for denial in table["denial_id"]]
    costs = {action: cost_of(action, "denials", run.settings) for action in set(actions)}
    texts = [
        describe_action(
            action, run.settings, {"next_level": int(level) + 1, "carc": carc if isinstance(carc, str) else ""}
        )
        for action, level, carc in zip(actions, table["level"], table["carc"], strict=True)
    ]
    table["queue"] = pd.Series([action.queue for action in actions], index=table.index, dtype="str")
    table["action"] = pd.Series([action for action, _ in texts], index=table.index, dtype="str")
    table["action_why"] = pd.Series([why for _, why in texts], index=table.index, dtype="str")
    table["cost"] = pd.Series([costs[action] for action in actions], index=table.index, dtype="float64")
    table["answer_days"] = pd.Series([action.days for action in actions], index=table.index, dtype="float64")
    table["waits"] = pd.Series([action.wait for action in actions], index=table.index, dtype="bool")


def _suppress(run: NightlyRun, table: pd.DataFrame) -> None:
    """Add the rules that suppress each denial; the first rule's queue and action replace the next action's."""
    position_of = {denial: position for position, denial in enumerate(table["denial_id"])}
    suppressed_by: list[list[str]] = [[] for _ in range(len(table))]
    for rule in reversed(run.rules.denial):
        if rule.id in run.settings.waived:
            continue
        rows = run.connection.execute(f"SELECT denial_id FROM scored_denials WHERE {rule.condition}").fetchall()
        positions = [position_of[denial] for (denial,) in rows]
        for position in positions:
            suppressed_by[position].insert(0, rule.id)
        table.loc[table.index[positions], ["queue", "action", "action_why"]] = [rule.queue, rule.action, rule.title]
    table["suppressed_by"] = pd.Series(suppressed_by, index=table.index, dtype="object")


def _review_hopeless(table: pd.DataFrame, settings: ScoringSettings) -> None:
    """Have a person review urgent denials that are not worth their cost: no deadline passes unseen."""
    last_resort = read_actions().last_resort
    if last_resort.rule in settings.waived:
        return
    hopeless = table["urgent"] & (table["expected_value"] <= 0)
    action, why = describe_action(last_resort, settings, {})
    table.loc[hopeless, ["queue", "action", "action_why"]] = [last_resort.queue, action, why]

"""From scored denials to the denial list: value up to the deadline, rules, rank, and one line a denial."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import numpy as np
import pandas as pd

from extracts.extract import Extract
from scoring.actions import denial_action
from scoring.deadlines import appeal_deadlines
from scoring.reasons import top_reasons
from scoring.rules import Rule, RuleTable
from scoring.scored import Explained, Scored
from scoring.settings import ScoringSettings
from scoring.worklist import URGENT_DAYS, DenialLine

LISTED = "listed"


def value_denials(
    extract: Extract, scored: Scored, as_of: date, settings: ScoringSettings, rules: RuleTable
) -> pd.DataFrame:
    """Value, suppress and rank the scored denials; one row a denial, indexed by its id.

    Expected recovery is the denied amount x the expected share recovered; expected value is that less the cost of an
    appeal; both are 0 once the last day has passed. Unknown amounts stay unknown, and such denials rank by probability.
    Denials with 14 days or fewer left come first (rule D2); then expected value, probability, the nearer deadline, id.
    """
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
    table["suppressed_by"], table["queue"] = _suppress(extract, table, rules.denial, settings)
    in_time = (table["due_on"] >= pd.Timestamp(as_of)) | (table["pending"] > 0)
    known = table["denied_amount"].notna()
    table.loc[~in_time & known, "expected_recovery"] = 0.0
    table["expected_value"] = np.where(in_time, table["expected_recovery"] - settings.appeal_cost, 0.0)
    table.loc[~known, "expected_value"] = np.nan
    table["days_left"] = (table["due_on"] - pd.Timestamp(as_of)).dt.days
    free = table["suppressed_by"].map(len).astype("int64") == 0
    table["urgent"] = free & (table["pending"] == 0) & table["days_left"].between(0, URGENT_DAYS)
    ranked = table[free].sort_values(
        ["urgent", "expected_value", "probability", "due_on", "denial_id"],
        ascending=[False, False, False, True, True],
        kind="stable",
        na_position="last",
    )
    table["rank"] = pd.Series(range(1, len(ranked) + 1), index=ranked.index, dtype="Int64").reindex(table.index)
    worth = table["urgent"] | (table["expected_value"] > 0) | table["denied_amount"].isna()
    chosen = ranked.index[worth.loc[ranked.index]]
    chosen = chosen[: len(chosen) if settings.capacity is None else settings.capacity]
    table["place"] = np.where(free, "below_the_cut", "suppressed")
    table.loc[chosen, "place"] = LISTED
    table["work_on"] = pd.Series(pd.Timestamp(as_of), index=chosen).reindex(table.index)
    return table.set_index("denial_id", drop=False)


def _details(extract: Extract, as_of: date) -> pd.DataFrame:
    day = f"DATE '{as_of}'"
    known = extract.connection.execute(
        "SELECT n.denial_id, n.group_code, n.carc, n.rarc, COALESCE(y.payer_name, n.payer_id) AS payer, y.payer_class, "
        "COALESCE(p.pending, 0) AS pending, COALESCE(p.level, 0) AS level FROM denials n "
        "LEFT JOIN payers y ON y.payer_id = n.payer_id LEFT JOIN (SELECT denial_id, MAX(level) AS level, "
        f"SUM(CASE WHEN decided_on < {day} THEN 0 ELSE 1 END) AS pending FROM appeals WHERE filed_on < {day} "
        f"GROUP BY denial_id) p ON p.denial_id = n.denial_id WHERE n.denied_on < {day} ORDER BY n.denial_id"
    ).df()
    due = appeal_deadlines(extract.connection, as_of)
    details = known.merge(due, on="denial_id")
    details["as_of"] = pd.Timestamp(as_of)
    return details


def _suppress(
    extract: Extract, table: pd.DataFrame, rules: tuple[Rule, ...], settings: ScoringSettings
) -> tuple[pd.Series, pd.Series]:
    """Return which rules hit each denial and its queue: the first rule's, else the next action's."""
    waived = {waiver.rule for waiver in settings.waive}
    hits: list[list[str]] = [[] for _ in range(len(table))]
    queues = [
        denial_action(_text(carc), int(level), pending=bool(pending)).queue
        for carc, level, pending in zip(table["carc"], table["level"], table["pending"], strict=True)
    ]
    extract.connection.register("scored_denials", table.drop(columns=["expected_recovery"]))
    try:
        for rule in reversed(rules):
            if rule.id in waived:
                continue
            found = extract.connection.execute(f"SELECT denial_id FROM scored_denials WHERE {rule.when}").fetchall()
            hit = {row[0] for row in found}
            for place, denial in enumerate(table["denial_id"]):
                if denial in hit:
                    hits[place].insert(0, rule.id)
                    queues[place] = rule.queue
    finally:
        extract.connection.unregister("scored_denials")
    return pd.Series(hits, index=table.index, dtype="object"), pd.Series(queues, index=table.index, dtype="str")


def denial_lines(
    table: pd.DataFrame, explained: Explained, as_of: date, settings: ScoringSettings
) -> tuple[DenialLine, ...]:
    """Return one line a listed denial, best first."""
    listed = table[table["place"] == LISTED].sort_values("rank")
    return tuple(
        _denial_line(place, row, explained, as_of, settings)
        for place, (_, row) in enumerate(listed.iterrows(), start=1)
    )


def _denial_line(
    place: int, row: pd.Series, explained: Explained, as_of: date, settings: ScoringSettings
) -> DenialLine:
    action = denial_action(_text(row["carc"]), int(row["level"]), pending=bool(row["pending"]))
    fields: Mapping[str, str] = {
        name: _text(row[name]) for name in ("payer", "payer_class", "group_code", "carc", "rarc")
    }
    return DenialLine(
        rank=place,
        denial_id=str(row["denial_id"]),
        account_id=_text(row["account_id"]) or None,
        denied_amount=_number(row["denied_amount"]),
        age_days=int(row["age_days"]),
        probability=float(row["probability"]),
        expected_recovery=_number(row["expected_recovery"]),
        expected_value=_number(row["expected_value"]),
        due_on=row["due_on"].date(),
        due_on_source=str(row["due_on_source"]),
        days_left=int(row["days_left"]),
        work_on=as_of,
        queue=action.queue,
        action=action.action,
        action_why=action.why,
        reasons=top_reasons(explained.of(str(row["denial_id"])), settings.reasons_shown),
        base_value=explained.base_value,
        raw_score=float(row["raw_score"]),
        **fields,
    )


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _number(value: float) -> float | None:
    return None if pd.isna(value) else float(value)

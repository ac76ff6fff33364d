"""Gather what `report.html` shows about a run: counts, sums, and notices, but no row of a patient."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import pandas as pd

from payrank.extracts.fetch_row import fetch_one_row
from payrank.features.relations.denial_state import PAID_SHARE, paid_after_denial
from payrank.scoring.list_spec import LISTED, ListName
from payrank.scoring.nightly_run import NightlyRun
from payrank.scoring.outcome import ListOutcome
from payrank.scoring.reports.audit import audit_lists
from payrank.scoring.reports.changes import ListChanges
from payrank.scoring.reports.report import (
    AgingRow,
    Flow,
    ModelHealth,
    RunReport,
    SuppressedRow,
    TableHealth,
    Unpublished,
    sort_by_age,
)
from payrank.scoring.rules.rules import RuleTable
from payrank.scoring.run_models import describe_drift, describe_model, describe_unseen_categories
from payrank.scoring.worklists.list_summary import summarize_list


def make_report(run: NightlyRun, outcomes: Mapping[ListName, ListOutcome], changes: ListChanges) -> RunReport:
    """Return the report of a run.

    Parameters
    ----------
    outcomes
        What became of each list.
    changes
        What changed since the latest earlier run.
    """
    patient = outcomes["patient_pay"].table
    policies = {} if patient is None else _policies(patient, run.as_of, run.rules)
    return RunReport(
        as_of=run.as_of,
        source_system=run.extract.metadata.source_system,
        flows=tuple(_flow(outcome) for outcome in outcomes.values() if outcome.table is not None),
        counts=_paid_without_appeal(run) | policies,
        aging=() if patient is None else _aging(patient),
        lists=tuple(summarize_list(outcome.worklist) for outcome in outcomes.values() if outcome.worklist is not None),
        unpublished=tuple(
            Unpublished(outcome.title, outcome.why_unpublished)
            for outcome in outcomes.values()
            if outcome.why_unpublished
        ),
        suppressed=_suppressed(outcomes, run.rules),
        models=_models(run, outcomes),
        tables=tuple(
            TableHealth(
                name,
                state.present,
                state.rows_read,
                state.rows_loaded,
                state.rows_quarantined,
                state.rows_repeated,
                state.absent_columns,
            )
            for name, state in run.extract.tables.items()
        ),
        notices=(
            run.notices()
            + run.unchecked_rules
            + run.models.all_notices(run.as_of)
            + changes.unread
            + _unavailable(outcomes)
        ),
        since=changes.since,
        changes=changes.counts,
        fairness=audit_lists(run.extract, outcomes, run.as_of),
    )


def _flow(outcome: ListOutcome) -> Flow:
    return Flow(
        f"{outcome.spec.unit}s",
        outcome.received,
        outcome.listed,
        outcome.over_capacity,
        outcome.suppressed,
        outcome.quarantined,
    )


def _models(run: NightlyRun, outcomes: Mapping[ListName, ListOutcome]) -> tuple[ModelHealth, ...]:
    """Return each model's training facts, and how far the run's rows have drifted from its training rows."""
    facts = {kind: describe_model(bundle) for kind, bundle in run.models.bundles.items()}
    for outcome in outcomes.values():
        if outcome.spec.model_kind in facts:
            facts[outcome.spec.model_kind] |= _describe_data(outcome)
    return tuple(ModelHealth(kind, run.models.names[kind], facts.get(kind, {})) for kind in sorted(run.models.names))


def _describe_data(outcome: ListOutcome) -> dict[str, str]:
    unseen = describe_unseen_categories(outcome.unseen_categories).partition(": ")[2]
    return describe_drift(outcome.drift) | ({"Categories not seen in training": unseen} if unseen else {})


def _aging(table: pd.DataFrame) -> tuple[AgingRow, ...]:
    return sort_by_age(zip(table["age_days"].astype(int), table["patient_balance"], strict=True))


def _suppressed(outcomes: Mapping[ListName, ListOutcome], rules: RuleTable) -> tuple[SuppressedRow, ...]:
    return tuple(
        SuppressedRow(rule, *rules.titles[rule], count)
        for outcome in outcomes.values()
        for rule, count in outcome.suppressed_by.items()
    )


def _unavailable(outcomes: Mapping[ListName, ListOutcome]) -> tuple[str, ...]:
    return tuple(
        f"{outcome.title}: {len(outcome.unavailable_features)} features are null because the extract lacks their "
        f"tables or columns: {', '.join(outcome.unavailable_features)}."
        for outcome in outcomes.values()
        if outcome.unavailable_features
    )


def _policies(table: pd.DataFrame, as_of: date, rules: RuleTable) -> dict[str, int]:
    """Count the households listed under each policy, and the accounts still within the 501(r) waiting period."""
    listed = table[table["place"] == LISTED].drop_duplicates("guarantor_id")["policies"]
    allowed_from = table["no_extraordinary_action_before"]
    not_yet = int((allowed_from.isna() | (allowed_from > as_of)).sum())
    counts = {
        f"Listed under {policy.id}. {policy.title}": sum(policy.name in names for names in listed)
        for policy in rules.policies
    }
    return {label: count for label, count in counts.items() if count} | {
        "Accounts not yet eligible for extraordinary collection actions (S3)": not_yet
    }


def _paid_without_appeal(run: NightlyRun) -> dict[str, int]:
    """Count the denials that the payer paid without an appeal: a separate outcome."""
    if not (run.extract.has("denials", "account_id", "denied_amount") and run.extract.has("transactions")):
        return {}
    (paid,) = fetch_one_row(
        run.connection,
        f"WITH as_of_dates AS (SELECT DATE '{run.as_of}' AS as_of), paid AS ({paid_after_denial()}) "
        "SELECT COUNT(*) FROM paid JOIN denials n ON n.denial_id = paid.denial_id "
        f"WHERE paid.paid >= {PAID_SHARE} * n.denied_amount AND NOT EXISTS "
        f"(SELECT 1 FROM appeals p WHERE p.denial_id = n.denial_id AND p.filed_on < DATE '{run.as_of}')",
    )
    return {"Denials paid without an appeal": int(paid)}

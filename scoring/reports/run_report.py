"""Gather what `report.html` shows of a night: counts, sums and notices, no row of a patient."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import pandas as pd

from payrank.extracts.extract import Extract
from payrank.extracts.fetch_row import fetch_one_row
from payrank.features.relations.denial_state import PAID_SHARE, paid_after_denial
from payrank.scoring.outcome import ListOutcome
from payrank.scoring.reports.audit import audit_night
from payrank.scoring.reports.changes import NO_CHANGES, Changes
from payrank.scoring.reports.report import (
    AgingRow,
    Flow,
    ModelHealth,
    NightReport,
    SuppressedRow,
    TableHealth,
    Unpublished,
    sort_by_age,
)
from payrank.scoring.rules.rules import RuleTable
from payrank.scoring.worklists.list_summary import ListSummary, summarize_list


def make_report(
    extract: Extract,
    models: Mapping[str, str],
    model_facts: Mapping[str, Mapping[str, str]],
    outcomes: Mapping[str, ListOutcome],
    as_of: date,
    rules: RuleTable,
    notices: tuple[str, ...],
    changes: Changes = NO_CHANGES,
) -> NightReport:
    """Return the report of a night.

    Parameters
    ----------
    models, model_facts
        By kind (payment, overturn): the name and version to show, and lines about the model's health.
    outcomes
        By list: where everyone went.
    changes
        What changed since the latest earlier run.
    """
    units = {"patient_pay": "accounts", "denials": "denials"}
    patient = outcomes["patient_pay"].table
    return NightReport(
        as_of=as_of,
        source_system=extract.metadata.source_system,
        flows=tuple(
            Flow(units[name], one.came_in, one.listed, one.over_capacity, one.suppressed, one.quarantined)
            for name, one in outcomes.items()
            if one.table is not None
        ),
        counts=_paid_without_appeal(extract, as_of) | _policies(patient, as_of, rules),
        aging=() if patient is None else _aging(patient),
        lists=tuple(_summary(one) for one in outcomes.values() if one.worklist is not None),
        unpublished=tuple(
            Unpublished(one.title, one.why_unpublished) for one in outcomes.values() if one.why_unpublished
        ),
        suppressed=_suppressed(outcomes, rules),
        models=tuple(ModelHealth(kind, models[kind], model_facts.get(kind, {})) for kind in sorted(models)),
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
            for name, state in extract.tables.items()
        ),
        notices=notices + _unavailable(outcomes),
        since=changes.since,
        changes=changes.counts,
        fairness=audit_night(extract, outcomes, as_of),
    )


def _summary(outcome: ListOutcome) -> ListSummary:
    if outcome.worklist is None:
        raise ValueError("only a published list has a summary")
    return summarize_list(outcome.worklist)


def _aging(table: pd.DataFrame) -> tuple[AgingRow, ...]:
    return sort_by_age(zip(table["age_days"].astype(int), table["patient_balance"], strict=True))


def _suppressed(outcomes: Mapping[str, ListOutcome], rules: RuleTable) -> tuple[SuppressedRow, ...]:
    return tuple(
        SuppressedRow(rule, *rules.titles[rule], count)
        for outcome in outcomes.values()
        for rule, count in outcome.suppressed_by.items()
    )


def _unavailable(outcomes: Mapping[str, ListOutcome]) -> tuple[str, ...]:
    return tuple(
        f"{one.title}: {len(one.unavailable_features)} features are unknown because the extract lacks their tables or "
        f"columns: {', '.join(one.unavailable_features)}."
        for one in outcomes.values()
        if one.unavailable_features
    )


def _policies(table: pd.DataFrame | None, as_of: date, rules: RuleTable) -> dict[str, int]:
    """Households that are listed under the rules that keep nobody off, and accounts whose 501(r) clock still runs."""
    if table is None:
        return {}
    listed = table[table["place"] == "listed"].drop_duplicates("guarantor_id")["policies"]
    held = table["no_extraordinary_action_before"]
    early = int((held.isna() | (held > as_of)).sum())
    found = {
        f"Listed under {policy.id}. {policy.title}": sum(policy.name in names for names in listed)
        for policy in rules.policies
    }
    return {told: count for told, count in found.items() if count} | {
        "Accounts on which no extraordinary collection action may be taken yet (S3)": early
    }


def _paid_without_appeal(extract: Extract, as_of: date) -> dict[str, int]:
    """Denials that the payer paid without an appeal: an outcome of its own, counted and shown (contracts.md)."""
    if not (extract.has("denials", "account_id", "denied_amount") and extract.has("transactions")):
        return {}
    (paid,) = fetch_one_row(
        extract.connection,
        f"WITH as_of_dates AS (SELECT DATE '{as_of}' AS as_of), paid AS ({paid_after_denial()}) "
        "SELECT COUNT(*) FROM paid JOIN denials n ON n.denial_id = paid.denial_id "
        f"WHERE paid.paid >= {PAID_SHARE} * n.denied_amount AND NOT EXISTS "
        f"(SELECT 1 FROM appeals p WHERE p.denial_id = n.denial_id AND p.filed_on < DATE '{as_of}')",
    )
    return {"Denials paid without an appeal": int(paid)}

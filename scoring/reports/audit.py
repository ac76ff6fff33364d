"""The fairness audit of one run: who was scored, listed, called recently, and offered assistance, by group.

The groups come from the `audit_*` columns of guarantors, which no model and no rule ever sees: they are joined to the
finished lists here. Missed payers and calibration by group need outcomes; the model card reports both for past periods.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from payrank.extracts.extract import Extract
from payrank.models.audit import count_marks, mark_people, read_groups
from payrank.models.records.estimate import Estimate, estimate_share
from payrank.scoring.list_spec import LISTED, PATIENT_PAY, ListName
from payrank.scoring.outcome import ListOutcome

NOT_GIVEN = (
    "Not checked: guarantors have no audit_* columns (audit_sex, audit_race_ethnicity, ...) in the extract. Send them "
    "to count the lists by group; only the audit reads them, never a model or a list."
)
CALLED_DAYS = 30
"""Days before the run in which an outbound call counts."""
ASSISTANCE_QUEUES = frozenset({"financial_assistance", "assistance_screening"})
"""Queues in which assistance is offered or followed up."""


@dataclass(frozen=True, slots=True)
class GroupShare:
    """Share of a group's people with one result; `estimate` is None where it would reveal fewer than 11 people.

    `difference` is `below` or `above` when the interval excludes the share of everyone; empty otherwise.
    """

    estimate: Estimate | None
    difference: str = ""


@dataclass(frozen=True, slots=True)
class GroupRow:
    """One group of an attribute: its people among the scored, and its shares in the order of `ListAudit.results`."""

    attribute: str
    group: str
    people: int
    shares: tuple[GroupShare, ...]


@dataclass(frozen=True, slots=True)
class ListAudit:
    """The audit of one list: the results counted, the share of everyone, and each group."""

    title: str
    results: tuple[str, ...]
    everyone: tuple[float, ...]
    people: int
    rows: tuple[GroupRow, ...]


@dataclass(frozen=True, slots=True)
class RunAudit:
    """The audit of a run; `not_checked` says why there is none."""

    lists: tuple[ListAudit, ...] = ()
    not_checked: str = NOT_GIVEN


def audit_lists(extract: Extract, outcomes: Mapping[ListName, ListOutcome], as_of: date) -> RunAudit:
    """Audit the published lists of a run by every audit attribute in the extract; without any, say so."""
    groups = read_groups(extract)
    if groups.columns.empty:
        return RunAudit()
    called = _called(extract, as_of)
    audits = []
    for outcome in outcomes.values():
        if outcome.table is None or outcome.worklist is None:
            continue
        positions = groups.index.get_indexer(pd.Index(_people(extract, outcome.table), dtype=groups.index.dtype))
        marks = {
            "scored": _mark(positions, len(groups)),
            "listed": _mark(positions, len(groups), outcome.table["place"] == LISTED),
        }
        if outcome.spec is PATIENT_PAY:
            if called is not None:
                marks[f"called in last {CALLED_DAYS} days"] = marks["scored"] & mark_people(groups.index, called)
            assisted = outcome.table["queue"].isin(ASSISTANCE_QUEUES)
            marks["offered assistance"] = _mark(positions, len(groups), assisted)
        if marks["scored"].any():
            audits.append(_audit_list(outcome.title, groups, marks))
    if not audits:
        return RunAudit(not_checked="Not checked: no list was published, or none with a guarantor of a known group.")
    return RunAudit(tuple(audits), not_checked="")


def _mark(positions: NDArray[np.intp], people: int, rows: pd.Series | None = None) -> NDArray[np.bool_]:
    """Mark the people at some rows' positions (default: all rows); position -1 belongs to nobody."""
    marked = positions if rows is None else positions[rows.to_numpy(dtype=bool)]
    mark = np.zeros(people, dtype=bool)
    mark[marked[marked >= 0]] = True
    return mark


def _audit_list(title: str, groups: pd.DataFrame, marks: Mapping[str, NDArray[np.bool_]]) -> ListAudit:
    scored = int(marks["scored"].sum())
    everyone = {result: float(mark.sum() / scored) for result, mark in marks.items() if result != "scored"}
    rows = tuple(
        GroupRow(
            count.attribute,
            count.group,
            count.people,
            tuple(_share(count.counts[result], count.people, everyone[result]) for result in everyone),
        )
        for count in count_marks(groups, marks)
    )
    return ListAudit(title, tuple(everyone), tuple(everyone.values()), scored, rows)


def _share(count: int | None, people: int, everyone: float) -> GroupShare:
    if count is None:
        return GroupShare(None)
    estimate = estimate_share(count, people)
    if estimate.low is not None and estimate.high is not None and not estimate.low <= everyone <= estimate.high:
        return GroupShare(estimate, "below" if estimate.value < everyone else "above")
    return GroupShare(estimate)


def _people(extract: Extract, table: pd.DataFrame) -> pd.Series:
    """Return the guarantor of each row; for a denial, the guarantor of its account."""
    if "guarantor_id" in table:
        return table["guarantor_id"]
    accounts = extract.connection.execute("SELECT account_id, guarantor_id FROM accounts").df()
    guarantors = accounts.drop_duplicates("account_id").set_index("account_id")["guarantor_id"]
    return table["account_id"].map(guarantors)


def _called(extract: Extract, as_of: date) -> list[str] | None:
    if not extract.has("contacts", "channel"):
        return None
    first = as_of - timedelta(days=CALLED_DAYS)
    rows = extract.connection.execute(
        "SELECT DISTINCT guarantor_id FROM contacts WHERE channel = 'call' AND coalesce(direction, 'out') = 'out' "
        f"AND contacted_on >= DATE '{first}' AND contacted_on < DATE '{as_of}' AND guarantor_id IS NOT NULL "
        "ORDER BY guarantor_id"
    ).fetchall()
    return [guarantor for (guarantor,) in rows]

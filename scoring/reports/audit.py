"""The fairness audit of one night: by group who was scored, listed, called lately and sent to assistance.

The groups come from the `audit_*` columns of guarantors, which no model and no rule ever sees: they meet the finished
lists here. Who is passed over, and whether promises come true by group, is known only once outcomes are: the model card
tells it of the past.
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
from payrank.scoring.outcome import ListOutcome
from payrank.scoring.patient_pay.patient_pay import LISTED

NOT_GIVEN = (
    "Not checked: the extract has no audit_* columns in guarantors (audit_sex, audit_race_ethnicity, ...). Send them "
    "to have tonight's lists counted by group; they reach the audit alone, never a model or a list."
)
CALLED_DAYS = 30
"""Days before the night in which an outbound call counts."""
ASSISTANCE_QUEUES = frozenset({"financial_assistance", "assistance_screening"})
"""Queues in which assistance is followed up or offered."""


@dataclass(frozen=True, slots=True)
class GroupEnd:
    """What share of a group's people met one end; `figure` is None where that would tell of fewer than 11 people.

    `apart` says that the interval leaves out the share of everyone: `below`, `above`, or empty within the noise.
    """

    figure: Estimate | None
    apart: str = ""


@dataclass(frozen=True, slots=True)
class GroupRow:
    """One group of an attribute: its people among the scored, and its ends in the order of `ListAudit.ends`."""

    attribute: str
    group: str
    people: int
    ends: tuple[GroupEnd, ...]


@dataclass(frozen=True, slots=True)
class ListAudit:
    """The audit of one list: what was counted, the share of everyone, and each group."""

    title: str
    ends: tuple[str, ...]
    everyone: tuple[float, ...]
    people: int
    rows: tuple[GroupRow, ...]


@dataclass(frozen=True, slots=True)
class NightAudit:
    """The audit of a night, or in `not_checked` why there is none."""

    lists: tuple[ListAudit, ...] = ()
    not_checked: str = NOT_GIVEN


def audit_night(extract: Extract, outcomes: Mapping[str, ListOutcome], as_of: date) -> NightAudit:
    """Audit the published lists of a night by every attribute that came with the extract; it never passes silently."""
    groups = read_groups(extract)
    if groups.columns.empty:
        return NightAudit()
    called = _called(extract, as_of)
    found = []
    for outcome in outcomes.values():
        if outcome.table is None or outcome.worklist is None:
            continue
        place = groups.index.get_indexer(pd.Index(_people(extract, outcome.table), dtype=groups.index.dtype))
        marks = {
            "scored": _mark(place, len(groups)),
            "listed": _mark(place, len(groups), outcome.table["place"] == LISTED),
        }
        if outcome.name == "patient_pay":
            if called is not None:
                marks[f"called in {CALLED_DAYS} days"] = marks["scored"] & mark_people(groups.index, called)
            helped = outcome.table["queue"].isin(ASSISTANCE_QUEUES)
            marks["sent to assistance"] = _mark(place, len(groups), helped)
        if marks["scored"].any():
            found.append(_audit_list(outcome.title, groups, marks))
    if not found:
        return NightAudit(not_checked="Not checked: no list was published, or none with a guarantor of a known group.")
    return NightAudit(tuple(found), not_checked="")


def _mark(place: NDArray[np.intp], people: int, rows: pd.Series | None = None) -> NDArray[np.bool_]:
    """Mark the people at the places of some rows, -1 being nobody's; of all rows where none are named."""
    some = place if rows is None else place[rows.to_numpy(dtype=bool)]
    mark = np.zeros(people, dtype=bool)
    mark[some[some >= 0]] = True
    return mark


def _audit_list(title: str, groups: pd.DataFrame, marks: Mapping[str, NDArray[np.bool_]]) -> ListAudit:
    scored = int(marks["scored"].sum())
    everyone = {end: float(mark.sum() / scored) for end, mark in marks.items() if end != "scored"}
    counted = count_marks(groups, marks)
    rows = tuple(
        GroupRow(
            one.attribute,
            one.group,
            one.people,
            tuple(_end(one.counts[end], one.people, everyone[end]) for end in everyone),
        )
        for one in counted
    )
    return ListAudit(title, tuple(everyone), tuple(everyone.values()), scored, rows)


def _end(count: int | None, people: int, everyone: float) -> GroupEnd:
    if count is None:
        return GroupEnd(None)
    figure = estimate_share(count, people)
    if figure.low is not None and figure.high is not None and not figure.low <= everyone <= figure.high:
        return GroupEnd(figure, "below" if figure.value < everyone else "above")
    return GroupEnd(figure)


def _people(extract: Extract, table: pd.DataFrame) -> pd.Series:
    """Return the guarantor of each row; of a denial by its account."""
    if "guarantor_id" in table:
        return table["guarantor_id"]
    known = extract.connection.execute("SELECT account_id, guarantor_id FROM accounts").df()
    payers = known.drop_duplicates("account_id").set_index("account_id")["guarantor_id"]
    return table["account_id"].map(payers)


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

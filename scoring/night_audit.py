"""The fairness audit of one night: by group who was scored, listed, called lately and sent to assistance.

The groups come from the `audit_*` columns of guarantors, which no model and no rule ever sees: they meet the finished
lists here. Who is passed over, and whether promises come true by group, is known only once outcomes are: the model card
tells it of the past.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

import pandas as pd

from extracts.extract import Extract
from models.audit import count_groups, read_groups
from models.figure import Figure
from models.wilson import share_of
from scoring.outcome import ListOutcome

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

    figure: Figure | None
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
        people = _people(extract, outcome.table)
        ends = {"listed": people[outcome.table["place"].to_numpy() == "listed"]}
        if outcome.name == "patient_pay":
            if called is not None:
                ends[f"called in {CALLED_DAYS} days"] = people[people.isin(called)]
            ends["sent to assistance"] = people[outcome.table["queue"].isin(ASSISTANCE_QUEUES).to_numpy()]
        if (one := _audit_list(outcome.title, groups, people, ends)) is not None:
            found.append(one)
    if not found:
        return NightAudit(not_checked="Not checked: no list was published, or none with a guarantor of a known group.")
    return NightAudit(tuple(found), not_checked="")


def _audit_list(title: str, groups: pd.DataFrame, people: pd.Series, ends: Mapping[str, pd.Series]) -> ListAudit | None:
    known = groups.index.intersection(pd.Index(people.dropna().unique()))
    if known.empty:
        return None
    everyone = {end: float(known.isin(pd.Index(met.dropna().unique())).mean()) for end, met in ends.items()}
    counted = count_groups(groups, {"scored": list(known), **{end: met.dropna() for end, met in ends.items()}})
    rows = tuple(
        GroupRow(
            one.attribute,
            one.group,
            one.people,
            tuple(_end(one.counts[end], one.people, everyone[end]) for end in ends),
        )
        for one in counted
    )
    return ListAudit(title, tuple(ends), tuple(everyone.values()), len(known), rows)


def _end(count: int | None, people: int, everyone: float) -> GroupEnd:
    if count is None:
        return GroupEnd(None)
    figure = share_of(count, people)
    if figure.low is not None and figure.high is not None and not figure.low <= everyone <= figure.high:
        return GroupEnd(figure, "below" if figure.value < everyone else "above")
    return GroupEnd(figure)


def _people(extract: Extract, table: pd.DataFrame) -> pd.Series:
    """Return the guarantor of each row; of a denial by its account."""
    if "guarantor_id" in table:
        return table["guarantor_id"].astype(object).reset_index(drop=True)
    known = extract.connection.execute("SELECT account_id, guarantor_id FROM accounts").df()
    payers = known.drop_duplicates("account_id").set_index("account_id")["guarantor_id"]
    return table["account_id"].map(payers).astype(object).reset_index(drop=True)


def _called(extract: Extract, as_of: date) -> pd.Index | None:
    if not extract.has("contacts", "channel"):
        return None
    first = as_of - timedelta(days=CALLED_DAYS)
    rows = extract.connection.execute(
        "SELECT DISTINCT guarantor_id FROM contacts WHERE channel = 'call' AND coalesce(direction, 'out') = 'out' "
        f"AND contacted_on >= DATE '{first}' AND contacted_on < DATE '{as_of}' ORDER BY guarantor_id"
    ).fetchall()
    found: pd.Index = pd.Index([guarantor for (guarantor,) in rows], dtype=object)
    return found

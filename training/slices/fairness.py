"""The fairness audit of a training: what its list would have done to each group, in history."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from payrank.features.arrays import Floats
from payrank.models.audit import AuditFacts, find_small_groups
from payrank.models.records.estimate import Estimate, make_estimate
from payrank.models.records.fairness import (
    GROUP_METRIC_LABELS,
    MERGED,
    NO_ATTRIBUTES,
    NOT_RECORDED,
    AttributeAudit,
    Fairness,
    GroupMetrics,
)
from payrank.training.evaluate.auc import auc_figure
from payrank.training.evaluate.bootstrap import Drawn, Sums, interval, ratio, share_interval
from payrank.training.evaluate.cumulative_gains import rank_lists
from payrank.training.evaluate.holdout import HoldoutRows
from payrank.training.evaluate.metrics import Forecast
from payrank.training.evaluate.small_cells import join_small
from payrank.training.slices.worst_groups import find_worst

MOST_GROUPS = 12
"""Groups of an attribute that are told; the smaller ones are one, so that a free-text column floods no report."""
SHARES = ("listed", "called", "passed_over", "assistance")
_DAYS = 1_000_000


def audit_fairness(holdout: HoldoutRows, model: Forecast, facts: AuditFacts | None, horizon_days: int) -> Fairness:
    """Return the audit of every attribute; where none was given it says that nothing was checked.

    Parameters
    ----------
    facts
        Groups, calls and assistance; they meet the judged rows here for the first time, long after the fit.
    horizon_days
        Days after a snapshot in which a call or assistance counts.
    """
    if facts is None or facts.groups.columns.empty:
        return Fairness(not_checked=NO_ATTRIBUTES)
    listed = rank_lists(holdout.lists, model.worth).top(holdout.capacity).astype(np.float64)
    marks = {"listed": listed, "passed_over": holdout.label * (1 - listed)}
    notes = []
    for name, events, table in (
        ("called", facts.calls, "contacts"),
        ("assistance", facts.assistance, "flags and transactions"),
    ):
        if events is None:
            notes.append(f"{name} was not checked: the extract has no {table}")
        else:
            marks[name] = happened_within(holdout.data, events, horizon_days)
    audits = []
    for attribute in facts.groups.columns:
        named = name_groups(holdout, facts.groups[attribute])
        if set(named) <= {NOT_RECORDED, MERGED}:
            notes.append(f"{attribute} was not checked: no group of 11 people or more is recorded in the judged rows")
            continue
        audits.append(_audit(holdout, model, str(attribute), named, marks))
    notes += [note for audit in audits for note in _note_untold(audit)]
    said = "" if audits else "Not audited: no attribute has a group of 11 or more people among the holdout rows."
    return Fairness(attributes=tuple(audits), not_checked=said, notes=tuple(notes))


def name_groups(holdout: HoldoutRows, groups: pd.Series) -> pd.Series:
    """Return the group of each judged row; groups under 11 people, and those after the twelfth, are one."""
    found = holdout.data["household"].map(groups)
    named = pd.Series(found.astype(object).where(found.notna(), NOT_RECORDED).astype(str), index=found.index)
    house = holdout.households.of_row
    people = pd.Series(house, index=named.index).groupby(named).nunique().sort_values(ascending=False, kind="stable")
    named = named.where(~named.isin(people.index[MOST_GROUPS:]), MERGED)
    return join_small(named, house, MERGED)


def happened_within(data: pd.DataFrame, events: pd.DataFrame, days: int) -> Floats:
    """Return 1 for each row whose household has an event in the `days` days from its snapshot on, else 0."""
    households = pd.Index(data["household"].dropna().unique())
    known = events[events["household"].isin(households)]
    keys = np.sort(households.get_indexer(known["household"]) * _DAYS + _day_numbers(known["day"]))
    place = households.get_indexer(data["household"])
    first = place * _DAYS + _day_numbers(data["as_of"])
    count = np.searchsorted(keys, first + days, side="left") - np.searchsorted(keys, first, side="left")
    return np.where(place >= 0, np.minimum(count, 1), 0).astype(np.float64)


def _day_numbers(days: pd.Series) -> NDArray[np.int64]:
    return days.to_numpy().astype("datetime64[D]").astype(np.int64)


def _audit(
    holdout: HoldoutRows, model: Forecast, attribute: str, named: pd.Series, marks: dict[str, Floats]
) -> AttributeAudit:
    names = sorted(named.unique(), key=lambda name: (name in {MERGED, NOT_RECORDED}, name))
    cells = np.asarray(pd.Categorical(named, categories=names).codes, dtype=np.intp)
    probability = np.asarray(model.probability)
    sums = Sums(holdout.households)
    columns = {"rows": np.ones(len(holdout)), "events": holdout.label, "promised": probability, **marks}
    for what, values in columns.items():
        sums.add_cells(what, values, cells, len(names))
    drawn = sums.draw()
    untold = _find_untold(holdout, columns, names, cells)
    groups = tuple(
        _describe(
            holdout,
            model,
            name,
            place,
            cells == place,
            drawn,
            {what: name in untold[what] for what in ("events", *marks)},
        )
        for place, name in enumerate(names)
    )
    few = _find_untold(holdout, columns, ["all rows"], np.zeros_like(cells))
    overall = {what: float(values.sum()) for what, values in columns.items() if not few.get(what)}
    return AttributeAudit(attribute=attribute, groups=groups, worst_groups=find_worst(groups, overall))


def _find_untold(
    holdout: HoldoutRows, columns: Mapping[str, Floats], names: Sequence[str], cells: NDArray[np.intp]
) -> dict[str, set[str]]:
    """Return by figure the groups of which it is not told: too few people stand behind it, or behind what is left."""

    def people(values: Floats) -> NDArray[np.intp]:
        seen = holdout.households.by_household_and_cell(values, cells, len(names)) > 0
        counts: NDArray[np.intp] = np.count_nonzero(seen, axis=0)
        return counts

    found = {}
    for what, values in columns.items():
        if what not in {"rows", "promised"}:
            whole = columns["events" if what == "passed_over" else "rows"]
            found[what] = find_small_groups(names, people(values), people(whole - values))
    found["passed_over"] |= found["events"]  # a share of the outcomes tells of them
    return found


def _note_untold(audit: AttributeAudit) -> list[str]:
    """Return what is not told of every group of an attribute, in words."""
    names = [name for name in SHARES if any(one.shares.get(name, one) is None for one in audit.groups)]
    told = [GROUP_METRIC_LABELS[name] for name in names]
    told += ["outcomes and AUC"] if any(one.events is None for one in audit.groups) else []
    if not told:
        return []
    return [
        f"{audit.attribute}: suppressed for every group because fewer than 11 people are involved: {', '.join(told)}"
    ]


def _describe(
    holdout: HoldoutRows,
    model: Forecast,
    name: str,
    place: int,
    here: NDArray[np.bool_],
    drawn: Drawn,
    untold: Mapping[str, bool],
) -> GroupMetrics:
    def cell(what: str) -> Floats:
        return drawn.cells(what)[:, place]

    rows, events = cell("rows"), cell("events")
    part = holdout.part(here, 0)
    people = {"rows": part.people, "events": int(part.data["household"][part.label == 1].nunique())}

    def figure(mark: str) -> Estimate:
        of = "events" if mark == "passed_over" else "rows"
        found = ratio(cell(mark), cell(of))
        return make_estimate(float(found[0]), share_interval(found, people[of]))

    shares = {
        mark: None if untold[mark] else figure(mark)
        for mark in SHARES
        if mark in untold and (mark != "passed_over" or untold[mark] or events[0] > 0)
    }
    few = untold["events"]
    promised = ratio(cell("promised"), rows)
    happened = ratio(events, rows)
    return GroupMetrics(
        group=name,
        rows=len(part),
        households=part.people,
        events=None if few else int(part.label.sum()),
        shares=shares,
        predicted=make_estimate(float(promised[0])).value,
        actual=None if few else make_estimate(float(happened[0]), share_interval(happened, part.people)),
        gap=None if few else make_estimate(float((promised - happened)[0]), interval(promised - happened)),
        auc=None if few else auc_figure(part, model.score[here]),
    )

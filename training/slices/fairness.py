"""The fairness audit of a training run: whom its list would have reached in each group, historically."""

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
from payrank.training.evaluate.bootstrap import RowSums, percentile_interval, ratio, share_interval
from payrank.training.evaluate.cumulative_gains import rank_lists
from payrank.training.evaluate.holdout import Forecast, HoldoutRows
from payrank.training.evaluate.metrics import estimate_auc
from payrank.training.evaluate.small_cells import join_small
from payrank.training.slices.worst_groups import find_worst_groups

MAX_GROUPS = 12
"""Groups of an attribute that are reported. Smaller ones are combined, so that a free-text column stays readable."""
SHARES = ("listed", "called", "passed_over", "assistance")
_DAY_RANGE = 1_000_000
"""More than any day number, so that household * range + day sorts by household, then day."""


def audit_fairness(holdout: HoldoutRows, model: Forecast, facts: AuditFacts | None, horizon_days: int) -> Fairness:
    """Return the audit of every attribute. Without attributes it says that nothing was audited.

    Parameters
    ----------
    facts
        Groups, calls, and assistance. They are joined to the holdout rows here for the first time, after the last fit.
    horizon_days
        Days after a snapshot within which a call or assistance counts.
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
            notes.append(f"{name} was not audited because the extract has no {table}")
        else:
            marks[name] = has_event_within(holdout.data, events, horizon_days)
    audits = []
    for attribute in facts.groups.columns:
        names = name_groups(holdout, facts.groups[attribute])
        if set(names) <= {NOT_RECORDED, MERGED}:
            notes.append(
                f"{attribute} was not audited because no recorded group has 11 or more people among the holdout rows"
            )
            continue
        audits.append(_audit_attribute(holdout, model, str(attribute), names, marks))
    notes += [note for audit in audits for note in _note_suppressed(audit)]
    not_checked = "" if audits else "Not audited: no attribute has a group of 11 or more people among the holdout rows."
    return Fairness(attributes=tuple(audits), not_checked=not_checked, notes=tuple(notes))


def name_groups(holdout: HoldoutRows, groups: pd.Series) -> pd.Series:
    """Return the group of each holdout row. Groups of fewer than 11 people, or after the twelfth, are combined."""
    recorded = holdout.data["household"].map(groups)
    names = pd.Series(recorded.astype(object).where(recorded.notna(), NOT_RECORDED).astype(str), index=recorded.index)
    household = holdout.households.of_row
    people = pd.Series(household, index=names.index).groupby(names).nunique()
    largest_first = people.sort_values(ascending=False, kind="stable")
    names = names.where(~names.isin(largest_first.index[MAX_GROUPS:]), MERGED)
    return join_small(names, household, MERGED)


def has_event_within(data: pd.DataFrame, events: pd.DataFrame, days: int) -> Floats:
    """Return 1 for each row whose household has an event within `days` days from its snapshot, else 0."""
    households = pd.Index(data["household"].dropna().unique())
    known = events[events["household"].isin(households)]
    keys = np.sort(households.get_indexer(known["household"]) * _DAY_RANGE + _day_numbers(known["day"]))
    place = households.get_indexer(data["household"])
    first = place * _DAY_RANGE + _day_numbers(data["as_of"])
    count = np.searchsorted(keys, first + days, side="left") - np.searchsorted(keys, first, side="left")
    return np.where(place >= 0, np.minimum(count, 1), 0).astype(np.float64)


def _day_numbers(days: pd.Series) -> NDArray[np.int64]:
    return days.to_numpy().astype("datetime64[D]").astype(np.int64)


def _audit_attribute(
    holdout: HoldoutRows, model: Forecast, attribute: str, group_of_row: pd.Series, marks: Mapping[str, Floats]
) -> AttributeAudit:
    names = sorted(group_of_row.unique(), key=lambda name: (name in {MERGED, NOT_RECORDED}, name))
    cells = np.asarray(pd.Categorical(group_of_row, categories=names).codes, dtype=np.intp)
    columns = {
        "rows": np.ones(len(holdout)),
        "events": holdout.label,
        "predicted": np.asarray(model.probability),
        **marks,
    }
    sums = RowSums(holdout.households)
    for column, values in columns.items():
        sums.add_cells(column, values, cells, len(names))
    resampled = sums.resample()
    suppressed = _find_suppressed(holdout, columns, names, cells)
    groups = tuple(
        _measure_group(
            holdout,
            model,
            name,
            cells == place,
            {column: resampled.cells(column)[:, place] for column in columns},
            {column for column in ("events", *marks) if name in suppressed[column]},
        )
        for place, name in enumerate(names)
    )
    suppressed_overall = _find_suppressed(holdout, columns, ["all rows"], np.zeros_like(cells))
    overall = {column: float(values.sum()) for column, values in columns.items() if not suppressed_overall.get(column)}
    return AttributeAudit(attribute=attribute, groups=groups, worst_groups=find_worst_groups(groups, overall))


def _find_suppressed(
    holdout: HoldoutRows, columns: Mapping[str, Floats], names: Sequence[str], cells: NDArray[np.intp]
) -> dict[str, set[str]]:
    """Return, by column, the groups to suppress: the count, or what remains of its total, involves too few people."""

    def count_people(values: Floats) -> NDArray[np.intp]:
        has_value = holdout.households.sum_by_household_and_cell(values, cells, len(names)) > 0
        counts: NDArray[np.intp] = np.count_nonzero(has_value, axis=0)
        return counts

    suppressed = {}
    for column, values in columns.items():
        if column not in {"rows", "predicted"}:
            total = columns["events" if column == "passed_over" else "rows"]
            suppressed[column] = find_small_groups(names, count_people(values), count_people(total - values))
    suppressed["passed_over"] |= suppressed["events"]  # a share of the outcomes would reveal their number
    return suppressed


def _note_suppressed(audit: AttributeAudit) -> list[str]:
    """Return a sentence that lists what is suppressed for some group of an attribute."""
    labels = [
        GROUP_METRIC_LABELS[name]
        for name in SHARES
        if any(name in group.shares and group.shares[name] is None for group in audit.groups)
    ]
    labels += ["outcomes and AUC"] if any(group.events is None for group in audit.groups) else []
    if not labels:
        return []
    return [
        f"{audit.attribute}: suppressed for some groups because fewer than 11 people are involved: {', '.join(labels)}"
    ]


def _measure_group(
    holdout: HoldoutRows,
    model: Forecast,
    name: str,
    here: NDArray[np.bool_],
    sums: Mapping[str, Floats],
    suppressed: set[str],
) -> GroupMetrics:
    """Return the metrics of one group, without those of the suppressed columns.

    `sums` has, for each column, the sum over the group's rows and then that of every resample.
    """
    group = holdout.subset(here, 0)
    people = {
        "rows": group.household_count,
        "events": int(group.data["household"][group.label == 1].nunique()),
    }
    shares: dict[str, Estimate | None] = {}
    for mark in SHARES:
        total = "events" if mark == "passed_over" else "rows"
        if mark in suppressed:
            shares[mark] = None
        elif mark in sums and sums[total][0] > 0:
            share = ratio(sums[mark], sums[total])
            shares[mark] = make_estimate(float(share[0]), share_interval(share, people[total]))
    predicted, actual = ratio(sums["predicted"], sums["rows"]), ratio(sums["events"], sums["rows"])
    gap = predicted - actual
    few = "events" in suppressed
    return GroupMetrics(
        group=name,
        rows=len(group),
        households=group.household_count,
        events=None if few else int(group.label.sum()),
        shares=shares,
        predicted=make_estimate(float(predicted[0])).value,
        actual=None if few else make_estimate(float(actual[0]), share_interval(actual, people["rows"])),
        gap=None if few else make_estimate(float(gap[0]), percentile_interval(gap)),
        auc=None if few else estimate_auc(group, model.score[here]),
    )

"""Finds the least favorable groups of a fairness audit, and those significantly less favorable than all rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from payrank.models.records.estimate import Estimate, make_estimate
from payrank.models.records.fairness import MERGED, NOT_RECORDED, GroupMetrics, WorstGroup

UNFAVORABLE: Mapping[str, Callable[[float], float]] = {
    "listed": lambda share: share,
    "called": lambda share: share,
    "passed_over": lambda share: -share,
    "assistance": lambda share: share,
    "gap": lambda gap: -abs(gap),
}
"""Sorts the values of a metric, worst first: listed, called, or helped less; passed over or miscalibrated more."""
SUMS_OF_METRIC: Mapping[str, tuple[str, str]] = {"passed_over": ("passed_over", "events"), "gap": ("events", "rows")}
"""The numerator and denominator of a metric that is not simply its own sum over all rows."""


def find_worst_groups(groups: Sequence[GroupMetrics], overall: Mapping[str, float]) -> tuple[WorstGroup, ...]:
    """Return, by metric, the least favorable group and every other group that is significantly worse off than all rows.

    The last of several small groups may be last by chance, while a larger group ahead of it is significantly worse off.
    So both are reported. Unrecorded and combined groups are left out, and so is a metric with fewer than two values, or
    without the value of all rows.

    Parameters
    ----------
    groups
        The groups of one attribute.
    overall
        Sums over all rows: `rows`, `events`, `predicted`, and each mark, without those that would reveal fewer than 11
        people.
    """
    named = [group for group in groups if group.group not in {MERGED, NOT_RECORDED}]
    if len(named) < 2:
        return ()
    worst_groups = []
    for metric, rank_value in UNFAVORABLE.items():
        values = [(group.group, value) for group in named if (value := _value(group, metric)) is not None]
        over, under = SUMS_OF_METRIC.get(metric, (metric, "rows"))
        if len(values) < 2 or not {over, under} <= overall.keys():
            continue
        numerator = overall["predicted"] - overall["events"] if metric == "gap" else overall[metric]
        all_rows = make_estimate(numerator / max(overall[under], 1.0)).value
        order = sorted(values, key=lambda entry: (rank_value(entry[1].value), entry[0]))
        first, *others = (WorstGroup(metric=metric, group=name, value=value, overall=all_rows) for name, value in order)
        worst_groups.append(first)
        worst_groups += [
            group for group in others if group.is_significant and rank_value(group.value.value) < rank_value(all_rows)
        ]
    return tuple(worst_groups)


def _value(group: GroupMetrics, metric: str) -> Estimate | None:
    return group.gap if metric == "gap" else group.shares.get(metric)

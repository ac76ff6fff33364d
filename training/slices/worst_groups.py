"""Which groups fare worst in a fairness audit, and which are surely worse off than all."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from payrank.models.records.estimate import Estimate, make_estimate
from payrank.models.records.fairness import MERGED, NOT_RECORDED, GroupMetrics, WorstGroup

RULES: Mapping[str, Callable[[float], float]] = {
    "listed": lambda share: share,
    "called": lambda share: share,
    "passed_over": lambda share: -share,
    "assistance": lambda share: share,
    "gap": lambda gap: -abs(gap),
}
"""What is worse, by figure: to be listed less, called less, passed over more, helped less, or promised wrongly."""
MADE_OF: Mapping[str, tuple[str, str]] = {"passed_over": ("passed_over", "events"), "gap": ("events", "rows")}
"""The sums that a figure is made of, where they are not its own over all rows."""


def find_worst(groups: Sequence[GroupMetrics], overall: Mapping[str, float]) -> tuple[WorstGroup, ...]:
    """Return by each figure the group that fares worst, and every other that is surely worse off than all rows.

    The worst of several small groups is worst by chance; a larger one behind it may be so beyond the noise. Only groups
    of people are told, not those that are not recorded or joined; and nothing by a figure of which fewer than two of
    them, or all rows, are told.

    Parameters
    ----------
    groups
        The groups of one attribute.
    overall
        Sums over all rows: `rows`, `events`, `promised`, and each mark; without those that would tell of few people.
    """
    people = [one for one in groups if one.group not in {MERGED, NOT_RECORDED}]
    if len(people) < 2:
        return ()
    found = []
    for figure, worse in RULES.items():
        having = [(one.group, value) for one in people if (value := _value(one, figure)) is not None]
        over, under = MADE_OF.get(figure, (figure, "rows"))
        if len(having) < 2 or not {over, under} <= overall.keys():
            continue
        upper = overall["promised"] - overall["events"] if figure == "gap" else overall[figure]
        lower = overall[under]
        whole = make_estimate(upper / max(lower, 1.0)).value
        order = sorted(having, key=lambda one: (worse(one[1].value), one[0]))
        told = [WorstGroup(metric=figure, group=group, value=value, overall=whole) for group, value in order]
        found += [told[0], *(one for one in told[1:] if one.is_significant and worse(one.value.value) < worse(whole))]
    return tuple(found)


def _value(group: GroupMetrics, figure: str) -> Estimate | None:
    return group.gap if figure == "gap" else group.shares.get(figure)

"""What the fairness audit knows of people: read from the extract beside the frames, and never given to a fit.

The groups come from the `audit_*` columns of guarantors (contracts.md, section 1). No feature reads them: the catalog
knows no such column, and site attributes of that name are refused.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from payrank.extracts.contract.metadata import AUDIT_PREFIX
from payrank.extracts.contract.privacy import MIN_PEOPLE
from payrank.extracts.contract.source_file import quote_name
from payrank.extracts.extract import Extract
from payrank.models.records.fairness import MERGED, NOT_RECORDED


@dataclass(frozen=True, slots=True)
class AuditFacts:
    """Groups of households, and the days on which they were called or helped.

    `groups` has a row a guarantor (its index) and a column an attribute, named without `audit_`; missing where not
    recorded. `calls` and `assistance` have `household` and `day`: outbound calls, and days on which financial
    assistance was asked for, granted (flags) or booked (charity adjustments); None where the extract has no such table.
    """

    groups: pd.DataFrame
    calls: pd.DataFrame | None
    assistance: pd.DataFrame | None


def read_audit(extract: Extract) -> AuditFacts:
    """Read the audit's facts from a loaded extract; `groups` has no column where no attribute came with it."""
    ask = extract.connection.execute
    groups = read_groups(extract)
    calls = None
    if extract.has("contacts", "channel"):
        calls = ask(
            "SELECT DISTINCT guarantor_id AS household, contacted_on AS day FROM contacts "
            "WHERE channel = 'call' AND coalesce(direction, 'out') = 'out' ORDER BY ALL"
        ).df()
    helped = []
    if extract.has("flags"):
        helped.append(
            "SELECT coalesce(a.guarantor_id, f.subject_id) AS household, f.known_on AS day FROM flags f "
            "LEFT JOIN accounts a ON f.subject_type = 'account' AND a.account_id = f.subject_id "
            "WHERE f.flag IN ('charity_pending', 'charity_approved')"
        )
    if extract.has("transactions"):
        helped.append(
            "SELECT a.guarantor_id AS household, t.posted_on AS day FROM transactions t JOIN accounts a "
            "USING (account_id) WHERE t.kind = 'charity_adjustment'"
        )
    assistance = ask(f"SELECT DISTINCT * FROM ({' UNION ALL '.join(helped)}) ORDER BY ALL").df() if helped else None
    return AuditFacts(groups, calls, assistance)


def read_groups(extract: Extract) -> pd.DataFrame:
    """Return the groups of every guarantor, as `AuditFacts.groups`; an empty frame where no attribute came."""
    ask = extract.connection.execute
    described = ask("DESCRIBE SELECT * FROM guarantors").fetchall()
    names = sorted(name for name, *_ in described if name.startswith(AUDIT_PREFIX))
    if not names:
        return pd.DataFrame()
    columns = "".join(f", {quote_name(name)} AS {quote_name(name.removeprefix(AUDIT_PREFIX))}" for name in names)
    groups = ask(f"SELECT guarantor_id AS household{columns} FROM guarantors ORDER BY guarantor_id").df()
    return groups.set_index("household")


@dataclass(frozen=True, slots=True)
class GroupCount:
    """One group of an attribute: its people, and how many of them met each end; None where under 11 did."""

    attribute: str
    group: str
    people: int
    counts: Mapping[str, int | None]


def count_groups(groups: pd.DataFrame, ends: Mapping[str, Collection[str]]) -> tuple[GroupCount, ...]:
    """Count, by group of each attribute, the people that met each end of a run.

    Parameters
    ----------
    groups
        As `AuditFacts.groups`.
    ends
        For each end (listed, below the cut, sent to assistance, ...) the guarantors that met it; a guarantor may be
        in several. Those in none, and those of no guarantor's row, are not counted.

    Returns
    -------
    tuple of GroupCount
        Groups under 11 people are one. A count is not told where under 11 people met the end, or under 11 did not; nor
        is the smallest count beside a single one that is not told, which could be had by taking the others from all.

    Examples
    --------
    >>> groups = pd.DataFrame({"sex": ["f"] * 40 + ["m"] * 35 + [None] * 32}, index=[f"G{n}" for n in range(107)])
    >>> ends = {"listed": [f"G{n}" for n in range(20)] + ["G41"], "scored": [f"G{n}" for n in range(75)]}
    >>> found = count_groups(groups, ends)
    >>> [(one.group, one.people, one.counts["listed"]) for one in found]
    [('f', 40, None), ('m', 35, None)]
    """
    return count_marks(groups, {end: mark_people(groups.index, people) for end, people in ends.items()})


def count_marks(groups: pd.DataFrame, marks: Mapping[str, NDArray[np.bool_]]) -> tuple[GroupCount, ...]:
    """Count as `count_groups` does, the ends told as marks of the rows of `groups`."""
    seen = np.any(list(marks.values()), axis=0) if marks else np.zeros(len(groups), dtype=bool)
    group_counts = []
    for attribute in groups.columns:
        named = merge_groups(groups.loc[seen, attribute]).astype("category")
        codes, names = named.cat.codes.to_numpy(), [str(name) for name in named.cat.categories]
        people = np.bincount(codes, minlength=len(names))
        met = {end: np.bincount(codes[mark[seen]], minlength=len(names)) for end, mark in marks.items()}
        few = {end: find_small_groups(names, counts, people - counts) for end, counts in met.items()}
        group_counts += [
            GroupCount(
                str(attribute),
                name,
                int(people[place]),
                {end: None if name in few[end] else int(met[end][place]) for end in marks},
            )
            for place, name in enumerate(names)
        ]
    return tuple(group_counts)


def mark_people(index: pd.Index, people: Collection[str]) -> NDArray[np.bool_]:
    """Tell which rows of an index are among some people."""
    place = index.get_indexer(pd.Index(list(people), dtype=index.dtype))
    mark = np.zeros(len(index), dtype=bool)
    mark[place[place >= 0]] = True
    return mark


def find_small_groups(names: Sequence[str], met: NDArray[np.intp], others: NDArray[np.intp]) -> set[str]:
    """Return the groups of which a figure is not told, as it would tell of fewer than 11 people.

    Parameters
    ----------
    names
        The groups.
    met, others
        The people of each group behind the figure: those who met the end, and those who did not.

    Returns
    -------
    set of str
        Groups where 1 to 10 people met the end, or 1 to 10 did not; beside a single one, the group whose count is the
        smallest, as the single one could be had by taking the others from all.

    Examples
    --------
    >>> sorted(find_small_groups(["a", "b", "c"], np.array([4, 20, 30]), np.array([36, 20, 30])))
    ['a', 'b']
    """
    counts = dict(zip(names, met.tolist(), strict=True))
    rest = dict(zip(names, others.tolist(), strict=True))
    few = {name for name in names if 0 < counts[name] < MIN_PEOPLE or 0 < rest[name] < MIN_PEOPLE}
    if len(few) == 1 and len(names) > 1:
        few.add(
            min((name for name in names if name not in few), key=lambda name: (counts[name] == 0, counts[name], name))
        )
    return few


def merge_groups(named: pd.Series) -> pd.Series:
    """Return the group of each person, groups under 11 people as one; with it the next smallest, if still too few."""
    filled = named.astype(object).where(named.notna(), NOT_RECORDED).astype(str)
    people = filled.value_counts().sort_index()
    few = list(people.index[people < MIN_PEOPLE])
    if few and int(people[few].sum()) < MIN_PEOPLE and len(few) < len(people):
        few.append(str(people.drop(few).idxmin()))
    return filled.where(~filled.isin(few), MERGED)

"""The data of the fairness audit: read from the extract separately from the features, and never given to a fit.

Groups come from the `audit_*` columns of guarantors (contracts.md, section 1). No feature reads them: the catalog has
no such column, and site attributes with such a name are refused.
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
    """Groups of households, and the days on which they were called or received financial assistance.

    `groups` has one row per guarantor (its index) and one column per attribute, named without `audit_`; values that
    were not recorded are missing. `calls` and `assistance` have the columns `household` and `day`: outbound calls, and
    days on which financial assistance was requested or granted (flags) or posted (charity adjustments). They are None
    when the extract lacks the tables.
    """

    groups: pd.DataFrame
    calls: pd.DataFrame | None
    assistance: pd.DataFrame | None


def read_audit(extract: Extract) -> AuditFacts:
    """Read the audit's data from a loaded extract; `groups` has no columns when the extract has no audit attribute."""
    execute = extract.connection.execute
    groups = read_groups(extract)
    calls = None
    if extract.has("contacts", "channel"):
        calls = execute(
            "SELECT DISTINCT guarantor_id AS household, contacted_on AS day FROM contacts "
            "WHERE channel = 'call' AND coalesce(direction, 'out') = 'out' ORDER BY ALL"
        ).df()
    queries = []
    if extract.has("flags"):
        queries.append(
            "SELECT coalesce(a.guarantor_id, f.subject_id) AS household, f.known_on AS day FROM flags f "
            "LEFT JOIN accounts a ON f.subject_type = 'account' AND a.account_id = f.subject_id "
            "WHERE f.flag IN ('charity_pending', 'charity_approved')"
        )
    if extract.has("transactions"):
        queries.append(
            "SELECT a.guarantor_id AS household, t.posted_on AS day FROM transactions t JOIN accounts a "
            "USING (account_id) WHERE t.kind = 'charity_adjustment'"
        )
    assistance = (
        execute(f"SELECT DISTINCT * FROM ({' UNION ALL '.join(queries)}) ORDER BY ALL").df() if queries else None
    )
    return AuditFacts(groups, calls, assistance)


def read_groups(extract: Extract) -> pd.DataFrame:
    """Return the groups of every guarantor, as `AuditFacts.groups`; an empty frame when there is no attribute."""
    execute = extract.connection.execute
    described = execute("DESCRIBE SELECT * FROM guarantors").fetchall()
    names = sorted(name for name, *_ in described if name.startswith(AUDIT_PREFIX))
    if not names:
        return pd.DataFrame()
    columns = "".join(f", {quote_name(name)} AS {quote_name(name.removeprefix(AUDIT_PREFIX))}" for name in names)
    groups = execute(f"SELECT guarantor_id AS household{columns} FROM guarantors ORDER BY guarantor_id").df()
    return groups.set_index("household")


@dataclass(frozen=True, slots=True)
class GroupCount:
    """One group of an attribute: its people, and how many had each result; suppressed counts are None."""

    attribute: str
    group: str
    people: int
    counts: Mapping[str, int | None]


def count_groups(groups: pd.DataFrame, results: Mapping[str, Collection[str]]) -> tuple[GroupCount, ...]:
    """Count, by group of each attribute, the people with each result of a run.

    Parameters
    ----------
    groups
        As `AuditFacts.groups`.
    results
        The guarantors by result (listed, over capacity, sent to assistance, ...); a guarantor may have several.
        Guarantors with none, and those without a row in `groups`, are not counted.

    Returns
    -------
    tuple of GroupCount
        Groups of fewer than 11 people are merged. A count is suppressed when 1 to 10 people had the result, or 1 to 10
        did not. When only one count would be suppressed, the smallest other count is suppressed too,
        because otherwise the first could be found by subtraction.

    Examples
    --------
    >>> groups = pd.DataFrame({"sex": ["f"] * 40 + ["m"] * 35 + [None] * 32}, index=[f"G{n}" for n in range(107)])
    >>> results = {"listed": [f"G{n}" for n in range(20)] + ["G41"], "scored": [f"G{n}" for n in range(75)]}
    >>> counts = count_groups(groups, results)
    >>> [(count.group, count.people, count.counts["listed"]) for count in counts]
    [('f', 40, None), ('m', 35, None)]
    """
    return count_marks(groups, {result: mark_people(groups.index, people) for result, people in results.items()})


def count_marks(groups: pd.DataFrame, marks: Mapping[str, NDArray[np.bool_]]) -> tuple[GroupCount, ...]:
    """Count as `count_groups` does, with each result given as a mask over the rows of `groups`."""
    seen = np.any(list(marks.values()), axis=0) if marks else np.zeros(len(groups), dtype=bool)
    group_counts = []
    for attribute in groups.columns:
        named = merge_groups(groups.loc[seen, attribute]).astype("category")
        codes, names = named.cat.codes.to_numpy(), [str(name) for name in named.cat.categories]
        people = np.bincount(codes, minlength=len(names))
        having = {result: np.bincount(codes[mark[seen]], minlength=len(names)) for result, mark in marks.items()}
        few = {result: find_small_groups(names, counts, people - counts) for result, counts in having.items()}
        group_counts += [
            GroupCount(
                str(attribute),
                name,
                int(people[place]),
                {result: None if name in few[result] else int(having[result][place]) for result in marks},
            )
            for place, name in enumerate(names)
        ]
    return tuple(group_counts)


def mark_people(index: pd.Index, people: Collection[str]) -> NDArray[np.bool_]:
    """Return the mask of the rows of an index that belong to the given people."""
    place = index.get_indexer(pd.Index(list(people), dtype=index.dtype))
    mark = np.zeros(len(index), dtype=bool)
    mark[place[place >= 0]] = True
    return mark


def find_small_groups(names: Sequence[str], having: NDArray[np.intp], others: NDArray[np.intp]) -> set[str]:
    """Return the groups whose count must be suppressed because it would reveal fewer than 11 people.

    Parameters
    ----------
    names
        The groups.
    having, others
        The number of people in each group with the result, and without it.

    Returns
    -------
    set of str
        Groups in which 1 to 10 people had the result, or 1 to 10 did not. When there is only one such group, the group
        with the smallest other count is added, because otherwise the first could be found by subtraction.

    Examples
    --------
    >>> sorted(find_small_groups(["a", "b", "c"], np.array([4, 20, 30]), np.array([36, 20, 30])))
    ['a', 'b']
    """
    counts = dict(zip(names, having.tolist(), strict=True))
    rest = dict(zip(names, others.tolist(), strict=True))
    few = {name for name in names if 0 < counts[name] < MIN_PEOPLE or 0 < rest[name] < MIN_PEOPLE}
    if len(few) == 1 and len(names) > 1:
        few.add(
            min((name for name in names if name not in few), key=lambda name: (counts[name] == 0, counts[name], name))
        )
    return few


def merge_groups(named: pd.Series) -> pd.Series:
    """Return the group of each person. Groups of fewer than 11 people are merged, with the next smallest if needed."""
    filled = named.astype(object).where(named.notna(), NOT_RECORDED).astype(str)
    people = filled.value_counts().sort_index()
    few = list(people.index[people < MIN_PEOPLE])
    if few and int(people[few].sum()) < MIN_PEOPLE and len(few) < len(people):
        few.append(str(people.drop(few).idxmin()))
    return filled.where(~filled.isin(few), MERGED)

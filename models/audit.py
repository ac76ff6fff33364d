"""What the fairness audit knows of people: read from the extract beside the frames, and never given to a fit.

The groups come from the `audit_*` columns of guarantors (contracts.md, section 1). No feature reads them: the catalogue
knows no such column, and site attributes of that name are refused.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import pandas as pd

from extracts.extract import Extract
from extracts.metadata import AUDIT_PREFIX
from extracts.source_file import quote_name
from models.fairness import MERGED, NOT_RECORDED
from models.matrix import FEWEST_PEOPLE


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
    described = ask("DESCRIBE SELECT * FROM guarantors").fetchall()
    names = sorted(name for name, *_ in described if name.startswith(AUDIT_PREFIX))
    columns = "".join(f", {quote_name(name)} AS {quote_name(name.removeprefix(AUDIT_PREFIX))}" for name in names)
    groups = ask(f"SELECT guarantor_id AS household{columns} FROM guarantors ORDER BY guarantor_id").df()
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
    return AuditFacts(groups.set_index("household"), calls, assistance)


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
        Groups under 11 people are one, and a count under 11 is not told.

    Examples
    --------
    >>> groups = pd.DataFrame({"sex": ["f"] * 20 + ["m"] * 15 + [None] * 12}, index=[f"G{n}" for n in range(47)])
    >>> ends = {"listed": [f"G{n}" for n in range(22)], "assistance": [f"G{n}" for n in range(35)]}
    >>> found = count_groups(groups, ends)
    >>> [(one.group, one.people, one.counts["listed"]) for one in found]
    [('f', 20, 20), ('m', 15, None)]
    """
    seen = groups.index.intersection(pd.Index(sorted({one for people in ends.values() for one in people})))
    found = []
    for attribute in groups.columns:
        named = merge_groups(groups.loc[seen, attribute])
        for group in sorted(named.unique()):
            people = set(named.index[named == group])
            counts = {end: len(people.intersection(met)) for end, met in ends.items()}
            shown = {end: None if 0 < count < FEWEST_PEOPLE else count for end, count in counts.items()}
            found.append(GroupCount(str(attribute), group, len(people), shown))
    return tuple(found)


def merge_groups(named: pd.Series) -> pd.Series:
    """Return the group of each person, groups under 11 people as one; with it the next smallest, if still too few."""
    filled = named.astype(object).where(named.notna(), NOT_RECORDED).astype(str)
    people = filled.value_counts().sort_index()
    few = list(people.index[people < FEWEST_PEOPLE])
    if few and int(people[few].sum()) < FEWEST_PEOPLE and len(few) < len(people):
        few.append(str(people.drop(few).idxmin()))
    return filled.where(~filled.isin(few), MERGED)

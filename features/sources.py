"""The small vocabulary in which a feature says how it is computed.

A source is data: it names a relation (a set of rows with a key, already cut to what was known before the snapshot) and
what to do with its rows. `where` and `value` are SQL over the relation's columns plus `days_ago` (days from the row's
known day to the snapshot, at least 1) and, for relations that are joined to the snapshot, `spine.<column>`.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Count:
    """Number of rows; 0 when there are none."""

    relation: str
    where: str = ""
    within_days: int | None = None


@dataclass(frozen=True, slots=True)
class Sum:
    """Sum of a value; 0 when there are no rows."""

    relation: str
    value: str
    where: str = ""
    within_days: int | None = None


@dataclass(frozen=True, slots=True)
class Mean:
    """Average of a value; unknown when there are no rows."""

    relation: str
    value: str
    where: str = ""
    within_days: int | None = None


@dataclass(frozen=True, slots=True)
class CountDistinct:
    """Number of different values; 0 when there are none."""

    relation: str
    value: str
    where: str = ""


@dataclass(frozen=True, slots=True)
class StdDev:
    """Sample standard deviation of a whole number (days, a count); unknown with fewer than two rows."""

    relation: str
    value: str
    where: str = ""


@dataclass(frozen=True, slots=True)
class Min:
    """Smallest value; unknown when there are no rows."""

    relation: str
    value: str
    where: str = ""


@dataclass(frozen=True, slots=True)
class Max:
    """Largest value; unknown when there are no rows."""

    relation: str
    value: str
    where: str = ""


@dataclass(frozen=True, slots=True)
class DaysSinceLast:
    """Days from the most recent such row to the snapshot; unknown when there is none."""

    relation: str
    where: str = ""


@dataclass(frozen=True, slots=True)
class DaysSinceFirst:
    """Days from the earliest such row to the snapshot; unknown when there is none."""

    relation: str
    where: str = ""


@dataclass(frozen=True, slots=True)
class Share:
    """Smoothed share of rows that meet a condition: (hits + weight * prior) / (rows + weight); unknown without rows.

    With `weight` 0 it is the plain share.
    """

    relation: str
    hit: str
    where: str = ""
    within_days: int | None = None
    weight: float = 0.0
    prior: float = 0.0


@dataclass(frozen=True, slots=True)
class Latest:
    """Value of the most recent such row, ties broken by the row's own id."""

    relation: str
    value: str
    where: str = ""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A value of the snapshot row itself: an attribute, a balance, a date's distance (SQL over the spine's columns)."""

    value: str


@dataclass(frozen=True, slots=True)
class Derived:
    """SQL over other features of the same row (not over other derived ones)."""

    expression: str
    of: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class HistoricalRate:
    """Rate of an outcome among earlier units that share the snapshot's keys, smoothed to the overall rate.

    (hits + weight * prior) / (support + weight), with prior the rate over all outcomes known before the snapshot, or,
    for several keys, the mean of the single keys' smoothed rates. Only outcomes known before the snapshot count.
    `half_life_days` halves an outcome's weight with each such span of age. Unknown when a key is unknown or when no
    outcome at all is known.
    """

    keys: tuple[str, ...]
    weight: float = 5.0
    half_life_days: int | None = None


@dataclass(frozen=True, slots=True)
class RateSupport:
    """Number of earlier outcomes behind the rate of the same keys (weighted by recency when there is a half-life)."""

    keys: tuple[str, ...]
    half_life_days: int | None = None


@dataclass(frozen=True, slots=True)
class CombinedLogOdds:
    """Sum over keys of log odds of the smoothed single-key rate less the overall log odds: naive Bayes evidence."""

    keys: tuple[str, ...]
    weight: float = 5.0
    half_life_days: int | None = None


@dataclass(frozen=True, slots=True)
class RateAtAge:
    """Of all balances that were unpaid at the snapshot's age and seen for the horizon after it, the share then paid.

    Ages over 60 days are pooled by 30 days. Unknown when no balance has been seen that long.
    """

    weight: float = 5.0
    prior: float = 0.2


Aggregate = Count | CountDistinct | Sum | Mean | StdDev | Min | Max | DaysSinceLast | DaysSinceFirst | Share | Latest
Rate = HistoricalRate | RateSupport | CombinedLogOdds
Source = Aggregate | Snapshot | Derived | Rate | RateAtAge

"""The small vocabulary that defines how a feature is computed.

A source is data. It names a relation (keyed rows, already limited to those known before the snapshot) and an
aggregation of its rows. `where` and `value` are SQL over the relation's columns, plus `days_ago` (days from the day the
row became known to the snapshot, at least 1) and, for relations joined to the snapshot, `spine.<column>`.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Count:
    """Number of rows; 0 without rows."""

    relation: str
    where: str = ""
    within_days: int | None = None


@dataclass(frozen=True, slots=True)
class Sum:
    """Sum of a value; 0 without rows."""

    relation: str
    value: str
    where: str = ""
    within_days: int | None = None


@dataclass(frozen=True, slots=True)
class Mean:
    """Average of a value; unknown without rows."""

    relation: str
    value: str
    where: str = ""
    within_days: int | None = None


@dataclass(frozen=True, slots=True)
class CountDistinct:
    """Number of different values; 0 without rows."""

    relation: str
    value: str
    where: str = ""


@dataclass(frozen=True, slots=True)
class StdDev:
    """Sample standard deviation of a whole number (days or a count); unknown with fewer than two rows."""

    relation: str
    value: str
    where: str = ""


@dataclass(frozen=True, slots=True)
class Min:
    """Smallest value; unknown without rows."""

    relation: str
    value: str
    where: str = ""


@dataclass(frozen=True, slots=True)
class Max:
    """Largest value; unknown without rows."""

    relation: str
    value: str
    where: str = ""


@dataclass(frozen=True, slots=True)
class DaysSinceLast:
    """Days from the most recent row to the snapshot; unknown without rows."""

    relation: str
    where: str = ""


@dataclass(frozen=True, slots=True)
class DaysSinceFirst:
    """Days from the earliest row to the snapshot; unknown without rows."""

    relation: str
    where: str = ""


@dataclass(frozen=True, slots=True)
class Share:
    """Smoothed share of rows that meet a condition: (hits + weight * prior) / (rows + weight); unknown without rows.

    With `weight` 0 this is the plain share.
    """

    relation: str
    hit: str
    where: str = ""
    within_days: int | None = None
    weight: float = 0.0
    prior: float = 0.0


@dataclass(frozen=True, slots=True)
class Latest:
    """Value of the most recent row, with ties broken by the row's ID; unknown without rows."""

    relation: str
    value: str
    where: str = ""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A value of the snapshot row itself, such as an attribute, a balance, or days since a date.

    `value` is SQL over the columns of the spine.
    """

    value: str


@dataclass(frozen=True, slots=True)
class Derived:
    """SQL over other features of the same row, none of which may be derived itself."""

    expression: str
    of: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class HistoricalRate:
    """Rate of an outcome among earlier units that share the snapshot's keys, smoothed to the overall rate.

    (hits + weight * prior) / (support + weight). The prior is the rate over all outcomes known before the snapshot, or,
    for several keys, the mean of the single keys' smoothed rates. Only outcomes known before the snapshot count.
    `half_life_days` halves an outcome's weight with each such span of its age. Unknown when a key is unknown or when no
    outcome is known yet.
    """

    keys: tuple[str, ...]
    weight: float = 5.0
    half_life_days: int | None = None


@dataclass(frozen=True, slots=True)
class RateSupport:
    """Number of earlier outcomes behind the rate by the same keys, weighted by recency if there is a half-life."""

    keys: tuple[str, ...]
    half_life_days: int | None = None


@dataclass(frozen=True, slots=True)
class CombinedLogOdds:
    """Naive Bayes evidence: the sum over keys of the smoothed single-key log odds minus the overall log odds."""

    keys: tuple[str, ...]
    weight: float = 5.0
    half_life_days: int | None = None


@dataclass(frozen=True, slots=True)
class RateAtAge:
    """Share then paid among all balances that were unpaid at the snapshot's age and followed through the horizon.

    Ages over 60 days are pooled by 30 days. Unknown when no balance has been followed that long.
    """

    weight: float = 5.0
    prior: float = 0.2


Aggregate = Count | CountDistinct | Sum | Mean | StdDev | Min | Max | DaysSinceLast | DaysSinceFirst | Share | Latest
Rate = HistoricalRate | RateSupport | CombinedLogOdds
Source = Aggregate | Snapshot | Derived | Rate | RateAtAge

"""The interval of a share of people who were counted once each."""

from __future__ import annotations

from math import sqrt

from payrank.models.records.estimate import Estimate, make_estimate

Z = 1.959964
"""The normal distribution's bound of a 95 % interval."""


def share_of(count: int, people: int) -> Estimate:
    """Return a share of people with its 95 % interval (Wilson 1927), which holds for shares near 0 and 1 too.

    >>> share_of(0, 20)
    Estimate(value=0.0, low=0.0, high=0.16113)
    """
    share = count / people
    middle = (share + Z * Z / (2 * people)) / (1 + Z * Z / people)
    reach = Z / (1 + Z * Z / people) * sqrt(share * (1 - share) / people + Z * Z / (4 * people * people))
    return make_estimate(share, (max(middle - reach, 0.0), min(middle + reach, 1.0)))

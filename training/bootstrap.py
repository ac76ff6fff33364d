"""Intervals by drawing whole households again: a family's accounts are paid, or not, together.

A household counts as often as it was drawn, so a resample needs no copy of a row: every figure here is a sum over rows,
or a ratio of sums, and sums by household times counts give all resamples in one product of matrices.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.probes.ranking import number_households

Floats = NDArray[np.float64]

RESAMPLES = 500
SEED = 20
ENDS = (0.025, 0.975)
BLOCK = 4_000_000
"""Draws that are held in memory at once."""
FEWEST_HOUSEHOLDS = 11
"""Households below which no interval is given, as below which no cell is shown."""


@dataclass(frozen=True, slots=True)
class Households:
    """The household of each row, as a number from 0, and how often to draw them all."""

    of_row: NDArray[np.intp]
    count: int
    resamples: int
    seed: int

    def sums(self, values: Floats) -> Floats:
        """Return sums over the rows of each resample.

        Parameters
        ----------
        values
            Rows x figures; unknown values must be 0.

        Returns
        -------
        array
            (resamples + 1) x figures; the first row is the rows as they are.
        """
        columns = values.shape[1]
        by_household = np.empty((self.count, columns))
        for column in range(columns):
            by_household[:, column] = np.bincount(self.of_row, weights=values[:, column], minlength=self.count)
        found = np.empty((self.resamples + 1, columns))
        found[0] = by_household.sum(axis=0)
        draw = np.random.default_rng(self.seed)
        at_once = max(1, BLOCK // max(self.count, 1))
        for first in range(0, self.resamples, at_once):
            some = min(at_once, self.resamples - first)
            drawn = draw.integers(self.count, size=(some, self.count))
            times = np.stack([np.bincount(one, minlength=self.count) for one in drawn]).astype(np.float64)
            found[first + 1 : first + 1 + some] = times @ by_household
        return found


def households_of(household: pd.Series, resamples: int = RESAMPLES, seed: int = SEED) -> Households:
    """Return the households of rows; a row whose household is unknown stands for itself."""
    of_row = number_households(household)
    return Households(of_row, int(of_row.max(initial=-1)) + 1, resamples, seed)


def interval(found: Floats) -> tuple[float, float] | None:
    """Return the ends that hold 95 % of the resamples (the percentile interval; Efron 1979).

    None where more than a tenth of the resamples have no value.
    """
    known = found[1:][np.isfinite(found[1:])]
    if len(known) < 0.9 * (len(found) - 1) or not len(known):
        return None
    low, high = np.quantile(known, ENDS)
    return float(low), float(high)


def turned_interval(found: Floats, least: float = 0.0) -> tuple[float, float] | None:
    """Return the interval turned round its value, not below `least`.

    For figures that noise alone can only raise, as a mean of absolute gaps: what the resamples have too much, the value
    has too (the basic bootstrap interval; Davison and Hinkley 1997, section 5.2).
    """
    ends = interval(found)
    if ends is None:
        return None
    value = float(found[0])
    return max(least, 2 * value - ends[1]), max(least, 2 * value - ends[0])


def ratio(upper: Floats, lower: Floats) -> Floats:
    """Return upper / lower, NaN where there is nothing to divide by."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(lower > 0, upper / np.where(lower > 0, lower, 1), np.nan)


@dataclass(frozen=True, slots=True)
class Sums:
    """Named columns of figures to be summed, several at once, so that the draws are made once."""

    households: Households
    names: dict[object, int]
    columns: list[Floats]

    def add(self, name: object, values: Floats) -> None:
        """Add a column of one value a row."""
        self.names[name] = len(self.columns)
        self.columns.append(values)

    def draw(self) -> Callable[[object], Floats]:
        """Return a function from a column's name to its sums, the first of the rows as they are."""
        found = self.households.sums(np.column_stack(self.columns))
        return lambda name: found[:, self.names[name]]


def sums_of(households: Households) -> Sums:
    """Return an empty collection of columns to sum."""
    return Sums(households, {}, [])

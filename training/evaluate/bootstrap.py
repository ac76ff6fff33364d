"""Intervals by drawing whole households again: a family's accounts are paid, or not, together.

A household counts as often as it was drawn, so a resample needs no copy of a row: every figure here is a sum over rows,
or a ratio of sums, and sums by household times counts give all resamples in one product of matrices.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from payrank.features.arrays import Floats
from payrank.features.probes.ranking import number_households

RESAMPLES = 500
SEED = 20
ENDS = (0.025, 0.975)
BLOCK = 4_000_000
"""Draws that are held in memory at once."""


@dataclass(frozen=True, slots=True)
class Households:
    """The household of each row, as a number from 0, and how often to draw them all."""

    of_row: NDArray[np.intp]
    count: int
    resamples: int
    seed: int

    def by_household(self, values: Floats) -> Floats:
        """Return the sum of one value a row over each household."""
        summed: Floats = np.bincount(self.of_row, weights=values, minlength=self.count).astype(np.float64, copy=False)
        return summed

    def by_household_and_cell(self, values: Floats, cells: NDArray[np.intp], count: int) -> Floats:
        """Return households x cells: the sum of one value a row over each household's rows in each cell."""
        places = self.of_row * count + cells
        summed: Floats = np.bincount(places, weights=values, minlength=self.count * count).astype(
            np.float64, copy=False
        )
        return summed.reshape(self.count, count)

    def resample(self, by_household: Floats) -> Floats:
        """Return the sums of each resample.

        Parameters
        ----------
        by_household
            Households x figures: sums over the rows of each.

        Returns
        -------
        array
            (resamples + 1) x figures; the first row is the rows as they are.
        """
        found = np.empty((self.resamples + 1, by_household.shape[1]))
        found[0] = by_household.sum(axis=0)
        draw = np.random.default_rng(self.seed)
        at_once = max(1, BLOCK // max(self.count, 1))
        for first in range(0, self.resamples, at_once):
            some = min(at_once, self.resamples - first)
            times = np.empty((some, self.count))
            for place in range(some):
                times[place] = np.bincount(draw.integers(self.count, size=self.count), minlength=self.count)
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


def share_interval(found: Floats, people: int) -> tuple[float, float] | None:
    """Return the interval of a share; that of none or all is the exact one, by households (Clopper and Pearson 1934).

    Resamples never show what none of the households showed: their interval would be 0 to 0.

    >>> [round(end, 3) for end in share_interval(np.zeros(101), 20)]
    [0.0, 0.168]
    """
    if found[0] in {0.0, 1.0} and people:
        reach = 1 - 0.025 ** (1 / people)
        return (0.0, reach) if found[0] == 0 else (1 - reach, 1.0)
    return interval(found)


def turned_interval(found: Floats, least: float = 0.0) -> tuple[float, float] | None:
    """Return the interval turned round its value, not below `least`; it always holds the value.

    For figures that noise alone can only raise, as a mean of absolute gaps: what the resamples have too much, the value
    has too (the basic bootstrap interval; Davison and Hinkley 1997, section 5.2).
    """
    ends = interval(found)
    if ends is None:
        return None
    value = float(found[0])
    return max(least, 2 * value - ends[1]), max(value, 2 * value - ends[0])


def ratio(upper: Floats, lower: Floats) -> Floats:
    """Return upper / lower, NaN where there is nothing to divide by."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(lower > 0, upper / np.where(lower > 0, lower, 1), np.nan)


class Sums:
    """Figures that are sums over rows, collected by name and then drawn together, so that the draws are made once."""

    def __init__(self, households: Households) -> None:
        """Begin without any figure."""
        self.households = households
        self._parts: list[Floats] = []
        self._places: dict[object, tuple[int, int]] = {}
        self._width = 0

    def add(self, name: object, values: Floats) -> None:
        """Add one value a row; unknown values must be 0."""
        self._append(name, self.households.by_household(values)[:, None])

    def add_cells(self, name: object, values: Floats, cells: NDArray[np.intp], count: int) -> None:
        """Add one value a row, to be summed by cell (0 to count - 1)."""
        self._append(name, self.households.by_household_and_cell(values, cells, count))

    def _append(self, name: object, part: Floats) -> None:
        self._parts.append(part)
        self._places[name] = (self._width, self._width + part.shape[1])
        self._width += part.shape[1]

    def draw(self) -> Drawn:
        """Return the sums over each resample."""
        return Drawn(self.households.resample(np.hstack(self._parts)), dict(self._places))


@dataclass(frozen=True, slots=True)
class Drawn:
    """Sums over each resample, by name; the first of each is that of the rows as they are."""

    found: Floats
    places: Mapping[object, tuple[int, int]]

    def sum(self, name: object) -> Floats:
        """Return one number a resample."""
        return self.found[:, self.places[name][0]]

    def cells(self, name: object) -> Floats:
        """Return resamples x cells."""
        first, last = self.places[name]
        return self.found[:, first:last]

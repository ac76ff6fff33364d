"""Bootstrap intervals that resample whole households, because the accounts of a family are paid, or not, together.

A household counts as often as it was drawn, so a resample needs no copy of a row. Every metric here is a sum over rows,
or a ratio of sums. The sums by household times the draw counts give all resamples in one matrix product.
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
INTERVAL_QUANTILES = (0.025, 0.975)
MAX_DRAWS_IN_MEMORY = 4_000_000


@dataclass(frozen=True, slots=True)
class Households:
    """The household number of each row (from 0), the number of households, and how to resample them."""

    of_row: NDArray[np.intp]
    count: int
    resamples: int
    seed: int

    def sum_by_household(self, values: Floats) -> Floats:
        """Return the sum over each household's rows of a value per row."""
        sums: Floats = np.bincount(self.of_row, weights=values, minlength=self.count).astype(np.float64, copy=False)
        return sums

    def sum_by_household_and_cell(self, values: Floats, cells: NDArray[np.intp], cell_count: int) -> Floats:
        """Return households x cells: the sum over each household's rows in each cell."""
        places = self.of_row * cell_count + cells
        sums: Floats = np.bincount(places, weights=values, minlength=self.count * cell_count).astype(
            np.float64, copy=False
        )
        return sums.reshape(self.count, cell_count)

    def resample(self, by_household: Floats) -> Floats:
        """Return the sums of each resample.

        Parameters
        ----------
        by_household
            Households x sums: sums over the rows of each household.

        Returns
        -------
        array
            (resamples + 1) x sums; the first row is without resampling.
        """
        sums = np.empty((self.resamples + 1, by_household.shape[1]))
        sums[0] = by_household.sum(axis=0)
        draw = np.random.default_rng(self.seed)
        block = max(1, MAX_DRAWS_IN_MEMORY // max(self.count, 1))
        for first in range(0, self.resamples, block):
            size = min(block, self.resamples - first)
            times_drawn = np.empty((size, self.count))
            for place in range(size):
                times_drawn[place] = np.bincount(draw.integers(self.count, size=self.count), minlength=self.count)
            sums[first + 1 : first + 1 + size] = times_drawn @ by_household
        return sums


def number_rows_by_household(household: pd.Series, resamples: int = RESAMPLES, seed: int = SEED) -> Households:
    """Return the households of rows. A row with an unknown household is a household by itself."""
    of_row = number_households(household)
    return Households(of_row, int(of_row.max(initial=-1)) + 1, resamples, seed)


def percentile_interval(values: Floats) -> tuple[float, float] | None:
    """Return the 95% percentile interval of resampled values (Efron 1979); the first value is not resampled.

    Return None if more than a tenth of the resamples have no value.
    """
    known = values[1:][np.isfinite(values[1:])]
    if len(known) < 0.9 * (len(values) - 1) or not len(known):
        return None
    low, high = np.quantile(known, INTERVAL_QUANTILES)
    return float(low), float(high)


def share_interval(values: Floats, people: int) -> tuple[float, float] | None:
    """Return the 95% interval of a share. For a share of 0 or 1 it is exact, by households (Clopper and Pearson 1934).

    Resampling cannot show an outcome that no household had, so its interval of such a share would be a single point.

    >>> [round(end, 3) for end in share_interval(np.zeros(101), 20)]
    [0.0, 0.168]
    """
    if values[0] in {0.0, 1.0} and people:
        reach = 1 - 0.025 ** (1 / people)
        return (0.0, reach) if values[0] == 0 else (1 - reach, 1.0)
    return percentile_interval(values)


def reflected_interval(values: Floats, minimum: float = 0.0) -> tuple[float, float] | None:
    """Return the basic bootstrap interval, cut at `minimum`; it always includes the value itself.

    For metrics that noise can only raise, like a mean of absolute gaps: resampling adds the same noise once more, so
    the interval is reflected about the value (Davison and Hinkley 1997, section 5.2).
    """
    percentiles = percentile_interval(values)
    if percentiles is None:
        return None
    value = float(values[0])
    return max(minimum, 2 * value - percentiles[1]), max(value, 2 * value - percentiles[0])


def ratio(numerator: Floats, denominator: Floats) -> Floats:
    """Return numerator / denominator, NaN if the denominator is not positive."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(denominator > 0, numerator / np.where(denominator > 0, denominator, 1), np.nan)


class RowSums:
    """Named sums over rows, collected first and then resampled together, so that all share the same draws."""

    def __init__(self, households: Households) -> None:
        """Start without any sum."""
        self.households = households
        self._parts: list[Floats] = []
        self._places: dict[object, tuple[int, int]] = {}
        self._width = 0

    def add(self, name: object, values: Floats) -> None:
        """Add one value per row; unknown values must be 0."""
        self._append(name, self.households.sum_by_household(values)[:, None])

    def add_cells(self, name: object, values: Floats, cells: NDArray[np.intp], cell_count: int) -> None:
        """Add one value per row, summed by cell (0 to cell_count - 1)."""
        self._append(name, self.households.sum_by_household_and_cell(values, cells, cell_count))

    def _append(self, name: object, part: Floats) -> None:
        self._parts.append(part)
        self._places[name] = (self._width, self._width + part.shape[1])
        self._width += part.shape[1]

    def resample(self) -> ResampledSums:
        """Return the sums of each resample."""
        return ResampledSums(self.households.resample(np.hstack(self._parts)), dict(self._places))


@dataclass(frozen=True, slots=True)
class ResampledSums:
    """Sums of each resample, by name. The first one is without resampling."""

    sums: Floats
    places: Mapping[object, tuple[int, int]]

    def total(self, name: object) -> Floats:
        """Return one number per resample."""
        return self.sums[:, self.places[name][0]]

    def cells(self, name: object) -> Floats:
        """Return resamples x cells."""
        first, last = self.places[name]
        return self.sums[:, first:last]

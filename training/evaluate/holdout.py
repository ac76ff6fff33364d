"""The rows that forecasts are judged on, and what each of them brought."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from payrank.features.arrays import Floats
from payrank.training.evaluate.bootstrap import RESAMPLES, SEED, Households, households_of
from payrank.training.evaluate.metrics import amounts_known, gains, lists_of


@dataclass(frozen=True)
class HoldoutRows:
    """Later rows, in order of time, with what came of them.

    `data` has `as_of`, `household`, `label`, `amount` and `recovered`, and whatever slices are made by; `periods` is
    the number of each row's validation period. `lists` is the list in which each row was ranked, `gain` what working
    it brought (dollars, or its outcome where amounts are unknown), `capacity` the share of a list that is worked.
    """

    data: pd.DataFrame
    periods: NDArray[np.intp]
    lists: NDArray[np.intp]
    label: Floats
    gain: Floats
    dollars: bool
    capacity: float
    households: Households

    def __len__(self) -> int:
        return len(self.label)

    @cached_property
    def people(self) -> int:
        """How many households the rows are of."""
        return self.households.count

    def part(self, rows: NDArray[np.bool_], resamples: int) -> HoldoutRows:
        """Return some of the rows, ranked among themselves: one list a period, as the part of a night is small."""
        data, periods = self.data[rows], self.periods[rows]
        households = households_of(data["household"], resamples, self.households.seed)
        return HoldoutRows(
            data, periods, periods, self.label[rows], self.gain[rows], self.dollars, self.capacity, households
        )


def holdout_rows(
    data: pd.DataFrame,
    periods: NDArray[np.intp],
    capacity: float,
    *,
    resamples: int = RESAMPLES,
    seed: int = SEED,
) -> HoldoutRows:
    """Return rows ready to be judged.

    Parameters
    ----------
    data
        Judged rows of a training frame.
    periods
        The validation period of each.
    capacity
        Share of each list that the office can work (0.2: the top 20 %).
    resamples, seed
        Draws of households for intervals, and where they start.
    """
    return HoldoutRows(
        data=data,
        periods=periods,
        lists=lists_of(data, periods),
        label=data["label"].to_numpy(dtype=np.float64),
        gain=gains(data),
        dollars=amounts_known(data),
        capacity=capacity,
        households=households_of(data["household"], resamples, seed),
    )

"""The holdout rows that forecasts are evaluated on, what each row brought, and what a forecast is."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from payrank.features.arrays import Floats
from payrank.training.evaluate.bootstrap import RESAMPLES, SEED, Households, number_rows_by_household

MIN_ROWS_PER_LIST = 100
"""Mean rows per as-of date from which each date is its own list; with fewer, a period is ranked as one list."""


@dataclass(frozen=True, slots=True)
class Forecast:
    """What a model or a baseline predicted, one value per row.

    `score` ranks the rows. `probability` is None for a ranking without one. `worth` is what the office would sort by:
    expected dollars, or the score if amounts are unknown.
    """

    score: Floats
    probability: Floats | None
    worth: Floats


@dataclass(frozen=True)
class HoldoutRows:
    """Later rows, in time order, with their outcomes.

    `data` has `as_of`, `household`, `label`, `amount`, and `recovered`, and the columns that slices are made from.
    `periods` is the number of each row's validation period and `lists` the number of the list it is ranked in. `gain`
    is what working the row brought: dollars, or its outcome if amounts are unknown (`in_dollars`). `capacity` is the
    share of a list that is worked.
    """

    data: pd.DataFrame
    periods: NDArray[np.intp]
    lists: NDArray[np.intp]
    label: Floats
    gain: Floats
    in_dollars: bool
    capacity: float
    households: Households

    def __len__(self) -> int:
        return len(self.label)

    @cached_property
    def household_count(self) -> int:
        """The number of households."""
        return self.households.count

    def subset(self, rows: NDArray[np.bool_], resamples: int) -> HoldoutRows:
        """Return some of the rows. Each period is one list, because a date has few rows of a subset."""
        data, periods = self.data[rows], self.periods[rows]
        households = number_rows_by_household(data["household"], resamples, self.households.seed)
        return HoldoutRows(
            data, periods, periods, self.label[rows], self.gain[rows], self.in_dollars, self.capacity, households
        )


def make_holdout(
    data: pd.DataFrame,
    periods: NDArray[np.intp],
    capacity: float,
    *,
    resamples: int = RESAMPLES,
    seed: int = SEED,
) -> HoldoutRows:
    """Return rows of a training frame as holdout rows.

    Parameters
    ----------
    data
        The rows, in time order.
    periods
        The validation period of each row.
    capacity
        Share of each list that the office can work (0.2: the top 20%).
    resamples, seed
        Number of household resamples for intervals, and their random seed.
    """
    return HoldoutRows(
        data=data,
        periods=periods,
        lists=number_lists(data, periods),
        label=data["label"].to_numpy(dtype=np.float64),
        gain=row_gains(data),
        in_dollars=amounts_known(data),
        capacity=capacity,
        households=number_rows_by_household(data["household"], resamples, seed),
    )


def amounts_known(data: pd.DataFrame) -> bool:
    """Whether dollars can be counted: some row has both an amount and what was recovered of it."""
    return bool((data["amount"].notna() & data["recovered"].notna()).any())


def row_gains(data: pd.DataFrame) -> Floats:
    """Return what working each row brought: recovered dollars (0 if unknown), or its outcome without amounts."""
    column = "recovered" if amounts_known(data) else "label"
    gain: Floats = np.nan_to_num(data[column].to_numpy(dtype=np.float64, na_value=np.nan), nan=0.0)
    return gain


def number_lists(data: pd.DataFrame, periods: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return the list that each row is ranked in: its as-of date, or its period if the dates have few rows."""
    codes, dates = pd.factorize(data["as_of"], sort=True)
    return codes.astype(np.intp) if len(data) >= MIN_ROWS_PER_LIST * len(dates) else periods

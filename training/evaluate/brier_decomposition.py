"""The Brier score and its parts, and the calibration error, from sums over bins of promised probability."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from payrank.features.arrays import Floats
from payrank.training.evaluate.bootstrap import Drawn, Sums, ratio
from payrank.training.evaluate.metrics import reliability_cells


@dataclass(frozen=True, slots=True)
class BinSums:
    """Rows, promised and happened by bin: arrays of resamples x bins, the first row without resampling."""

    rows: Floats
    promised: Floats
    happened: Floats

    def joined(self, groups: list[list[int]]) -> BinSums:
        """Return the sums of groups of bins."""

        def join(sums: Floats) -> Floats:
            joined: Floats = np.column_stack([sums[:, group].sum(axis=1) for group in groups])
            return joined

        return BinSums(join(self.rows), join(self.promised), join(self.happened))

    @property
    def all_rows(self) -> Floats:
        """Rows of each resample."""
        rows: Floats = self.rows.sum(axis=1)
        return rows

    @property
    def calibration_error(self) -> Floats:
        """Mean gap between promised and seen rates (Naeini et al. 2015), of each resample."""
        error: Floats = np.abs(self.promised - self.happened).sum(axis=1) / self.all_rows
        return error

    def brier_decomposition(self, brier: Floats) -> dict[str, Floats]:
        """Return the parts of a Brier score, which add up to it.

        `reliability` (small is good) is the squared gap of promised and seen rates, `resolution` (large is good) how
        far the bins' rates lie apart, `uncertainty` that of the base rate (Murphy 1973); `within_bins` is what
        forecasts that differ within a bin add (Stephenson, Coelho and Jolliffe 2008).
        """
        share = self.rows / self.all_rows[:, None]
        promised, happened = ratio(self.promised, self.rows), ratio(self.happened, self.rows)
        base = self.happened.sum(axis=1) / self.all_rows
        parts = {
            "reliability": np.nansum(share * (promised - happened) ** 2, axis=1),
            "resolution": np.nansum(share * (happened - base[:, None]) ** 2, axis=1),
            "uncertainty": base * (1 - base),
        }
        parts["within_bins"] = brier - (parts["reliability"] - parts["resolution"] + parts["uncertainty"])
        return parts


def add_bins(sums: Sums, name: str, label: Floats, probability: Floats) -> None:
    """Add rows, promised and happened of each bin to what is summed."""
    cells = reliability_cells(probability)
    count = int(cells.max()) + 1
    for what, values in (("rows", np.ones(len(label))), ("promised", probability), ("happened", label)):
        sums.add_cells((name, what), values, cells, count)


def read_bins(drawn: Drawn, name: str) -> BinSums:
    """Return the sums of the bins."""
    return BinSums(drawn.cells((name, "rows")), drawn.cells((name, "promised")), drawn.cells((name, "happened")))

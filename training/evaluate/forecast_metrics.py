"""The figures of forecasts on the same judged rows, each with the interval of other households."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from payrank.features.arrays import Floats
from payrank.models.records.estimate import Estimate, make_estimate
from payrank.models.records.evaluation import Decile
from payrank.training.evaluate.auc import ranking_figures
from payrank.training.evaluate.bootstrap import Sums, interval, ratio, share_interval, turned_interval
from payrank.training.evaluate.brier_decomposition import add_bins, read_bins
from payrank.training.evaluate.cumulative_gains import Ranked, gains_curve, rank_lists
from payrank.training.evaluate.holdout import HoldoutRows
from payrank.training.evaluate.metrics import Forecast, reliability_cells
from payrank.training.evaluate.small_cells import join_neighbors

NOISE_RAISES = ("ece", "reliability")
"""Figures that are never below 0, and above it by noise alone."""


class Measured:
    """Several forecasts measured on the same rows, in the same resamples."""

    def __init__(self, holdout: HoldoutRows, forecasts: Mapping[str, Forecast]) -> None:
        """Sum what every figure needs over the rows and their resamples."""
        self.holdout = holdout
        self.forecasts = forecasts
        self._ranked = {name: rank_lists(holdout.lists, one.worth) for name, one in forecasts.items()}
        sums = Sums(holdout.households)
        sums.add("rows", np.ones(len(holdout)))
        sums.add("events", holdout.label)
        sums.add("gain", holdout.gain)
        for name in forecasts:
            self._add(sums, name)
        self._drawn = sums.draw()

    def _add(self, sums: Sums, name: str) -> None:
        holdout, forecast = self.holdout, self.forecasts[name]
        sums.add((name, "captured"), self._ranked[name].captured(holdout.gain, holdout.capacity))
        sums.add((name, "lift"), self._by_score(name).captured(holdout.label, holdout.capacity))
        if forecast.probability is None:
            return
        safe = np.clip(forecast.probability, 1e-9, 1 - 1e-9)
        sums.add((name, "brier"), (forecast.probability - holdout.label) ** 2)
        sums.add((name, "log_loss"), -np.log(np.where(holdout.label == 1, safe, 1 - safe)))
        add_bins(sums, name, holdout.label, forecast.probability)

    def _by_score(self, name: str) -> Ranked:
        forecast = self.forecasts[name]
        return (
            self._ranked[name] if forecast.worth is forecast.score else rank_lists(self.holdout.lists, forecast.score)
        )

    def figures(self, name: str) -> dict[str, Estimate]:
        """Return every figure of a forecast that is defined."""
        found = ranking_figures(self.holdout, self.forecasts[name].score)
        for figure, values in self.resamples(name).items():
            ends = turned_interval(values) if figure in NOISE_RAISES else interval(values)
            found[figure] = make_estimate(float(values[0]), ends)
        return {figure: found[figure] for figure in sorted(found)}

    def ahead(self, name: str, other: str) -> Estimate | None:
        """Return how much more of the gain one forecast captures than another, in the same resamples."""
        one, two = self._captured(name), self._captured(other)
        if one is None or two is None:
            return None
        return make_estimate(float(one[0] - two[0]), interval(one - two))

    def gains(self, name: str, worked: Floats) -> tuple[float, ...]:
        """Return the share of all gain in the top of the lists at each share worked."""
        curve = gains_curve(self._ranked[name], self.holdout.gain, worked)
        return tuple(make_estimate(float(share)).value for share in curve)

    def bins(self, name: str) -> tuple[Decile, ...]:
        """Return the reliability curve of a forecast; bins of too few people are joined with the next."""
        probability = self.forecasts[name].probability
        if probability is None:
            return ()
        cells, house = reliability_cells(probability), self.holdout.households.of_row
        groups = join_neighbors(cells, house)
        people = [len(np.unique(house[np.isin(cells, group)])) for group in groups]
        sums = read_bins(self._drawn, name).joined(groups)
        happened, promised = ratio(sums.happened, sums.rows), ratio(sums.promised, sums.rows)
        return tuple(
            Decile(
                rows=round(sums.rows[0, cell]),
                predicted=make_estimate(float(promised[0, cell])).value,
                actual=make_estimate(float(happened[0, cell]), share_interval(happened[:, cell], people[cell])),
            )
            for cell in range(sums.rows.shape[1])
        )

    def _captured(self, name: str) -> Floats | None:
        gain = self._drawn.sum("gain")
        return np.clip(ratio(self._drawn.sum((name, "captured")), gain), 0, 1) if gain[0] > 0 else None

    def resamples(self, name: str) -> dict[str, Floats]:
        """Return each figure that is a ratio of sums: of the rows as they are, then of every resample."""
        drawn = self._drawn
        rows, events = drawn.sum("rows"), drawn.sum("events")
        found = {"base_rate": ratio(events, rows)}
        captured = self._captured(name)
        if captured is not None:
            found["captured"] = captured
        worked = float(self._ranked[name].top(self.holdout.capacity).mean())
        if events[0] > 0 and worked > 0:
            found["lift"] = ratio(drawn.sum((name, "lift")), events) / worked
        if self.forecasts[name].probability is not None:
            found["brier"] = ratio(drawn.sum((name, "brier")), rows)
            found["log_loss"] = ratio(drawn.sum((name, "log_loss")), rows)
            bins = read_bins(drawn, name)
            found["ece"] = bins.calibration_error
            found |= bins.brier_decomposition(found["brier"])
        return found

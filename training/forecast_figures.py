"""The figures of forecasts on the same judged rows, each with the interval of other households."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from features.probes.ranking import rank, spread_of
from models.evaluation import Bin
from models.figure import Figure, make_figure
from training.bootstrap import ENDS, Sums, interval, ratio, sums_of, turned_interval
from training.brier_parts import BinSums, add_bins, join_small, read_bins
from training.captured import at_capacity
from training.evaluate import Forecast, discrimination, reliability_cells, top_of_lists
from training.judged import JudgedRows

Floats = NDArray[np.float64]
Summed = Callable[[object], Floats]

NOISE_RAISES = ("ece", "reliability")
"""Figures that are never below 0, and above it by noise alone."""


class Measured:
    """Several forecasts measured on the same rows, in the same resamples."""

    def __init__(self, judged: JudgedRows, forecasts: Mapping[str, Forecast]) -> None:
        """Sum what every figure needs over the rows and their resamples."""
        self.judged = judged
        self.forecasts = forecasts
        sums = sums_of(judged.households)
        sums.add("rows", np.ones(len(judged)))
        sums.add("events", judged.label)
        sums.add("gain", judged.gain)
        self._bins: dict[str, int] = {}
        for name, forecast in forecasts.items():
            self._add(sums, name, forecast)
        self._summed: Summed = sums.draw()

    def _add(self, sums: Sums, name: str, forecast: Forecast) -> None:
        judged = self.judged
        sums.add((name, "captured"), at_capacity(judged.lists, forecast.worth, judged.gain, judged.capacity))
        sums.add((name, "lift"), at_capacity(judged.lists, forecast.score, judged.label, judged.capacity))
        if forecast.probability is None:
            return
        safe = np.clip(forecast.probability, 1e-9, 1 - 1e-9)
        sums.add((name, "brier"), (forecast.probability - judged.label) ** 2)
        sums.add((name, "log_loss"), -np.log(np.where(judged.label == 1, safe, 1 - safe)))
        self._bins[name] = add_bins(sums, name, judged.label, forecast.probability)

    def figures(self, name: str) -> dict[str, Figure]:
        """Return every figure of a forecast that is defined."""
        found = self._ranking(name) | self._resampled(self._sums(name))
        return {figure: found[figure] for figure in sorted(found)}

    def captured(self, name: str) -> Floats | None:
        """Return the share of the gain in the top of the lists, of each resample; None where nothing was gained."""
        gain = self._summed("gain")
        return ratio(self._summed((name, "captured")), gain) if gain[0] > 0 else None

    def ahead(self, name: str, other: str) -> Figure | None:
        """Return how much more of the gain one forecast captures than another, in the same resamples."""
        one, two = self.captured(name), self.captured(other)
        if one is None or two is None:
            return None
        return make_figure(float(one[0] - two[0]), interval(one - two))

    def resamples(self, name: str) -> dict[str, Floats]:
        """Return each figure that is a ratio of sums: of the rows as they are, then of every resample."""
        return self._sums(name)

    def rate(self) -> Figure:
        """Return the share of rows whose outcome happened."""
        found = ratio(self._summed("events"), self._summed("rows"))
        return make_figure(float(found[0]), interval(found))

    def bins(self, name: str) -> tuple[Bin, ...]:
        """Return the reliability curve of a forecast; bins of too few people are joined with the next."""
        sums = self._bin_sums(name).joined(self._groups_of_bins(name))
        happened, promised = ratio(sums.happened, sums.rows), ratio(sums.promised, sums.rows)
        return tuple(
            Bin(
                rows=round(sums.rows[0, cell]),
                promised=make_figure(float(promised[0, cell])).value,
                happened=make_figure(float(happened[0, cell]), interval(happened[:, cell])),
            )
            for cell in range(sums.rows.shape[1])
        )

    def _groups_of_bins(self, name: str) -> list[list[int]]:
        probability = self.forecasts[name].probability
        cells = reliability_cells(probability if probability is not None else np.zeros(len(self.judged)))
        people = [len(np.unique(self.judged.households.of_row[cells == cell])) for cell in range(self._bins[name])]
        return join_small(people)

    def _bin_sums(self, name: str) -> BinSums:
        return read_bins(self._summed, name, self._bins[name])

    def _sums(self, name: str) -> dict[str, Floats]:
        rows, events = self._summed("rows"), self._summed("events")
        found = {"base_rate": ratio(events, rows)}
        captured = self.captured(name)
        if captured is not None:
            found["captured"] = captured
        if events[0] > 0:
            top = top_of_lists(self.judged.lists, self.forecasts[name].score, self.judged.capacity)
            if top.any():
                found["lift"] = ratio(self._summed((name, "lift")), events) / float(top.mean())
        if name in self._bins:
            found["brier"] = ratio(self._summed((name, "brier")), rows)
            found["log_loss"] = ratio(self._summed((name, "log_loss")), rows)
            bins = self._bin_sums(name)
            found["ece"] = bins.calibration_error
            found |= bins.brier_parts(found["brier"])
        return found

    def _resampled(self, found: Mapping[str, Floats]) -> dict[str, Figure]:
        return {
            figure: make_figure(
                float(values[0]), turned_interval(values) if figure in NOISE_RAISES else interval(values)
            )
            for figure, values in found.items()
        }

    def _ranking(self, name: str) -> dict[str, Figure]:
        score = self.forecasts[name].score
        periods = [self.judged.periods == period for period in np.unique(self.judged.periods)]
        found = [discrimination(self.judged.label[here], score[here]) for here in periods]
        defined = [one for one in found if one]
        if not defined:
            return {}
        error = self._auc_error(score, [here for here, one in zip(periods, found, strict=True) if one])
        auc = float(np.mean([one["auc"] for one in defined]))
        reach = NormalDist().inv_cdf(ENDS[1]) * error if error is not None else None
        precision = float(np.mean([one["average_precision"] for one in defined]))
        return {
            "auc": make_figure(auc, None if reach is None else (max(0.0, auc - reach), min(1.0, auc + reach))),
            "average_precision": make_figure(precision),
        }

    def _auc_error(self, score: Floats, periods: list[NDArray[np.bool_]]) -> float | None:
        """Return the standard error of the mean AUC over periods, households taken together (Obuchowski 1997)."""
        house = self.judged.households
        influence = np.zeros(house.count)
        for here in periods:
            ranking = rank(self.judged.label[here], score[here], house.of_row[here])
            if ranking is None:
                return None
            influence[: len(ranking.influence)] += ranking.influence / len(periods)
        return spread_of(influence)

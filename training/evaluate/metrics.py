"""Metrics of rankings and probabilities, with intervals from resampled households.

The metrics of a forecast, by name: `auc` and `average_precision` (means over the periods), `brier` and its components,
`log_loss`, `ece` (expected calibration error), `lift`, `captured` (share of the gain in the top of the lists at
capacity), and `base_rate`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from payrank.features.arrays import Floats
from payrank.features.probes.auc import RankedRows
from payrank.features.probes.ranking import rank, standard_error
from payrank.models.records.estimate import Estimate, make_estimate
from payrank.models.records.evaluation import Decile
from payrank.training.evaluate.bootstrap import (
    INTERVAL_QUANTILES,
    ResampledSums,
    RowSums,
    percentile_interval,
    ratio,
    reflected_interval,
    share_interval,
)
from payrank.training.evaluate.cumulative_gains import RankedLists, gains_curve, rank_lists
from payrank.training.evaluate.holdout import Forecast, HoldoutRows
from payrank.training.evaluate.small_cells import join_neighbors

BINS = 10
RAISED_BY_NOISE = ("ece", "reliability")
"""Metrics that are never below 0, and that noise alone pushes above it."""


def measure_discrimination(label: Floats, score: Floats) -> dict[str, float]:
    """Return `auc` and `average_precision`, or nothing if all rows have the same outcome.

    >>> metrics = measure_discrimination(np.array([1.0, 0, 1, 0]), np.array([4.0, 3, 2, 1]))
    >>> {name: round(value, 3) for name, value in metrics.items()}
    {'auc': 0.75, 'average_precision': 0.833}
    """
    auc, average_precision = RankedRows(label, score).measure()
    return {} if np.isnan(auc) else {"auc": auc, "average_precision": average_precision}


def measure_probabilities(label: Floats, probability: Floats) -> dict[str, float]:
    """Return `brier`, `log_loss`, and `ece`.

    >>> metrics = measure_probabilities(np.array([0.0, 1.0]), np.array([0.5, 0.5]))
    >>> {name: round(value, 3) for name, value in metrics.items()}
    {'brier': 0.25, 'log_loss': 0.693, 'ece': 0.0}
    """
    clipped = np.clip(probability, 1e-9, 1 - 1e-9)
    return {
        "brier": float(((probability - label) ** 2).mean()),
        "log_loss": float(-(label * np.log(clipped) + (1 - label) * np.log(1 - clipped)).mean()),
        "ece": expected_calibration_error(label, probability),
    }


def reliability_bins(probability: Floats) -> NDArray[np.intp]:
    """Return the bin of each row, from 0, in ten bins with about the same number of rows.

    Equal probabilities share a bin, and no bin is empty.
    """
    edges = np.unique(np.quantile(probability, np.arange(1, BINS) / BINS))
    _, bins = np.unique(np.searchsorted(edges, probability, side="right"), return_inverse=True)
    return np.asarray(bins, dtype=np.intp)


def expected_calibration_error(label: Floats, probability: Floats) -> float:
    """Return the mean gap between predicted and actual rates over equal-count bins (Naeini et al. 2015)."""
    bins = reliability_bins(probability)
    error = 0.0
    for number in range(int(bins.max()) + 1):
        here = bins == number
        error += int(here.sum()) * abs(float(probability[here].mean()) - float(label[here].mean()))
    return error / len(label)


def rank_metrics(holdout: HoldoutRows, score: Floats) -> dict[str, Estimate]:
    """Return `auc` and `average_precision`, as means over the periods that have both outcomes.

    The AUC has an interval if each of those periods has 30 outcomes of each kind.
    """
    # Two periods are scored by two fits, whose scores are not comparable. So they are never ranked together.
    periods = [holdout.periods == period for period in np.unique(holdout.periods)]
    measured = [(here, measure_discrimination(holdout.label[here], score[here])) for here in periods]
    defined = [(here, metrics) for here, metrics in measured if metrics]
    if not defined:
        return {}
    auc = float(np.mean([metrics["auc"] for _, metrics in defined]))
    error = _mean_auc_error(holdout, score, [here for here, _ in defined])
    precision = float(np.mean([metrics["average_precision"] for _, metrics in defined]))
    return {
        "auc": make_estimate(auc, None if error is None else _auc_interval(auc, error)),
        "average_precision": make_estimate(precision),
    }


def estimate_auc(holdout: HoldoutRows, score: Floats) -> Estimate | None:
    """Return the AUC of all rows with its interval; None with fewer than 30 outcomes of a kind, or households.

    For a slice: each of its periods may be too small, so the rows of all periods are ranked together.
    """
    ranking = rank(holdout.label, score, holdout.households.of_row)
    return None if ranking is None else make_estimate(ranking.auc, _auc_interval(ranking.auc, ranking.error))


def _mean_auc_error(holdout: HoldoutRows, score: Floats, periods: list[NDArray[np.bool_]]) -> float | None:
    """Return the standard error of the mean AUC over periods, clustered by household (Obuchowski 1997)."""
    households = holdout.households
    influence = np.zeros(households.count)
    for here in periods:
        ranking = rank(holdout.label[here], score[here], households.of_row[here])
        if ranking is None:
            return None
        influence[: len(ranking.influence)] += ranking.influence / len(periods)
    return standard_error(influence)


def _auc_interval(auc: float, error: float) -> tuple[float, float]:
    reach = NormalDist().inv_cdf(INTERVAL_QUANTILES[1]) * error
    return max(0.0, auc - reach), min(1.0, auc + reach)


@dataclass(frozen=True, slots=True)
class BinSums:
    """Rows, predicted, and actual events by probability bin: resamples x bins, the first without resampling."""

    rows: Floats
    predicted: Floats
    actual: Floats

    def join(self, groups: list[list[int]]) -> BinSums:
        """Return the sums of groups of bins."""

        def add_up(sums: Floats) -> Floats:
            joined: Floats = np.column_stack([sums[:, group].sum(axis=1) for group in groups])
            return joined

        return BinSums(add_up(self.rows), add_up(self.predicted), add_up(self.actual))

    @property
    def total_rows(self) -> Floats:
        """Rows of each resample."""
        rows: Floats = self.rows.sum(axis=1)
        return rows

    @property
    def calibration_error(self) -> Floats:
        """Mean gap between predicted and actual rates (Naeini et al. 2015), of each resample."""
        error: Floats = np.abs(self.predicted - self.actual).sum(axis=1) / self.total_rows
        return error

    def brier_decomposition(self, brier: Floats) -> dict[str, Floats]:
        """Return the components of a Brier score: reliability - resolution + uncertainty + within_bins = brier.

        `reliability` (small is good) is the squared gap between predicted and actual rates, `resolution` (large is
        good) the variance of the bins' rates, and `uncertainty` the variance of the outcome (Murphy 1973).
        `within_bins` is what forecasts that differ within a bin add (Stephenson, Coelho, and Jolliffe 2008).
        """
        share = self.rows / self.total_rows[:, None]
        predicted, actual = ratio(self.predicted, self.rows), ratio(self.actual, self.rows)
        base_rate = self.actual.sum(axis=1) / self.total_rows
        components = {
            "reliability": np.nansum(share * (predicted - actual) ** 2, axis=1),
            "resolution": np.nansum(share * (actual - base_rate[:, None]) ** 2, axis=1),
            "uncertainty": base_rate * (1 - base_rate),
        }
        explained = components["reliability"] - components["resolution"] + components["uncertainty"]
        return {**components, "within_bins": brier - explained}


class ForecastMetrics:
    """The metrics of several forecasts of the same rows, from the same household resamples."""

    def __init__(self, holdout: HoldoutRows, forecasts: Mapping[str, Forecast]) -> None:
        """Sum what every metric needs over the rows, and over each resample."""
        self.holdout = holdout
        self.forecasts = forecasts
        self._ranked = {name: rank_lists(holdout.lists, forecast.worth) for name, forecast in forecasts.items()}
        sums = RowSums(holdout.households)
        sums.add("rows", np.ones(len(holdout)))
        sums.add("events", holdout.label)
        sums.add("gain", holdout.gain)
        for name in forecasts:
            self._add_forecast(sums, name)
        self._sums = sums.resample()

    def metrics(self, name: str) -> dict[str, Estimate]:
        """Return every metric of a forecast that is defined, sorted by name."""
        estimates = rank_metrics(self.holdout, self.forecasts[name].score)
        for metric, values in self.resamples(name).items():
            interval = reflected_interval(values) if metric in RAISED_BY_NOISE else percentile_interval(values)
            estimates[metric] = make_estimate(float(values[0]), interval)
        return {metric: estimates[metric] for metric in sorted(estimates)}

    def advantage(self, name: str, other: str) -> Estimate | None:
        """Return how much more of the gain one forecast captures than another, from the same resamples."""
        captured, captured_by_other = self._captured(name), self._captured(other)
        if captured is None or captured_by_other is None:
            return None
        difference = captured - captured_by_other
        return make_estimate(float(difference[0]), percentile_interval(difference))

    def cumulative_gains(self, name: str, worked_shares: Floats) -> tuple[float, ...]:
        """Return the share of the whole gain in the top of the lists, at each share worked."""
        curve = gains_curve(self._ranked[name], self.holdout.gain, worked_shares)
        return tuple(make_estimate(float(share)).value for share in curve)

    def deciles(self, name: str) -> tuple[Decile, ...]:
        """Return the reliability curve of a forecast. Bins with too few people are joined with the next one."""
        probability = self.forecasts[name].probability
        if probability is None:
            return ()
        bins, household = reliability_bins(probability), self.holdout.households.of_row
        groups = join_neighbors(bins, household)
        people = [len(np.unique(household[np.isin(bins, group)])) for group in groups]
        sums = _bin_sums(self._sums, name).join(groups)
        actual, predicted = ratio(sums.actual, sums.rows), ratio(sums.predicted, sums.rows)
        return tuple(
            Decile(
                rows=round(sums.rows[0, place]),
                predicted=make_estimate(float(predicted[0, place])).value,
                actual=make_estimate(float(actual[0, place]), share_interval(actual[:, place], people[place])),
            )
            for place in range(sums.rows.shape[1])
        )

    def resamples(self, name: str) -> dict[str, Floats]:
        """Return each metric that is a ratio of sums: its value first, then that of every resample."""
        sums = self._sums
        rows, events = sums.total("rows"), sums.total("events")
        values = {"base_rate": ratio(events, rows)}
        captured = self._captured(name)
        if captured is not None:
            values["captured"] = captured
        worked = float(self._ranked[name].top(self.holdout.capacity).mean())
        if events[0] > 0 and worked > 0:
            values["lift"] = ratio(sums.total((name, "lift")), events) / worked
        if self.forecasts[name].probability is not None:
            values["brier"] = ratio(sums.total((name, "brier")), rows)
            values["log_loss"] = ratio(sums.total((name, "log_loss")), rows)
            bins = _bin_sums(sums, name)
            values["ece"] = bins.calibration_error
            values |= bins.brier_decomposition(values["brier"])
        return values

    def _add_forecast(self, sums: RowSums, name: str) -> None:
        holdout, forecast = self.holdout, self.forecasts[name]
        sums.add((name, "captured"), self._ranked[name].captured(holdout.gain, holdout.capacity))
        sums.add((name, "lift"), self._ranked_by_score(name).captured(holdout.label, holdout.capacity))
        if forecast.probability is None:
            return
        clipped = np.clip(forecast.probability, 1e-9, 1 - 1e-9)
        sums.add((name, "brier"), (forecast.probability - holdout.label) ** 2)
        sums.add((name, "log_loss"), -np.log(np.where(holdout.label == 1, clipped, 1 - clipped)))
        bins = reliability_bins(forecast.probability)
        columns = {"rows": np.ones(len(holdout)), "predicted": forecast.probability, "actual": holdout.label}
        for column, values in columns.items():
            sums.add_cells((name, column), values, bins, int(bins.max()) + 1)

    def _ranked_by_score(self, name: str) -> RankedLists:
        forecast = self.forecasts[name]
        if forecast.worth is forecast.score:
            return self._ranked[name]
        return rank_lists(self.holdout.lists, forecast.score)

    def _captured(self, name: str) -> Floats | None:
        gain = self._sums.total("gain")
        return np.clip(ratio(self._sums.total((name, "captured")), gain), 0, 1) if gain[0] > 0 else None


def _bin_sums(sums: ResampledSums, name: str) -> BinSums:
    return BinSums(sums.cells((name, "rows")), sums.cells((name, "predicted")), sums.cells((name, "actual")))

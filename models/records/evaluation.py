"""How good a model is on later rows that it was not fitted on: metrics, intervals, slices, and alarms.

The manifest of a bundle stores one such record; the terminal, MLflow, the plots, and the model card all show it. It
holds aggregates only: no row, no ID, and no cell of fewer than 11 people.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from payrank.models.records.estimate import Estimate
from payrank.models.records.fairness import Fairness


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Holdout(_Record):
    """The later rows that a model was evaluated on: rows, households, events, and first and last snapshot.

    `gain_unit` is what a ranking should capture: `dollars` recovered, or `outcomes` when amounts are unknown. `total`
    is the whole gain. `capacity` is the share of each list that the office can work. Intervals are 95% intervals from
    `resamples` draws of whole households with `seed`.
    """

    rows: int
    households: int
    events: int
    first: date
    last: date
    gain_unit: Literal["dollars", "outcomes"]
    total: float
    capacity: float
    resamples: int
    seed: int


SHORT_NAMES: Mapping[str, str] = {
    "majority": "same probability for all",
    "logistic": "logistic regression",
    "rate_by_aging_bucket": "rate by days owed",
}
"""Names of baselines for places too narrow for their meaning."""


class Baseline(_Record):
    """A ranking that the model should beat, on the same rows.

    `metrics` have the same names as the model's. `advantage` is the share of the whole gain that the model captures at
    capacity beyond this baseline, from the same resamples: the model is significantly better when `advantage.low` is
    above 0.
    """

    name: str
    meaning: str
    metrics: Mapping[str, Estimate]
    advantage: Estimate | None = None

    @property
    def short_name(self) -> str:
        """A name that fits a column."""
        return SHORT_NAMES.get(self.name) or self.name.replace("_", " ")


class Decile(_Record):
    """One tenth of the holdout rows by predicted probability: the mean prediction, and the actual rate."""

    rows: int
    predicted: float
    actual: Estimate


class CumulativeGains(_Record):
    """Share of the whole gain (0 to 1) that one ranking captures at each of `Evaluation.worked_shares`."""

    name: str
    captured: tuple[float, ...]


class SliceMetrics(_Record):
    """Metrics of a part of the holdout rows: one period, payer class, balance band, or age bucket.

    `dimension` is what the rows are split by and `name` the part. `predicted` is the mean probability and `actual` the
    outcome rate. `captured`, `baselines`, and `advantage` (by baseline) are at capacity, each ranking applied within
    the slice alone.
    """

    dimension: str
    name: str
    rows: int
    households: int
    events: int
    predicted: float
    actual: Estimate
    auc: Estimate | None = None
    brier: float
    captured: Estimate | None = None
    baselines: Mapping[str, float] = Field(default_factory=dict)
    advantage: Mapping[str, Estimate] = Field(default_factory=dict)


class Importance(_Record):
    """How much the model of the last period relies on a feature, on a sample of that period's holdout rows.

    `contribution` is the mean absolute SHAP value (log-odds). `auc_drop` is the decrease of the AUC when the feature's
    values are shuffled among the rows (Breiman 2001; Fisher, Rudin, and Dominici 2019), or None if it was not measured.
    """

    feature: str
    contribution: float
    auc_drop: float | None = None


class Stability(_Record):
    """Two successive holdout periods: AUC in each, and how much scores and feature importances changed.

    `score_psi` is the population stability index of the probabilities (under 0.1 small, over 0.25 large; Siddiqi 2006).
    `importance_rank_correlation` is Spearman's correlation of the features' gains in the two fits.
    """

    earlier: str
    later: str
    auc_earlier: float | None
    auc_later: float | None
    score_psi: float
    importance_rank_correlation: float | None


AlarmName = Literal["auc_too_good", "feature_too_good_alone", "better_without"]


class Alarm(_Record):
    """A sign that a metric is too good to be true; a model with an open alarm is promoted only with a stated reason.

    `auc_too_good`: an AUC above 0.95. `feature_too_good_alone`: a single feature with an AUC significantly above 0.95.
    `better_without`: the AUC on later rows rises when the suspected feature is removed.
    """

    name: AlarmName
    text: str


class Evaluation(_Record):
    """All results of an evaluation.

    `metrics` by name: `auc`, `average_precision` (means over the periods), `brier` and its components, with brier =
    `reliability` - `resolution` + `uncertainty` + `within_bins` (Murphy 1973; Stephenson, Coelho, and Jolliffe 2008),
    `log_loss`, `ece`, `lift` (outcome rate in the top of the list divided by the overall rate), `captured` (share of
    the gain in the top of the list by expected value), and `base_rate`. `cumulative_gains` are given at `worked_shares`
    of the list, and `importance` comes from `sample_rows` rows. `never_observed` describes in sentences the groups
    without any observed outcome, about which the model learned nothing.
    """

    holdout: Holdout
    metrics: Mapping[str, Estimate]
    baselines: tuple[Baseline, ...] = ()
    calibration: tuple[Decile, ...] = ()
    worked_shares: tuple[float, ...] = ()
    cumulative_gains: tuple[CumulativeGains, ...] = ()
    slices: tuple[SliceMetrics, ...] = ()
    importance: tuple[Importance, ...] = ()
    sample_rows: int = 0
    stability: tuple[Stability, ...] = ()
    alarms: tuple[Alarm, ...] = ()
    never_observed: tuple[str, ...] = ()
    fairness: Fairness

    def find_baseline(self, name: str) -> Baseline | None:
        """Return the baseline of that name, or None if it was not reported."""
        return next((baseline for baseline in self.baselines if baseline.name == name), None)

    @property
    def best_baseline(self) -> Baseline | None:
        """The baseline that captures the most at capacity; of several, the first by name."""
        ranked = [baseline for baseline in self.baselines if "captured" in baseline.metrics]
        return min(ranked, key=lambda baseline: (-baseline.metrics["captured"].value, baseline.name), default=None)

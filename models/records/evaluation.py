"""How good a model is, on later rows that it had not seen: figures, intervals, slices, alarms. Aggregates only.

One record holds it all. It is kept in the bundle's manifest; the terminal, MLflow, the plots and the model card show
what it says. No row, no id, no cell under 11 people.
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
    """What was judged: later rows, their households and outcomes that happened, first and last snapshot.

    `gain` says what a ranking is to capture: `dollars` recovered, or `outcomes` where amounts are unknown; `total` is
    all of it. `capacity` is the share of each list that the office can work. Intervals are of 95 %, from `resamples`
    draws of whole households with `seed`.
    """

    rows: int
    households: int
    events: int
    first: date
    last: date
    gain: Literal["dollars", "outcomes"]
    total: float
    capacity: float
    resamples: int
    seed: int


SHORT_NAMES: Mapping[str, str] = {
    "majority": "same chance for all",
    "logistic": "logistic regression",
    "rate_by_aging_bucket": "rate by days owed",
}
"""Baselines whose own names say too little where their meaning does not fit."""


class Baseline(_Record):
    """A ranking that the model must beat, on the same rows.

    `figures` are named as the model's. `ahead` is the share of all gain that the model captures at capacity beyond this
    baseline: both in the same resamples, so it is surely ahead where `ahead.low` is above 0.
    """

    name: str
    meaning: str
    figures: Mapping[str, Estimate]
    ahead: Estimate | None = None

    @property
    def short(self) -> str:
        """A name that fits a column."""
        return SHORT_NAMES.get(self.name) or self.name.replace("_", " ")


class Bin(_Record):
    """A tenth of the judged rows by promised probability: what was promised, and the share that happened."""

    rows: int
    promised: float
    happened: Estimate


class Gains(_Record):
    """Share of all gain (0 to 1) in the top of the lists by one ranking, at each share of `Evaluation.worked`."""

    name: str
    captured: tuple[float, ...]


class Slice(_Record):
    """The figures of some of the judged rows: those of a period, payer class, balance band or age bucket.

    `by` says of what, `name` which. `promised` is the mean probability. `captured` and `ahead` (by baseline) are at
    capacity within the slice alone, ranked within it.
    """

    by: str
    name: str
    rows: int
    households: int
    events: int
    promised: float
    happened: Estimate
    auc: Estimate | None = None
    brier: float
    captured: Estimate | None = None
    baselines: Mapping[str, float] = Field(default_factory=dict)
    ahead: Mapping[str, Estimate] = Field(default_factory=dict)


class Importance(_Record):
    """What a feature does for the model of the last period, on a sample of the rows judged there.

    `contribution` is the mean absolute SHAP value (log-odds); `auc_lost` is what the AUC falls by when the feature's
    values are shuffled among the rows (Breiman 2001; Fisher, Rudin and Dominici 2019), None where it was not among
    those tried.
    """

    feature: str
    contribution: float
    auc_lost: float | None = None


class Stability(_Record):
    """Two judged periods beside each other: AUC in each, and how far the scores and the features' part moved.

    `score_shift` is the population stability index of the probabilities (under 0.1 little, over 0.25 much; Siddiqi
    2006). `importance_rank` is Spearman's correlation of the features' gains in the two fits.
    """

    earlier: str
    later: str
    auc_earlier: float | None
    auc_later: float | None
    score_shift: float
    importance_rank: float | None


AlarmName = Literal["auc_too_good", "feature_too_good_alone", "better_without"]


class Alarm(_Record):
    """A sign that a figure is not to be believed; a model with one is not promoted without a stated reason.

    `auc_too_good`: an AUC above 0.95. `feature_too_good_alone`: one feature surely above 0.95 by itself.
    `better_without`: leaving out the suspected feature raises the AUC on later time.
    """

    name: AlarmName
    text: str


class Evaluation(_Record):
    """Everything that is said of a model's quality.

    `figures` by name: `auc`, `average_precision` (means over the periods), `brier` and its parts, which add up:
    brier = `reliability` - `resolution` + `uncertainty` + `within_bins` (Murphy 1973; Stephenson, Coelho and Jolliffe
    2008), `log_loss`, `ece`, `lift` (rate in the top of the list over the rate of all), `captured` (share of the gain
    in the top by expected worth) and `base_rate`. `worked` are the shares of the list at which `gains` are given.
    `sample` is the rows that `importance` was found on. `never_shown` says in sentences for whom no outcome was seen,
    so that nothing was learned of them.
    """

    holdout: Holdout
    figures: Mapping[str, Estimate]
    baselines: tuple[Baseline, ...] = ()
    calibration: tuple[Bin, ...] = ()
    worked: tuple[float, ...] = ()
    gains: tuple[Gains, ...] = ()
    slices: tuple[Slice, ...] = ()
    importance: tuple[Importance, ...] = ()
    sample: int = 0
    stability: tuple[Stability, ...] = ()
    alarms: tuple[Alarm, ...] = ()
    never_shown: tuple[str, ...] = ()
    fairness: Fairness

    def baseline(self, name: str) -> Baseline | None:
        """Return the baseline of that name, None where it was not reported."""
        return next((one for one in self.baselines if one.name == name), None)

    @property
    def strongest(self) -> Baseline | None:
        """The baseline that captures most at capacity; the first by name where several do."""
        with_gain = [one for one in self.baselines if "captured" in one.figures]
        return min(with_gain, key=lambda one: (-one.figures["captured"].value, one.name), default=None)

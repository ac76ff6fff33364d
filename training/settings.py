"""The training settings: trees, seeds, validation, weights, and calibration.

`parse_settings` refuses an unknown name with the nearest known one, and a renamed setting with its new name.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from payrank.extracts.contract.privacy import MIN_PEOPLE
from payrank.extracts.errors import WrongUsageError, did_you_mean

RENAMED: dict[str, str] = {
    "most_rounds": "max_n_estimators",
    "fewest_rounds": "min_n_estimators",
    "share_rounds": "share_n_estimators",
    "timing_rounds": "timing_n_estimators",
    "patience": "early_stopping_rounds",
    "most_weight": "max_weight",
    "free": "unconstrained",
    "fewest_outcomes": "min_outcomes",
    "fewest_shares": "min_share_outcomes",
    "fewest_timed": "min_timing_outcomes",
    "members.rounds": "n_estimators",
}
"""Old setting name to new one. A dotted name belongs to the table before the dot."""


class _Settings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Trees(_Settings):
    """LightGBM parameters of the likelihood model, with LightGBM's names and meanings.

    `min_data_in_leaf` and `min_data_in_bin` are at least 11, so that no leaf and no threshold describes a handful of
    people.
    """

    learning_rate: Annotated[float, Field(gt=0, le=1)] = 0.08
    """Step size of each tree."""
    num_leaves: Annotated[int, Field(ge=2, le=4096)] = 15
    """Largest number of leaves per tree."""
    max_depth: Annotated[int, Field(ge=-1)] = -1
    """Largest depth of a tree; -1 sets no limit."""
    min_data_in_leaf: Annotated[int | None, Field(ge=MIN_PEOPLE)] = None
    """Smallest number of rows per leaf; none uses one hundredth of the rows, between 11 and 100."""
    min_sum_hessian_in_leaf: Annotated[float, Field(ge=0)] = 1.0
    """Smallest sum of second derivatives per leaf."""
    max_bin: Annotated[int, Field(ge=2, le=255)] = 63
    """Largest number of bins per feature; 63 takes about half the time of 255."""
    min_data_in_bin: Annotated[int, Field(ge=MIN_PEOPLE)] = MIN_PEOPLE
    """Smallest number of rows per bin."""
    feature_fraction: Annotated[float, Field(gt=0, le=1)] = 0.5
    """Share of the features that each tree sees."""
    feature_fraction_bynode: Annotated[float, Field(gt=0, le=1)] = 1.0
    """Share of the features that each split sees."""
    bagging_fraction: Annotated[float, Field(gt=0, le=1)] = 0.8
    """Share of the rows that each tree sees."""
    bagging_freq: Annotated[int, Field(ge=0)] = 1
    """Draw new rows every this many trees; 0 turns bagging off."""
    lambda_l1: Annotated[float, Field(ge=0)] = 0.0
    """L1 penalty on leaf values."""
    lambda_l2: Annotated[float, Field(ge=0)] = 5.0
    """L2 penalty on leaf values."""
    min_gain_to_split: Annotated[float, Field(ge=0)] = 0.0
    """Smallest gain for which a leaf is split."""
    path_smooth: Annotated[float, Field(ge=0)] = 0.0
    """Strength of smoothing along the path from the root; 0 turns it off."""
    extra_trees: bool = False
    """Choose thresholds at random."""


class Member(_Settings):
    """One member of the likelihood ensemble: the tree parameters that it changes, its seeds, and its weight."""

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")] = "trees"
    """Name of the member, unique within the ensemble."""
    trees: Mapping[str, float | int | bool] = Field(default_factory=dict)
    """Tree settings that differ from `trees`."""
    seeds: Annotated[tuple[int, ...], Field(min_length=1)] = (1, 2, 3)
    """Seeds; each one trains a booster."""
    weight: Annotated[float, Field(gt=0)] = 1.0
    """Weight in the average, split evenly among the seeds."""
    n_estimators: Annotated[int | None, Field(ge=1)] = None
    """Number of trees; none chooses it by early stopping on the tuning period."""


class Validation(_Settings):
    """The temporal design.

    The latest rows, by as-of date, are split into consecutive periods with about the same number of rows. The first one
    (tuning) chooses the number of trees and the automatic settings. The next ones (holdout) give the metrics. The last
    one is the final test, on which nothing is chosen.
    """

    periods: Annotated[int, Field(ge=2, le=24)] = 4
    """Number of periods: tuning, holdout, and the final test (none with two periods)."""
    share: Annotated[float, Field(gt=0, lt=1)] = 0.5
    """Latest share of the rows, by as-of date, that is split into periods."""
    window_days: Annotated[int | None, Field(ge=1)] = None
    """Days of snapshots before a period that are used to fit; none uses all."""
    reserve: Annotated[float, Field(gt=0, lt=1)] = 0.3
    """Share of the final test's households that its fit excludes, if they also appear earlier."""
    salt: str = "final test"
    """Text for the hash that draws the reserved households."""


class TrainingSettings(_Settings):
    """Everything that determines a training run besides the frame.

    `payrank.training.fit.auto_settings` resolves each setting that is `"auto"` on the tuning period.
    """

    trees: Trees = Trees()
    """Tree settings of the likelihood model."""
    members: Annotated[tuple[Member, ...], Field(min_length=1)] = (Member(),)
    """Members of the likelihood ensemble."""
    share_trees: Trees = Trees(learning_rate=0.05, min_data_in_leaf=20, max_bin=255)
    """Tree settings of the model of the share that is paid."""
    share_n_estimators: Annotated[int, Field(ge=1)] = 200
    """Number of trees of the share model."""
    timing_trees: Trees = Trees(learning_rate=0.1, num_leaves=4)
    """Tree settings of the model of the days until the outcome."""
    timing_n_estimators: Annotated[int, Field(ge=1)] = 40
    """Number of trees of the timing model."""
    timing_days: Annotated[tuple[Annotated[int, Field(ge=1)], ...], Field(min_length=1)] = (30, 60, 90, 120)
    """Shorter horizons, in days, that also get a probability."""
    max_n_estimators: Annotated[int, Field(ge=1)] = 400
    """Largest number of trees that early stopping may choose."""
    min_n_estimators: Annotated[int, Field(ge=1)] = 20
    """Smallest number of trees that early stopping may choose."""
    early_stopping_rounds: Annotated[int, Field(ge=1)] = 30
    """Stop after this many trees without improvement."""
    validation: Validation = Validation()
    """The temporal design."""
    calibration: Literal["auto", "none", "platt", "beta", "isotonic"] = "auto"
    """Map from raw scores to probabilities; `auto` picks the lowest cross-fitted log loss on later time."""
    calibrate_by: str = "payer_class"
    """Category whose values get their own offsets if that helps significantly; `none` turns it off."""
    selection: Literal["weights", "none"] = "none"
    """`weights` lets decided denials also represent similar denials without an appeal in the fit."""
    max_weight: Annotated[float, Field(gt=1)] = 8.0
    """Largest of these weights."""
    correct_shift: bool = True
    """Correct a shift of the base rate in the latest outcomes; false reports it only."""
    refit: bool = True
    """Fit the served model once more on all rows with a known label."""
    weight: Literal["row", "unit"] = "row"
    """`row` counts every snapshot once, `unit` every account or denial once."""
    half_life_days: Annotated[float, Field(gt=0)] | Literal["auto", "none"] = "auto"
    """A snapshot this many days older than the latest one counts half; `none` weights all the same."""
    monotone: bool | Literal["auto"] = "auto"
    """Enforce the catalog's directions; `auto` drops those that the data contradict or that cost too much."""
    unconstrained: tuple[str, ...] = ()
    """Features whose direction is not enforced."""
    categories: Literal["auto", "codes", "native"] = "auto"
    """Split categories by threshold (`codes`) or as LightGBM categories (`native`)."""
    class_weight: Literal["auto", "none", "balanced"] = "auto"
    """`balanced` gives both outcomes the same total weight."""
    min_outcomes: Annotated[int, Field(ge=MIN_PEOPLE)] = 50
    """No model is trained with fewer outcomes of either kind."""
    min_share_outcomes: Annotated[int, Field(ge=MIN_PEOPLE)] = 500
    """With fewer outcomes of known share, the mean share replaces the share model."""
    min_timing_outcomes: Annotated[int, Field(ge=MIN_PEOPLE)] = 500
    """With fewer outcomes of known timing, overall shares replace the timing model."""
    capacity: Annotated[float, Field(gt=0, lt=1)] = 0.2
    """Share of each list that the office can work, for the metrics."""
    threads: Annotated[int, Field(ge=1)] = 2
    """Threads of LightGBM; the model does not depend on it."""

    @model_validator(mode="after")
    def _check_members(self) -> TrainingSettings:
        if any(later <= day for day, later in zip(self.timing_days, self.timing_days[1:], strict=False)):
            raise ValueError("timing_days must be in increasing order")
        names = [member.name for member in self.members]
        if len(set(names)) < len(names):
            raise ValueError("each member needs its own name")
        for member in self.members:
            member_trees(self, member)
        return self


def member_trees(settings: TrainingSettings, member: Member) -> Trees:
    """Return the tree parameters of a member: the settings' own, overridden by the member's changes.

    >>> member_trees(TrainingSettings(), Member(trees={"num_leaves": 4})).num_leaves
    4
    """
    for name in member.trees:
        if name not in Trees.model_fields:
            raise ValueError(f"member {member.name}: unknown tree setting {name!r}; {did_you_mean(name, _TREE_NAMES)}")
    return Trees.model_validate({**settings.trees.model_dump(), **member.trees})


_TREE_NAMES = tuple(Trees.model_fields)


OVERTURN_DEFAULTS: Mapping[str, Any] = {
    "trees": {
        "learning_rate": 0.03,
        "min_data_in_leaf": 20,
        "bagging_fraction": 0.7,
        "max_bin": 255,
    },
    "members": [{"seeds": [1, 2, 3, 4, 5], "n_estimators": 200}],
    "half_life_days": 1825.0,
    "categories": "native",
    "monotone": True,
    "class_weight": "none",
}
"""Appeal decisions are few and their reasons are many. So the overturn model takes small steps, uses native categories,
fades older years, and fixes the number of trees, which a tuning period of a few hundred rows would choose by chance.
Found on real decisions from 2001 to 2013."""


def default_settings(kind: str) -> TrainingSettings:
    """Return the default settings of a kind of model, `payment` or `overturn`.

    >>> default_settings("overturn").categories, default_settings("payment").categories
    ('native', 'auto')
    """
    return parse_settings({}, kind)


def parse_settings(values: Mapping[str, Any], kind: str = "payment") -> TrainingSettings:
    """Return the settings of a `[training]` table, merged over the defaults of the kind.

    Raises
    ------
    WrongUsageError
        With the name of the setting and what is allowed; for an unknown name the nearest known one, and for a renamed
        setting its new name.

    >>> parse_settings({"refit": False}).refit
    False
    >>> parse_settings({"refitt": False})
    Traceback (most recent call last):
        ...
    payrank.extracts.errors.WrongUsageError: training setting 'refitt' is unknown; did you mean 'refit'?
    >>> parse_settings({"patience": 10})
    Traceback (most recent call last):
        ...
    payrank.extracts.errors.WrongUsageError: training setting 'patience' was renamed; write 'early_stopping_rounds'
    """
    if kind == "overturn":
        values = {**OVERTURN_DEFAULTS, **values}
        if isinstance(values["trees"], Mapping):
            values = {**values, "trees": {**OVERTURN_DEFAULTS["trees"], **values["trees"]}}
    try:
        return TrainingSettings.model_validate(dict(values))
    except ValidationError as error:
        fault = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in fault["loc"])
        if fault["type"] == "extra_forbidden":
            raise WrongUsageError(f"training setting {place!r} {_describe_unknown(fault['loc'])}") from error
        raise WrongUsageError(f"training setting {place!r}: {fault['msg']}; found: {fault['input']!r:.60}") from error


def _describe_unknown(place: tuple[int | str, ...]) -> str:
    """Return why a setting is refused: it was renamed, or it is unknown."""
    new_name = RENAMED.get(".".join(part for part in place if isinstance(part, str)))
    if new_name is not None:
        return f"was renamed; write {new_name!r}"
    return f"is unknown; {did_you_mean(str(place[-1]), _known_names(place))}"


def _known_names(place: tuple[int | str, ...]) -> list[str]:
    models: dict[str, type[_Settings]] = {
        "trees": Trees,
        "share_trees": Trees,
        "timing_trees": Trees,
        "members": Member,
        "validation": Validation,
    }
    model = models.get(str(place[0]), TrainingSettings) if len(place) > 1 else TrainingSettings
    return list(model.model_fields)

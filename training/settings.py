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
    people. When `min_data_in_leaf` is None, a leaf holds at least one hundredth of the rows, between 11 and 100.
    `max_bin` 63 takes about half the time of 255.
    """

    learning_rate: Annotated[float, Field(gt=0, le=1)] = 0.08
    num_leaves: Annotated[int, Field(ge=2, le=4096)] = 15
    max_depth: Annotated[int, Field(ge=-1)] = -1
    min_data_in_leaf: Annotated[int | None, Field(ge=MIN_PEOPLE)] = None
    min_sum_hessian_in_leaf: Annotated[float, Field(ge=0)] = 1.0
    max_bin: Annotated[int, Field(ge=2, le=255)] = 63
    min_data_in_bin: Annotated[int, Field(ge=MIN_PEOPLE)] = MIN_PEOPLE
    feature_fraction: Annotated[float, Field(gt=0, le=1)] = 0.5
    feature_fraction_bynode: Annotated[float, Field(gt=0, le=1)] = 1.0
    bagging_fraction: Annotated[float, Field(gt=0, le=1)] = 0.8
    bagging_freq: Annotated[int, Field(ge=0)] = 1
    lambda_l1: Annotated[float, Field(ge=0)] = 0.0
    lambda_l2: Annotated[float, Field(ge=0)] = 5.0
    min_gain_to_split: Annotated[float, Field(ge=0)] = 0.0
    path_smooth: Annotated[float, Field(ge=0)] = 0.0
    extra_trees: bool = False


class Member(_Settings):
    """One member of the likelihood ensemble: the tree parameters that it changes, its seeds, and its weight.

    Each seed trains one booster, and `weight` is split evenly among them. `n_estimators` fixes the number of trees;
    None chooses it by early stopping on the tuning period.
    """

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")] = "trees"
    trees: Mapping[str, float | int | bool] = Field(default_factory=dict)
    seeds: Annotated[tuple[int, ...], Field(min_length=1)] = (1, 2, 3)
    weight: Annotated[float, Field(gt=0)] = 1.0
    n_estimators: Annotated[int | None, Field(ge=1)] = None


class Validation(_Settings):
    """The temporal design.

    The latest `share` of the rows, by as-of date, is split into `periods` consecutive periods with about the same
    number of rows. The first one (tuning) chooses the number of trees and the automatic settings. The next ones
    (holdout) give the metrics. The last one is the final test, on which nothing is chosen; with two periods there is
    no final test. When the same households appear before and in the final test, the share `reserve` of its households,
    drawn by a hash with `salt`, is scored by a fit that excludes them. `window_days` limits how many days of snapshots
    before a period are used to fit (None: all).
    """

    periods: Annotated[int, Field(ge=2, le=24)] = 4
    share: Annotated[float, Field(gt=0, lt=1)] = 0.5
    window_days: Annotated[int | None, Field(ge=1)] = None
    reserve: Annotated[float, Field(gt=0, lt=1)] = 0.3
    salt: str = "final test"


class TrainingSettings(_Settings):
    """Everything that determines a training run besides the frame.

    Models. `trees` and `members` define the likelihood, `share_trees` and `share_n_estimators` the share of the amount
    that is paid, `timing_trees` and `timing_n_estimators` the days until the outcome. `timing_days` are the shorter
    horizons, in days, that also get a probability. Early stopping grows between `min_n_estimators` and
    `max_n_estimators` trees and stops after `early_stopping_rounds` trees without improvement.

    Minimum data. Below `min_outcomes` events or non-events no model is trained. Below `min_share_outcomes` outcomes
    with a known share, the mean share replaces the share model. `min_timing_outcomes` does the same for the days to the
    outcome.

    Weights. `weight="row"` counts every snapshot once, as the nightly list does; `"unit"` counts every account or
    denial once. A snapshot that is `half_life_days` older than the latest one counts half; `"none"` weights all
    snapshots the same. `class_weight="balanced"` gives both outcomes the same total weight. `selection="weights"` lets
    a decided denial also represent similar denials without an appeal, with a weight of at most `max_weight`; the
    effect is reported either way when the training is given the population.

    Features. `monotone` enforces the catalog's directions, except for the features in `unconstrained`; `"auto"` drops
    the directions that the data contradict, and drops all of them if enforcing the rest has a significant cost.
    `categories="codes"` splits categories by threshold, `"native"` as LightGBM categories.

    Calibration. `calibration` is the map from raw scores to probabilities; `"auto"` picks the method with the lowest
    cross-fitted log loss on later time. `calibrate_by` is a categorical feature whose values get their own offsets
    where that helps significantly (`"none"`: no segments). `correct_shift=False` reports a shift in the base rate of
    the latest matured outcomes without correcting it.

    `payrank.training.fit.auto_settings` resolves each `"auto"` on the tuning period. `capacity` is the share of each
    list that the office can work. `threads` is LightGBM's; the model does not depend on it.
    """

    trees: Trees = Trees()
    members: Annotated[tuple[Member, ...], Field(min_length=1)] = (Member(),)
    share_trees: Trees = Trees(learning_rate=0.05, min_data_in_leaf=20, max_bin=255)
    share_n_estimators: Annotated[int, Field(ge=1)] = 200
    timing_trees: Trees = Trees(learning_rate=0.1, num_leaves=4)
    timing_n_estimators: Annotated[int, Field(ge=1)] = 40
    timing_days: Annotated[tuple[Annotated[int, Field(ge=1)], ...], Field(min_length=1)] = (30, 60, 90, 120)
    max_n_estimators: Annotated[int, Field(ge=1)] = 400
    min_n_estimators: Annotated[int, Field(ge=1)] = 20
    early_stopping_rounds: Annotated[int, Field(ge=1)] = 30
    validation: Validation = Validation()
    calibration: Literal["auto", "none", "platt", "beta", "isotonic"] = "auto"
    calibrate_by: str = "payer_class"
    selection: Literal["weights", "none"] = "none"
    max_weight: Annotated[float, Field(gt=1)] = 8.0
    correct_shift: bool = True
    refit: bool = True
    weight: Literal["row", "unit"] = "row"
    half_life_days: Annotated[float, Field(gt=0)] | Literal["auto", "none"] = "auto"
    monotone: bool | Literal["auto"] = "auto"
    unconstrained: tuple[str, ...] = ()
    categories: Literal["auto", "codes", "native"] = "auto"
    class_weight: Literal["auto", "none", "balanced"] = "auto"
    min_outcomes: Annotated[int, Field(ge=11)] = 50
    min_share_outcomes: Annotated[int, Field(ge=11)] = 500
    min_timing_outcomes: Annotated[int, Field(ge=11)] = 500
    capacity: Annotated[float, Field(gt=0, lt=1)] = 0.2
    threads: Annotated[int, Field(ge=1)] = 2

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

"""What a data scientist may turn: trees, seeds, validation, weights and calibration.

Unknown keys are refused with the nearest known name by `parse_settings`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from payrank.extracts.errors import WrongUsageError, did_you_mean


class _Settings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Trees(_Settings):
    """LightGBM parameters of the likelihood; names and meanings are LightGBM's.

    `min_data_in_leaf` and `min_data_in_bin` are at least 11, so that no leaf and no threshold tells of a handful of
    people; without a figure a leaf holds at least a hundredth of the rows, from 11 to 100. `max_bin` 63 takes about
    half the time of 255.
    """

    learning_rate: Annotated[float, Field(gt=0, le=1)] = 0.08
    num_leaves: Annotated[int, Field(ge=2, le=4096)] = 15
    max_depth: Annotated[int, Field(ge=-1)] = -1
    min_data_in_leaf: Annotated[int | None, Field(ge=11)] = None
    min_sum_hessian_in_leaf: Annotated[float, Field(ge=0)] = 1.0
    max_bin: Annotated[int, Field(ge=2, le=255)] = 63
    min_data_in_bin: Annotated[int, Field(ge=11)] = 11
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
    """One kind of booster in the likelihood's average: what it changes in the trees, its seeds, its weight.

    `weight` is shared out among the seeds. `rounds` fixes the number of trees; None lets later time choose it.
    """

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")] = "trees"
    trees: Mapping[str, float | int | bool] = Field(default_factory=dict)
    seeds: Annotated[tuple[int, ...], Field(min_length=1)] = (1, 2, 3)
    weight: Annotated[float, Field(gt=0)] = 1.0
    rounds: Annotated[int | None, Field(ge=1)] = None


class Validation(_Settings):
    """The temporal design.

    The latest `share` of the rows, by as-of date, is cut into `periods` spans of about equal rows. The first chooses
    the number of trees and what else is chosen; on the next the figures are measured; the last is the final test, on
    which nothing is chosen (with two periods there is none). Where the final test's two sides share households, the
    share `reserve` of them, drawn by a hash with `salt`, is judged there by a fit on the others. `window_days` keeps
    only that many days of snapshots before a period to fit on (None: all).
    """

    periods: Annotated[int, Field(ge=2, le=24)] = 4
    share: Annotated[float, Field(gt=0, lt=1)] = 0.5
    window_days: Annotated[int | None, Field(ge=1)] = None
    reserve: Annotated[float, Field(gt=0, lt=1)] = 0.3
    salt: str = "final test"


class TrainingSettings(_Settings):
    """Everything that decides a training besides the frame.

    `weight`: `row` counts each snapshot once, as the nightly list does; `unit` counts each account or denial once.
    `half_life_days`: a snapshot that many days older than the latest counts half; `none` counts all alike.
    `fewest_outcomes`: events, and non-events, below which no model is trained. `fewest_shares`: outcomes with a known
    share below which one mean stands for the share model; `fewest_timed`: the same for the days to the outcome.
    `timing_days`: shorter horizons that get probabilities too, in days.
    `monotone` holds the directions of the catalog but for the features in `free`; `auto` frees what the data
    contradict, and all if holding the others surely costs. `categories`: `codes` are split by threshold, `native` as
    LightGBM's categories. `class_weight`: `balanced` lets both outcomes weigh the same in sum. What is `auto` is
    settled on the tuning period, see `payrank.training.fit.auto_settings`.
    `calibration`: the map from raw scores to probabilities, `auto` by cross-fitted log loss on later time.
    `calibrate_by`: the category whose words get an offset of their own where that surely helps (`none`: no segments).
    `selection`: `weights` lets a decided denial stand for those like it that were not appealed, in the fit; each at
    most `most_weight` times. It is reported either way, where a training is given the population.
    `correct_shift`: whether a shift of the base rate, seen in the latest ripe outcomes, is corrected or only told.
    `threads` of LightGBM; the model does not depend on it.
    """

    trees: Trees = Trees()
    members: Annotated[tuple[Member, ...], Field(min_length=1)] = (Member(),)
    share_trees: Trees = Trees(learning_rate=0.05, min_data_in_leaf=20, max_bin=255)
    share_rounds: Annotated[int, Field(ge=1)] = 200
    timing_trees: Trees = Trees(learning_rate=0.1, num_leaves=4)
    timing_rounds: Annotated[int, Field(ge=1)] = 40
    timing_days: Annotated[tuple[Annotated[int, Field(ge=1)], ...], Field(min_length=1)] = (30, 60, 90, 120)
    most_rounds: Annotated[int, Field(ge=1)] = 400
    fewest_rounds: Annotated[int, Field(ge=1)] = 20
    patience: Annotated[int, Field(ge=1)] = 30
    validation: Validation = Validation()
    calibration: Literal["auto", "none", "platt", "beta", "isotonic"] = "auto"
    calibrate_by: str = "payer_class"
    selection: Literal["weights", "none"] = "none"
    most_weight: Annotated[float, Field(gt=1)] = 8.0
    correct_shift: bool = True
    refit: bool = True
    weight: Literal["row", "unit"] = "row"
    half_life_days: Annotated[float, Field(gt=0)] | Literal["auto", "none"] = "auto"
    monotone: bool | Literal["auto"] = "auto"
    free: tuple[str, ...] = ()
    categories: Literal["auto", "codes", "native"] = "auto"
    class_weight: Literal["auto", "none", "balanced"] = "auto"
    fewest_outcomes: Annotated[int, Field(ge=11)] = 50
    fewest_shares: Annotated[int, Field(ge=11)] = 500
    fewest_timed: Annotated[int, Field(ge=11)] = 500
    capacity: Annotated[float, Field(gt=0, lt=1)] = 0.2
    threads: Annotated[int, Field(ge=1)] = 2

    @model_validator(mode="after")
    def _known_members(self) -> TrainingSettings:
        if any(later <= day for day, later in zip(self.timing_days, self.timing_days[1:], strict=False)):
            raise ValueError("timing_days must rise")
        names = [member.name for member in self.members]
        if len(set(names)) < len(names):
            raise ValueError("each member needs a name of its own")
        for member in self.members:
            member_trees(self, member)
        return self


def member_trees(settings: TrainingSettings, member: Member) -> Trees:
    """Return the trees of a member: the settings' with what the member changes.

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
    "members": [{"seeds": [1, 2, 3, 4, 5], "rounds": 200}],
    "half_life_days": 1825.0,
    "categories": "native",
    "monotone": True,
    "class_weight": "none",
}
"""Decisions on appeals are few, and their reasons many: small steps, a fixed number of trees (a tuning period of a few
hundred rows chooses by chance), native categories, and older years fading. Found on real decisions of 2001-2013."""


def default_settings(kind: str) -> TrainingSettings:
    """Return the defaults of a kind of model.

    >>> default_settings("overturn").categories, default_settings("payment").categories
    ('native', 'auto')
    """
    return parse_settings({}, kind)


def parse_settings(values: Mapping[str, Any], kind: str = "payment") -> TrainingSettings:
    """Return the settings of a `[training]` table over the defaults of the kind.

    Raises
    ------
    WrongUsageError
        Naming the setting, what is allowed, and the nearest known name.

    >>> parse_settings({"refit": False}).refit
    False
    >>> parse_settings({"refitt": False})
    Traceback (most recent call last):
        ...
    payrank.extracts.errors.WrongUsageError: training setting 'refitt': not known; did you mean 'refit'?
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
            name = str(fault["loc"][-1])
            raise WrongUsageError(
                f"training setting {place!r}: not known; {did_you_mean(name, _known(fault['loc']))}"
            ) from error
        raise WrongUsageError(f"training setting {place!r}: {fault['msg']}; given: {fault['input']!r:.60}") from error


def _known(place: tuple[int | str, ...]) -> list[str]:
    models: dict[str, type[_Settings]] = {
        "trees": Trees,
        "share_trees": Trees,
        "timing_trees": Trees,
        "members": Member,
        "validation": Validation,
    }
    model = models.get(str(place[0]), TrainingSettings) if len(place) > 1 else TrainingSettings
    return list(model.model_fields)

"""Fits LightGBM boosters: the likelihood ensemble, the share given the outcome, and the days to the outcome."""

from __future__ import annotations

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from payrank.extracts.contract.privacy import MIN_PEOPLE
from payrank.features.arrays import Floats
from payrank.training.settings import TrainingSettings, Trees, member_trees

if TYPE_CHECKING:
    import lightgbm


BIN_PARAMETERS = ("max_bin", "min_data_in_bin")
"""Tree settings with the same values of these can share one binned data set."""
LEAF_ROWS = (MIN_PEOPLE, 100)
"""Smallest and largest `min_data_in_leaf` when it is derived from the number of rows."""


@dataclass(frozen=True, slots=True)
class FitRows:
    """Rows to fit: matrix (rows x features), outcome (rows), weight (rows), and the features' names and directions.

    `categories` are the positions of the features that LightGBM splits as categories.
    """

    matrix: Floats
    outcome: Floats
    weight: Floats
    names: tuple[str, ...]
    directions: tuple[int, ...]
    categories: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class FittedBooster:
    """A LightGBM model as text, and its number of trees (boosting rounds)."""

    text: str
    n_estimators: int


def fit_likelihood(
    rows: FitRows, settings: TrainingSettings, n_estimators: dict[str, int] | None, later: FitRows | None = None
) -> list[FittedBooster]:
    """Fit every member with every seed, in the order of the settings.

    Parameters
    ----------
    rows
        Rows to fit; the outcome is 0 or 1.
    n_estimators
        Number of trees of each member, by name; None stops early on the log loss of `later`.
    later
        Rows of a later period, for early stopping.

    Returns
    -------
    list of FittedBooster
        One per seed of each member. The same input gives the same bytes with any number of threads.
    """
    jobs: list[Callable[[], FittedBooster]] = []
    prepared: dict[tuple[object, ...], tuple[lightgbm.Dataset, lightgbm.Dataset | None]] = {}
    for member in settings.members:
        trees = member_trees(settings, member)
        key = tuple(getattr(trees, name) for name in BIN_PARAMETERS)
        if key not in prepared:
            prepared[key] = _prepare(rows, later, _parameters(trees, "binary", 0, rows, settings), settings.threads)
        data, check = prepared[key]
        fixed = member.n_estimators if n_estimators is None else n_estimators[member.name]
        for seed in member.seeds:
            parameters = _parameters(trees, "binary", seed, rows, settings)
            jobs.append(partial(_fit_one, parameters, data, check, fixed, settings))
    with ThreadPoolExecutor(max_workers=settings.threads) as pool:
        return list(pool.map(lambda job: job(), jobs))


def _fit_one(
    parameters: dict[str, Any],
    data: lightgbm.Dataset,
    later: lightgbm.Dataset | None,
    n_estimators: int | None,
    settings: TrainingSettings,
) -> FittedBooster:
    # Each booster uses one thread and several are fitted at once. So threads never wait for each other at every tree,
    # and no sum of floats depends on the number of threads.
    import lightgbm  # noqa: PLC0415 - slow to import

    if n_estimators is not None or later is None:
        count = n_estimators or settings.max_n_estimators
        return _text(lightgbm.train(parameters, data, num_boost_round=count), count)
    stop = lightgbm.early_stopping(settings.early_stopping_rounds, verbose=False)
    booster = lightgbm.train(
        parameters, data, num_boost_round=settings.max_n_estimators, valid_sets=[later], callbacks=[stop]
    )
    return _text(booster, max(int(booster.best_iteration), min(settings.min_n_estimators, booster.current_iteration())))


@dataclass(frozen=True, slots=True)
class PreparedTrial:
    """Rows binned once for all trials of a search: `data` to fit, and `later` rows to evaluate each trial on."""

    data: lightgbm.Dataset
    later: lightgbm.Dataset
    rows: FitRows


def prepare_trials(rows: FitRows, later: FitRows, settings: TrainingSettings) -> PreparedTrial:
    """Bin rows for trials whose trees keep the binning parameters of the settings."""
    parameters = _parameters(settings.trees, "binary", 0, rows, settings)
    data = _bin(rows, parameters, settings.threads)
    return PreparedTrial(data, _bin(later, parameters, settings.threads, data), rows)


def fit_trial(
    prepared: PreparedTrial, trees: Trees, settings: TrainingSettings, on_tree: Callable[[int, float], None]
) -> tuple[int, float]:
    """Fit one booster with early stopping; return its number of trees and its log loss on the later rows.

    `on_tree` is called after each tree with the number of trees and the log loss so far; an exception from it ends the
    fit.
    """
    import lightgbm  # noqa: PLC0415 - slow to import

    def report(state: Any) -> None:
        on_tree(state.iteration + 1, float(state.evaluation_result_list[0][2]))

    booster = lightgbm.train(
        _parameters(trees, "binary", settings.members[0].seeds[0], prepared.rows, settings),
        prepared.data,
        num_boost_round=settings.max_n_estimators,
        valid_sets=[prepared.later],
        callbacks=[report, lightgbm.early_stopping(settings.early_stopping_rounds, verbose=False)],
    )
    return int(booster.best_iteration), float(booster.best_score["valid_0"]["binary_logloss"])


def mean_n_estimators(settings: TrainingSettings, fitted: list[FittedBooster]) -> dict[str, int]:
    """Return, for each member, the mean number of trees at which its seeds stopped."""
    n_estimators: dict[str, int] = {}
    position = 0
    for member in settings.members:
        stopped_at = [booster.n_estimators for booster in fitted[position : position + len(member.seeds)]]
        n_estimators[member.name] = round(float(np.mean(stopped_at)))
        position += len(member.seeds)
    return n_estimators


def member_weights(settings: TrainingSettings) -> tuple[float, ...]:
    """Return the weight of each booster in the average: its member's weight split evenly among the seeds; sum 1."""
    total = sum(member.weight for member in settings.members)
    return tuple(member.weight / total / len(member.seeds) for member in settings.members for _ in member.seeds)


def fit_share(rows: FitRows, settings: TrainingSettings) -> FittedBooster:
    """Fit the share of the amount (0 to 1) on rows whose outcome happened, by least squares."""
    import lightgbm  # noqa: PLC0415 - slow to import

    parameters = _parameters(settings.share_trees, "regression", 1, rows, settings)
    data, _ = _prepare(rows, None, parameters, settings.threads)
    return _text(
        lightgbm.train(parameters, data, num_boost_round=settings.share_n_estimators), settings.share_n_estimators
    )


def fit_timing(rows: FitRows, spans: int, settings: TrainingSettings) -> FittedBooster:
    """Fit in which span of days the outcome happened, given that it did; `outcome` is the number of the span."""
    import lightgbm  # noqa: PLC0415 - slow to import

    parameters = _parameters(settings.timing_trees, "multiclass", 1, rows, settings) | {"num_class": spans}
    data, _ = _prepare(rows, None, parameters, settings.threads)
    return _text(
        lightgbm.train(parameters, data, num_boost_round=settings.timing_n_estimators), settings.timing_n_estimators
    )


def _prepare(
    rows: FitRows, later: FitRows | None, parameters: dict[str, Any], threads: int
) -> tuple[lightgbm.Dataset, lightgbm.Dataset | None]:
    data = _bin(rows, parameters, threads)
    return data, None if later is None else _bin(later, parameters, threads, data)


def _bin(
    rows: FitRows, parameters: dict[str, Any], threads: int, reference: lightgbm.Dataset | None = None
) -> lightgbm.Dataset:
    """Return a binned data set, with its own bins or with those of `reference`."""
    import lightgbm  # noqa: PLC0415 - slow to import

    return lightgbm.Dataset(
        rows.matrix,
        rows.outcome,
        weight=rows.weight,
        reference=reference,
        feature_name="auto" if reference is not None else list(rows.names),
        categorical_feature=list(rows.categories),
        params={**parameters, "num_threads": threads},  # bins are found per feature, so threads do not change them
    ).construct()


def _parameters(trees: Trees, objective: str, seed: int, rows: FitRows, settings: TrainingSettings) -> dict[str, Any]:
    parameters: dict[str, Any] = {
        **trees.model_dump(),
        "objective": objective,
        "seed": seed,
        "data_random_seed": 1,  # the same for all seeds, because they share one binned data set
        "bin_construct_sample_cnt": 20_000,  # rows sampled to place the bins
        "enable_bundle": False,  # dense features: searching for bundles took 40% of the time
        "feature_pre_filter": False,
        "deterministic": True,
        "force_col_wise": True,  # faster than row-wise on one thread, and it sums in row order
        "num_threads": 1,
        "verbosity": -1,
    }
    if trees.min_data_in_leaf is None:
        parameters["min_data_in_leaf"] = int(np.clip(len(rows.outcome) // 100, *LEAF_ROWS))
    if settings.monotone and any(rows.directions):
        parameters["monotone_constraints"] = list(rows.directions)
    return parameters


def _text(booster: lightgbm.Booster, n_estimators: int) -> FittedBooster:
    """Return the model as text, without each feature's smallest and largest value: those belong to single people."""
    text = booster.model_to_string(num_iteration=n_estimators)
    text = re.sub(
        r"^feature_infos=.*$",
        lambda match: "feature_infos=" + " ".join("none" for _ in match.group().split(" ")),
        text,
        flags=re.MULTILINE,
    )
    return FittedBooster(text, n_estimators)


def open_text(text: str) -> lightgbm.Booster:
    """Open a model text fitted in this process. For files use `payrank.models.bundle.read_bundle`; it checks them."""
    import lightgbm  # noqa: PLC0415 - slow to import

    return lightgbm.Booster(model_str=text)

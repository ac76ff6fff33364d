"""Fitting the boosters: the likelihood as an average of several, and the share given the outcome."""

from __future__ import annotations

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from payrank.features.arrays import Floats
from payrank.training.settings import TrainingSettings, Trees, member_trees

if TYPE_CHECKING:
    import lightgbm


BIN_PARAMETERS = ("max_bin", "min_data_in_bin")
"""Trees that agree on these can share one binned data set."""
LEAF_ROWS = (11, 100)
"""Fewest and most rows of a leaf where the settings leave it to the number of rows."""


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows to fit: matrix (n x features), outcome (n), weight (n), names and directions of the features.

    `categories` are the positions of the features that are split as categories.
    """

    matrix: Floats
    outcome: Floats
    weight: Floats
    names: tuple[str, ...]
    directions: tuple[int, ...]
    categories: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Fitted:
    """A LightGBM model text and the number of its trees."""

    text: str
    n_estimators: int


def fit_likelihood(
    rows: Rows, settings: TrainingSettings, n_estimators: dict[str, int] | None, later: Rows | None = None
) -> list[Fitted]:
    """Fit every member with every seed, in the order of the settings.

    Parameters
    ----------
    rows
        Rows to fit; the outcome is 0 or 1.
    n_estimators
        Trees of each member, by name; None stops early, by the log loss of `later`.
    later
        Rows of a later period, to choose the number of trees by.

    Returns
    -------
    list of Fitted
        One a seed of each member; byte for byte the same for the same input, whatever the number of threads.
    """
    jobs: list[Callable[[], Fitted]] = []
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
) -> Fitted:
    # One thread a booster, several boosters at once: no barrier at each tree, and no sum that depends on threads.
    import lightgbm  # noqa: PLC0415 - late, as everywhere

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
    """Rows binned once for all trials of a search: to fit, and later ones to be judged by."""

    data: lightgbm.Dataset
    later: lightgbm.Dataset
    rows: Rows


def prepare_trials(rows: Rows, later: Rows, settings: TrainingSettings) -> PreparedTrial:
    """Bin rows for trials of trees that agree with the settings on the parameters of bins."""
    parameters = _parameters(settings.trees, "binary", 0, rows, settings)
    data = _bin(rows, parameters, settings.threads)
    return PreparedTrial(data, _bin(later, parameters, settings.threads, data), rows)


def fit_trial(
    prepared: PreparedTrial, trees: Trees, settings: TrainingSettings, look: Callable[[int, float], None]
) -> tuple[int, float]:
    """Fit one booster with early stopping; return its number of trees and its log loss on the later rows.

    `look` is called after each tree with their number and the log loss so far; what it raises ends the fit.
    """
    import lightgbm  # noqa: PLC0415 - late, as everywhere

    def report(state: Any) -> None:
        look(state.iteration + 1, float(state.evaluation_result_list[0][2]))

    booster = lightgbm.train(
        _parameters(trees, "binary", settings.members[0].seeds[0], prepared.rows, settings),
        prepared.data,
        num_boost_round=settings.max_n_estimators,
        valid_sets=[prepared.later],
        callbacks=[report, lightgbm.early_stopping(settings.early_stopping_rounds, verbose=False)],
    )
    return int(booster.best_iteration), float(booster.best_score["valid_0"]["binary_logloss"])


def member_rounds(settings: TrainingSettings, fitted: list[Fitted]) -> dict[str, int]:
    """Return for each member the mean number of trees that its seeds stopped at."""
    n_estimators: dict[str, int] = {}
    position = 0
    for member in settings.members:
        found = [one.n_estimators for one in fitted[position : position + len(member.seeds)]]
        n_estimators[member.name] = round(float(np.mean(found)))
        position += len(member.seeds)
    return n_estimators


def member_weights(settings: TrainingSettings) -> tuple[float, ...]:
    """Return the weight of each booster in the average: each member's, shared out among its seeds; the sum is 1."""
    total = sum(member.weight for member in settings.members)
    return tuple(member.weight / total / len(member.seeds) for member in settings.members for _ in member.seeds)


def fit_share(rows: Rows, settings: TrainingSettings) -> Fitted:
    """Fit the share of the amount (0 to 1) over rows whose outcome happened, by least squares."""
    import lightgbm  # noqa: PLC0415 - late, as everywhere

    parameters = _parameters(settings.share_trees, "regression", 1, rows, settings)
    data, _ = _prepare(rows, None, parameters, settings.threads)
    return _text(
        lightgbm.train(parameters, data, num_boost_round=settings.share_n_estimators), settings.share_n_estimators
    )


def fit_timing(rows: Rows, spans: int, settings: TrainingSettings) -> Fitted:
    """Fit the span of days in which the outcome came, given that it did; the outcome is the span's number."""
    import lightgbm  # noqa: PLC0415 - late, as everywhere

    parameters = _parameters(settings.timing_trees, "multiclass", 1, rows, settings) | {"num_class": spans}
    data, _ = _prepare(rows, None, parameters, settings.threads)
    return _text(
        lightgbm.train(parameters, data, num_boost_round=settings.timing_n_estimators), settings.timing_n_estimators
    )


def _prepare(
    rows: Rows, later: Rows | None, parameters: dict[str, Any], threads: int
) -> tuple[lightgbm.Dataset, lightgbm.Dataset | None]:
    data = _bin(rows, parameters, threads)
    return data, None if later is None else _bin(later, parameters, threads, data)


def _bin(
    rows: Rows, parameters: dict[str, Any], threads: int, reference: lightgbm.Dataset | None = None
) -> lightgbm.Dataset:
    """Return rows in bins of their own, or in those of other rows."""
    import lightgbm  # noqa: PLC0415 - late, as everywhere

    return lightgbm.Dataset(
        rows.matrix,
        rows.outcome,
        weight=rows.weight,
        reference=reference,
        feature_name="auto" if reference is not None else list(rows.names),
        categorical_feature=list(rows.categories),
        params={**parameters, "num_threads": threads},  # binning is by feature: threads do not change it
    ).construct()


def _parameters(trees: Trees, objective: str, seed: int, rows: Rows, settings: TrainingSettings) -> dict[str, Any]:
    parameters: dict[str, Any] = {
        **trees.model_dump(),
        "objective": objective,
        "seed": seed,
        "data_random_seed": 1,  # the same for all seeds, which share one binned data set
        "bin_construct_sample_cnt": 20_000,  # rows that the bins are drawn from
        "enable_bundle": False,  # the features are dense: looking for bundles cost 40 % of the time, measured
        "feature_pre_filter": False,
        "deterministic": True,
        "force_col_wise": True,  # faster than row-wise on one thread, and sums in the order of the rows
        "num_threads": 1,
        "verbosity": -1,
    }
    if trees.min_data_in_leaf is None:
        parameters["min_data_in_leaf"] = int(np.clip(len(rows.outcome) // 100, *LEAF_ROWS))
    if settings.monotone and any(rows.directions):
        parameters["monotone_constraints"] = list(rows.directions)
    return parameters


def _text(booster: lightgbm.Booster, n_estimators: int) -> Fitted:
    """Return the model as text without the smallest and largest value of each feature, which are one person's."""
    text = booster.model_to_string(num_iteration=n_estimators)
    text = re.sub(
        r"^feature_infos=.*$",
        lambda found: "feature_infos=" + " ".join("none" for _ in found.group().split(" ")),
        text,
        flags=re.MULTILINE,
    )
    return Fitted(text, n_estimators)


def open_text(text: str) -> lightgbm.Booster:
    """Open a model text that was just fitted here; one from a file goes through `payrank.models.bundle.read_bundle`."""
    import lightgbm  # noqa: PLC0415 - late, as everywhere

    return lightgbm.Booster(model_str=text)

"""Searches for better tree parameters with Optuna: seeded, pruned, and on the tuning period only."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from payrank.extracts.errors import WrongUsageError
from payrank.extracts.optional import require
from payrank.features.frame import Frame
from payrank.models.manifest import ModelKind
from payrank.models.matrix import encode, learn_columns
from payrank.training.fit.auto_settings import SIMPLE_VALUES, thin_rows
from payrank.training.fit.boosters import LEAF_ROWS, PreparedTrial, fit_trial, prepare_trials
from payrank.training.fit.rows import class_weights, numbers, rows_to_fit
from payrank.training.settings import TrainingSettings, Trees
from payrank.training.training_job import TrainingJob, plan_job

if TYPE_CHECKING:
    import optuna

MAX_FIT_ROWS, MAX_HOLDOUT_ROWS = 100_000, 50_000
"""Rows of a trial, evenly spaced in time. More rows barely improve the comparison of settings."""
REPORT_EVERY = 10
"""Trees between two checks of whether to prune a trial."""
STARTUP = 5
"""Trials that are drawn at random, and never pruned, before the search starts to learn from them."""

Bounds = tuple[float, float]
SHARES: Mapping[str, Bounds] = {"feature_fraction": (0.2, 1.0), "bagging_fraction": (0.5, 1.0)}
SCALES: Mapping[str, Bounds] = {"learning_rate": (0.02, 0.2), "lambda_l2": (0.1, 100.0)}
COUNTS: Mapping[str, tuple[int, int]] = {"num_leaves": (4, 64), "min_data_in_leaf": (LEAF_ROWS[0], 500)}
"""The search space, with inclusive bounds; scales and counts are sampled on a log scale. The binning parameters are not
searched, so that every trial uses the same binned rows."""


@dataclass(frozen=True, slots=True)
class Budget:
    """When a search ends: after `trials` trials or `minutes` minutes, whichever comes first.

    A search is only reproducible without a time limit.
    """

    trials: int = 30
    minutes: float | None = None


@dataclass(frozen=True, slots=True)
class OptunaTrial:
    """One trial: its number, parameters, log loss on the tuning period (None if it did not finish), and trees."""

    number: int
    params: Mapping[str, Any]
    value: float | None
    state: Literal["complete", "pruned", "failed"]
    n_estimators: int


@dataclass(frozen=True, slots=True)
class TuningResult:
    """The settings with the best tree parameters, the log loss before and after, and all trials in order."""

    settings: TrainingSettings
    before: float
    after: float
    trials: tuple[OptunaTrial, ...]


def tune(
    frame: Frame,
    *,
    kind: ModelKind,
    as_of: date,
    budget: Budget,
    settings: TrainingSettings | None = None,
    seed: int = 1,
    on_trial: Callable[[OptunaTrial, float], None] | None = None,
) -> TuningResult:
    """Search for the tree parameters whose likelihood model forecasts the tuning period best.

    The first trial uses the settings unchanged, so the result is never worse. Later periods, including the final test,
    are not used.

    Parameters
    ----------
    frame, kind, as_of, settings
        As in `payrank.training.train.train`; members keep their own changes to the trees.
    seed
        Seed of the sampler: the same seed and number of trials give the same trials.
    on_trial
        Called after each trial with the trial and the lowest log loss so far.

    Raises
    ------
    WrongUsageError
        If Optuna is not installed, or the budget has no trial.
    NoUsableModelError
        As in `train`.
    """
    if budget.trials < 1 or (budget.minutes is not None and budget.minutes <= 0):
        raise WrongUsageError(
            f"a search needs at least one trial and more than 0 minutes; found: {budget.trials} trials, "
            f"{budget.minutes} minutes"
        )
    optuna = _import_optuna()
    job = plan_job(frame, kind=kind, as_of=as_of, settings=settings)
    search = _Search(job.settings, _prepare(job), on_trial)
    study = optuna.create_study(
        direction="minimize",
        sampler=optuna.samplers.TPESampler(seed=seed, n_startup_trials=STARTUP),
        pruner=optuna.pruners.MedianPruner(n_startup_trials=STARTUP, n_warmup_steps=3 * REPORT_EVERY),
    )
    study.enqueue_trial(search.first)
    started = time.monotonic()

    def end_in_time(study: Any, _: object) -> None:
        if budget.minutes is not None and time.monotonic() - started > budget.minutes * 60:
            study.stop()

    study.optimize(search.run, n_trials=budget.trials, callbacks=[end_in_time])
    return search.result()


@dataclass
class _Search:
    """The trials so far. Optuna proposes parameters and `fit_trial` measures them."""

    settings: TrainingSettings
    prepared: PreparedTrial
    on_trial: Callable[[OptunaTrial, float], None] | None
    trials: list[OptunaTrial] = field(default_factory=list)

    @property
    def first(self) -> dict[str, float]:
        """The parameters of the current settings, clipped to the search space."""
        trees = self.settings.trees.model_dump()
        if trees["min_data_in_leaf"] is None:
            trees["min_data_in_leaf"] = len(self.prepared.rows.outcome) // 100
        bounds = {**SHARES, **SCALES, **COUNTS}
        return {name: type(low)(np.clip(trees[name], low, high)) for name, (low, high) in bounds.items()}

    def run(self, trial: optuna.Trial) -> float:
        import optuna  # noqa: PLC0415 - an optional dependency

        drawn: dict[str, float] = {name: trial.suggest_float(name, *bounds) for name, bounds in SHARES.items()}
        drawn |= {name: trial.suggest_float(name, *bounds, log=True) for name, bounds in SCALES.items()}
        drawn |= {name: trial.suggest_int(name, *bounds, log=True) for name, bounds in COUNTS.items()}
        trees = self.settings.trees if trial.number == 0 else self.with_parameters(drawn)
        grown = 0

        def on_tree(n_estimators: int, loss: float) -> None:
            nonlocal grown
            grown = n_estimators
            if n_estimators % REPORT_EVERY == 0:
                trial.report(loss, n_estimators)
                if trial.should_prune():
                    raise optuna.TrialPruned

        try:
            n_estimators, value = fit_trial(self.prepared, trees, self.settings, on_tree)
        except optuna.TrialPruned:
            self._record(OptunaTrial(trial.number, drawn, None, "pruned", grown))
            raise
        self._record(OptunaTrial(trial.number, drawn, value, "complete", n_estimators))
        return value

    def with_parameters(self, parameters: Mapping[str, float]) -> Trees:
        """Return the trees of the settings with the parameters of a trial."""
        return Trees.model_validate({**self.settings.trees.model_dump(), **parameters})

    def _record(self, trial: OptunaTrial) -> None:
        self.trials.append(trial)
        if self.on_trial is not None:
            self.on_trial(trial, min(past.value for past in self.trials if past.value is not None))

    def result(self) -> TuningResult:
        losses = {trial.number: trial.value for trial in self.trials if trial.value is not None}
        best = min(losses, key=lambda number: (losses[number], number))
        settings = self.settings if best == 0 else self._settings_with(self.trials[best])
        return TuningResult(settings, losses[0], losses[best], tuple(self.trials))

    def _settings_with(self, best: OptunaTrial) -> TrainingSettings:
        """Return the settings with a trial's trees, and its number of trees where that is fixed: step sizes differ."""
        n_estimators = max(best.n_estimators, self.settings.min_n_estimators)
        members = tuple(
            member if member.n_estimators is None else member.model_copy(update={"n_estimators": n_estimators})
            for member in self.settings.members
        )
        return self.settings.model_copy(update={"trees": self.with_parameters(best.params), "members": members})


def _prepare(job: TrainingJob) -> PreparedTrial:
    """Return the rows of the tuning period and of its fit, thinned and binned."""
    data, settings, tuning = job.data, job.settings, job.design.splits[0]
    auto_values = {name: value for name, value in SIMPLE_VALUES.items() if getattr(settings, name) == "auto"}
    simple = settings.model_copy(update=auto_values)
    fitted, holdout = thin_rows(tuning.fitted, MAX_FIT_ROWS), thin_rows(tuning.predicted, MAX_HOLDOUT_ROWS)
    columns = learn_columns(data.iloc[fitted], job.frame.features, native=simple.categories == "native")
    rows = rows_to_fit(data, columns, fitted, simple)
    later = data.iloc[holdout]
    label = numbers(later["label"])
    other, event = class_weights(rows.outcome, simple)
    later_rows = replace(rows, matrix=encode(later, columns), outcome=label, weight=np.where(label == 1, event, other))
    return prepare_trials(rows, later_rows, simple)


def _import_optuna() -> Any:
    optuna = require("optuna", extra="tune", needed_for="a search for tree parameters")
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    return optuna

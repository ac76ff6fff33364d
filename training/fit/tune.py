"""Search for better trees: Optuna's trials on the tuning period, pruned, seeded, and never near the final test."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from payrank.extracts.errors import WrongUsageError
from payrank.features.frame import Frame
from payrank.models.manifest import ModelKind
from payrank.models.matrix import encode, learn_columns
from payrank.training.design.check_frame import check_frame, check_outcomes
from payrank.training.design.temporal import plan_periods
from payrank.training.fit.auto_settings import FIRST, thin
from payrank.training.fit.boosters import LEAF_ROWS, PreparedTrial, fit_trial, prepare_trials
from payrank.training.fit.rows import class_weights, numbers, rows_to_fit
from payrank.training.settings import TrainingSettings, Trees, default_settings

if TYPE_CHECKING:
    import optuna

MOST_FITTED, MOST_JUDGED = 100_000, 50_000
"""Rows of a trial, evenly spaced in time: more tell settings apart little better."""
REPORT_EVERY = 10
"""Trees between two looks at whether a trial is worth going on with."""
STARTUP = 5
"""Trials that are drawn at random, and never pruned, before the search learns from them."""

Bounds = tuple[float, float]
SHARES: Mapping[str, Bounds] = {"feature_fraction": (0.2, 1.0), "bagging_fraction": (0.5, 1.0)}
SCALES: Mapping[str, Bounds] = {"learning_rate": (0.02, 0.2), "lambda_l2": (0.1, 100.0)}
COUNTS: Mapping[str, tuple[int, int]] = {"num_leaves": (4, 64), "min_data_in_leaf": (LEAF_ROWS[0], 500)}
"""What is searched and between which bounds, ends included; scales and counts by their logarithm. The parameters of
bins are not, so that every trial reads the same binned rows."""


@dataclass(frozen=True, slots=True)
class Budget:
    """When a search ends: after so many trials, or so many minutes, whichever comes first.

    Only without minutes is the search the same on every machine.
    """

    trials: int = 30
    minutes: float | None = None


@dataclass(frozen=True, slots=True)
class TunedTrial:
    """One trial: its number, what it tried, its log loss on the tuning period (None: it did not end), its trees."""

    number: int
    params: Mapping[str, Any]
    value: float | None
    state: Literal["complete", "pruned", "failed"]
    n_estimators: int


@dataclass(frozen=True, slots=True)
class Tuned:
    """The settings with the best trees found, the log loss before and after, and every trial in order."""

    settings: TrainingSettings
    before: float
    after: float
    trials: tuple[TunedTrial, ...]


def tune(
    frame: Frame,
    *,
    kind: ModelKind,
    as_of: date,
    budget: Budget,
    settings: TrainingSettings | None = None,
    seed: int = 1,
    tell: Callable[[TunedTrial, float], None] | None = None,
) -> Tuned:
    """Search for the trees of the likelihood that forecast the tuning period best.

    The first trial is the settings as they are, so the search never ends worse than it began. The periods after the
    tuning period, the final test among them, are not looked at.

    Parameters
    ----------
    frame, kind, as_of, settings
        As of `payrank.training.train.train`; members keep what they change in the trees.
    seed
        Of the sampler: the same seed and number of trials give the same trials.
    tell
        Called after each trial with it and the least log loss so far.

    Raises
    ------
    WrongUsageError
        When Optuna is not installed, or the budget is of no trial.
    NoUsableModelError
        As of `train`.
    """
    if budget.trials < 1 or (budget.minutes is not None and budget.minutes <= 0):
        raise WrongUsageError(
            f"a search needs at least one trial and more than 0 minutes; given: {budget.trials} trials, "
            f"{budget.minutes} minutes"
        )
    optuna = _import_optuna()
    settings = settings or default_settings(kind)
    check_frame(frame, kind)
    check_outcomes(frame.data["label"], kind, settings)
    search = _Search(settings, _prepare(frame, as_of, settings), tell)
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
    """The trials so far; Optuna says what to try, `fit_trial` what it is worth."""

    settings: TrainingSettings
    prepared: PreparedTrial
    tell: Callable[[TunedTrial, float], None] | None
    done: list[TunedTrial] = field(default_factory=list)

    @property
    def first(self) -> dict[str, float]:
        """The settings as they are, within the bounds of the search."""
        trees = self.settings.trees.model_dump()
        if trees["min_data_in_leaf"] is None:
            trees["min_data_in_leaf"] = len(self.prepared.rows.outcome) // 100
        bounds = {**SHARES, **SCALES, **COUNTS}
        return {name: type(low)(np.clip(trees[name], low, high)) for name, (low, high) in bounds.items()}

    def run(self, trial: optuna.Trial) -> float:
        import optuna  # noqa: PLC0415 - an optional extra

        drawn: dict[str, float] = {name: trial.suggest_float(name, *bounds) for name, bounds in SHARES.items()}
        drawn |= {name: trial.suggest_float(name, *bounds, log=True) for name, bounds in SCALES.items()}
        drawn |= {name: trial.suggest_int(name, *bounds, log=True) for name, bounds in COUNTS.items()}
        trees = self.settings.trees if trial.number == 0 else self.trees_of(drawn)
        seen = 0

        def look(n_estimators: int, loss: float) -> None:
            nonlocal seen
            seen = n_estimators
            if n_estimators % REPORT_EVERY == 0:
                trial.report(loss, n_estimators)
                if trial.should_prune():
                    raise optuna.TrialPruned

        try:
            n_estimators, value = fit_trial(self.prepared, trees, self.settings, look)
        except optuna.TrialPruned:
            self._note(TunedTrial(trial.number, drawn, None, "pruned", seen))
            raise
        self._note(TunedTrial(trial.number, drawn, value, "complete", n_estimators))
        return value

    def trees_of(self, drawn: Mapping[str, float]) -> Trees:
        """Return the settings' trees with what a trial drew."""
        return Trees.model_validate({**self.settings.trees.model_dump(), **drawn})

    def _note(self, trial: TunedTrial) -> None:
        self.done.append(trial)
        if self.tell is not None:
            self.tell(trial, min(one.value for one in self.done if one.value is not None))

    def result(self) -> Tuned:
        ended = {one.number: one.value for one in self.done if one.value is not None}
        best = min(ended, key=lambda number: (ended[number], number))
        found = self.settings if best == 0 else self._settings_of(self.done[best])
        return Tuned(found, ended[0], ended[best], tuple(self.done))

    def _settings_of(self, best: TunedTrial) -> TrainingSettings:
        """Return the settings with a trial's trees; where their number was fixed, it is the trial's: steps differ."""
        n_estimators = max(best.n_estimators, self.settings.min_n_estimators)
        members = tuple(
            member if member.n_estimators is None else member.model_copy(update={"n_estimators": n_estimators})
            for member in self.settings.members
        )
        return self.settings.model_copy(update={"trees": self.trees_of(best.params), "members": members})


def _prepare(frame: Frame, as_of: date, settings: TrainingSettings) -> PreparedTrial:
    """Return the rows of the tuning period and of its fit, thinned and binned."""
    data = frame.data
    tuning = plan_periods(data, frame.target.label_lag_days, as_of, settings).splits[0]
    plain = settings.model_copy(update={name: FIRST[name] for name in FIRST if getattr(settings, name) == "auto"})
    fitted, holdout = thin(tuning.fitted, MOST_FITTED), thin(tuning.predicted, MOST_JUDGED)
    columns = learn_columns(data.iloc[fitted], frame.features, native=plain.categories == "native")
    rows = rows_to_fit(data, columns, fitted, plain)
    later = data.iloc[holdout]
    label = numbers(later["label"])
    none, event = class_weights(rows.outcome, plain)
    check = replace(rows, matrix=encode(later, columns), outcome=label, weight=np.where(label == 1, event, none))
    return prepare_trials(rows, check, plain)


def _import_optuna() -> Any:
    try:
        import optuna  # noqa: PLC0415 - an optional extra
    except ImportError:
        raise WrongUsageError(
            "a search needs Optuna, which is not installed: pip install 'payrank[tune]', or train without --tune"
        ) from None
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    return optuna

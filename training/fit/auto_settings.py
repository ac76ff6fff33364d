"""Resolves the settings left to validation: small fits try each one on the tuning period, and keep what clearly helps.

Every comparison is paired by row. A setting replaces the simpler one only if the log loss falls by more than two
standard errors, because the tuning period also chooses the number of trees and noise would otherwise add complexity.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from payrank.features.arrays import Floats
from payrank.models.matrix import ModelColumn, encode, learn_columns
from payrank.models.records.auto_settings import AutoSettings, TuningTrial
from payrank.training.design.temporal import Positions
from payrank.training.fit.boosters import FitRows, fit_likelihood, open_text
from payrank.training.fit.rows import class_weights, fit_weights, numbers
from payrank.training.settings import Member, TrainingSettings
from payrank.training.training_job import TrainingJob

MIN_TUNING_OUTCOMES = 500
"""Outcomes of each kind in the tuning period below which nothing is tried, because noise would decide."""
MAX_FIT_ROWS, MAX_HOLDOUT_ROWS, MAX_TREES = 30_000, 20_000, 120
"""Rows and trees of a trial. It only compares settings and is never served."""
HALF_LIVES = (720.0, 360.0)
SIGNIFICANT = 2.0
"""Standard errors by which a setting must help before it replaces the simpler one."""
MIN_RELATIVE_GAIN = {"categories": 0.005}
"""Share of the log loss that a setting must save in addition: native categories make explanations slow."""
CONTRADICTED_BELOW, MIN_CONTRIBUTION_SHARE, EXPLAINED_ROWS = -0.5, 0.01, 1000
"""The data contradict a direction if the rank correlation of value and SHAP contribution, times the direction, is below
the first number and the feature makes up at least the second share of all contributions. Measured on this many rows."""

SIMPLE_VALUES: dict[str, Any] = {
    "categories": "codes",
    "monotone": True,
    "class_weight": "none",
    "half_life_days": "none",
}
"""The value of each setting when nothing can be tried."""


def resolve_auto_settings(job: TrainingJob) -> TrainingJob:
    """Return the job with every `"auto"` setting resolved, and the record of the trials.

    Only the tuning period, and what was known before it, is used.
    """
    names = [name for name in SIMPLE_VALUES if getattr(job.settings, name) == "auto"]
    simple = replace(job, settings=job.settings.model_copy(update={name: SIMPLE_VALUES[name] for name in names}))
    label = numbers(job.data["label"])[job.design.splits[0].predicted]
    if not names or min(int((label == 1).sum()), int((label == 0).sum())) < MIN_TUNING_OUTCOMES:
        return simple
    settings, record = _Trials(simple, simple.settings).run(names)
    return replace(job, settings=settings, auto_settings=record)


@dataclass
class _Trials:
    """Small fits on the same rows, one after the other. Each is compared with the best settings so far."""

    job: TrainingJob
    best: TrainingSettings
    trials: list[TuningTrial] = field(default_factory=list)

    def __post_init__(self) -> None:
        tuning, data = self.job.design.splits[0], self.job.data
        self.fitted = thin_rows(tuning.fitted, MAX_FIT_ROWS)
        self.holdout = thin_rows(tuning.predicted, MAX_HOLDOUT_ROWS)
        before, later = data.iloc[self.fitted], data.iloc[self.holdout]
        self.columns = learn_columns(before, self.job.frame.features)
        self.fit_matrix, self.holdout_matrix = encode(before, self.columns), encode(later, self.columns)
        self.fit_label, self.holdout_label = numbers(before["label"]), numbers(later["label"])
        self.household = pd.factorize(later["household"])[0]

    def run(self, names: Sequence[str]) -> tuple[TrainingSettings, AutoSettings]:
        if "monotone" in names:
            losses = self._choose_monotone()
        else:
            losses, _ = self._fit(self.best)
        for name, values in (
            ("categories", ("native",)),
            ("class_weight", ("balanced",)),
            ("half_life_days", HALF_LIVES),
        ):
            for value in values if name in names else ():
                losses = self._try(losses, name, value)
        unconstrained = self.best.unconstrained if self.best.monotone else ()
        return self.best, AutoSettings(
            fitted_rows=len(self.fitted),
            holdout_rows=len(self.holdout),
            unconstrained_features=unconstrained,
            trials=tuple(self.trials),
        )

    def _choose_monotone(self) -> Floats:
        """Enforce the directions that the data do not contradict, unless that costs significantly."""
        loose = self.best.model_copy(update={"monotone": False})
        loose_losses, text = self._fit(loose)
        unconstrained = contradicted_features(text, self.holdout_matrix[: EXPLAINED_ROWS * 4 : 4], self.columns)
        monotone = self.best.model_copy(update={"unconstrained": unconstrained})
        losses, _ = self._fit(monotone)
        cost, error = self._gain(losses, loose_losses)
        keep = cost <= SIGNIFICANT * error
        value = f"enforced, except for {len(unconstrained)}" if unconstrained else "enforced"
        self._record("monotone", value, losses, (-cost, error), keep)
        self.best = monotone if keep else loose
        return losses if keep else loose_losses

    def _try(self, best_losses: Floats, name: str, value: Any) -> Floats:
        changed = self.best.model_copy(update={name: value})
        losses, _ = self._fit(changed)
        gain, error = self._gain(best_losses, losses)
        keep = gain > max(SIGNIFICANT * error, MIN_RELATIVE_GAIN.get(name, 0.0) * float(best_losses.mean()))
        self._record(name, str(value), losses, (gain, error), keep)
        if keep:
            self.best = changed
        return losses if keep else best_losses

    def _record(self, name: str, value: str, losses: Floats, gain: tuple[float, float], keep: bool) -> None:
        loss, improvement, error = (round(float(number), 6) for number in (losses.mean(), *gain))
        self.trials.append(
            TuningTrial(
                setting=name,
                value=value,
                log_loss=loss,
                improvement=improvement,
                standard_error=error,
                accepted=keep,
            )
        )

    def _fit(self, settings: TrainingSettings) -> tuple[Floats, str]:
        """Return the log loss of each holdout row under a small fit, and the fit as text."""
        trial = settings.model_copy(
            update={
                "members": (Member(seeds=(1,)),),
                "max_n_estimators": min(MAX_TREES, settings.max_n_estimators),
            }
        )
        native = settings.categories == "native"
        rows = FitRows(
            matrix=self.fit_matrix,
            outcome=self.fit_label,
            weight=fit_weights(self.job.data, self.fitted, settings),
            names=tuple(column.name for column in self.columns),
            directions=tuple(
                0 if column.name in settings.unconstrained else column.direction for column in self.columns
            ),
            categories=tuple(n for n, column in enumerate(self.columns) if native and column.levels is not None),
        )
        other, event = class_weights(self.fit_label, settings)
        later = replace(
            rows,
            matrix=self.holdout_matrix,
            outcome=self.holdout_label,
            weight=np.where(self.holdout_label == 1, event, other),
        )
        (fitted,) = fit_likelihood(rows, trial, None, later)
        raw = np.asarray(open_text(fitted.text).predict(self.holdout_matrix, raw_score=True, num_threads=trial.threads))
        # Class weights shift every score by the same log-odds. Calibration removes that shift later; so does this.
        return log_losses(raw - np.log(event / other), self.holdout_label), fitted.text

    def _gain(self, before: Floats, after: Floats) -> tuple[float, float]:
        """Return how much the mean log loss fell, and the standard error of that over households."""
        fall = before - after
        by_household = np.bincount(self.household, weights=fall - fall.mean())
        return float(fall.mean()), float(np.sqrt((by_household**2).sum()) / len(fall))


def thin_rows(rows: Positions, max_rows: int) -> Positions:
    """Return at most `max_rows` of the rows, evenly spaced in time.

    >>> thin_rows(np.arange(10), 4).tolist()
    [0, 2, 5, 7]
    """
    if len(rows) <= max_rows:
        return rows
    return rows[np.arange(max_rows) * len(rows) // max_rows]


def log_losses(raw: Floats, label: Floats) -> Floats:
    """Return the log loss of each row from its log-odds, without overflow.

    >>> log_losses(np.array([0.0, 800.0]), np.array([1.0, 1.0])).round(3).tolist()
    [0.693, 0.0]
    """
    losses: Floats = np.logaddexp(0.0, np.where(label == 1, -raw, raw))
    return losses


def contradicted_features(text: str, matrix: Floats, columns: Sequence[ModelColumn]) -> tuple[str, ...]:
    """Return the features whose direction is contradicted by a model that was fitted without directions."""
    directed = [place for place, column in enumerate(columns) if column.direction]
    if not directed:
        return ()
    contributions = np.asarray(open_text(text).predict(matrix, pred_contrib=True))[:, :-1]
    size = np.abs(contributions).mean(axis=0)
    contradicted = []
    for place in directed:
        known = ~np.isnan(matrix[:, place])
        if size[place] < MIN_CONTRIBUTION_SHARE * size.sum() or known.sum() < 2:
            continue
        value, part = (pd.Series(table[known, place]).rank().to_numpy() for table in (matrix, contributions))
        if value.std() > 0 and part.std() > 0:
            agreement = columns[place].direction * float(np.corrcoef(value, part)[0, 1])
            if agreement < CONTRADICTED_BELOW:
                contradicted.append(columns[place].name)
    return tuple(contradicted)

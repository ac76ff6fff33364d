"""Settings left to validation: each is tried on the tuning period by small fits, and kept where it surely helps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from payrank.features.arrays import Floats
from payrank.features.feature import Feature
from payrank.models.matrix import ModelColumn, encode, learn_columns
from payrank.models.records.auto_settings import AutoSettings, TuningTrial
from payrank.training.design.temporal import Positions, Split
from payrank.training.fit.boosters import Rows, fit_likelihood, open_text
from payrank.training.fit.rows import class_weights, fit_weights, numbers
from payrank.training.settings import Member, TrainingSettings

FEWEST_TO_CHOOSE = 500
"""Outcomes of each kind in the tuning period below which nothing is tried: chance would choose."""
MOST_FITTED, MOST_JUDGED, MOST_ROUNDS = 30_000, 20_000, 120
"""Rows and trees of a trial: it compares settings, and is not served."""
HALF_LIVES = (720.0, 360.0)
SURELY = 2.0
"""Standard errors by which a setting must help before it is taken over the plainer one."""
WORTH = {"categories": 0.005}
"""Part of the log loss that a setting must save beyond that: native categories make explanations slow."""
AGAINST, SEEN, EXPLAINED = -0.5, 0.01, 1000
"""A direction is contradicted when the rank correlation of value and contribution (SHAP, on that many rows) is beyond
this against it, and the feature has at least this part in all contributions."""

FIRST: dict[str, Any] = {"categories": "codes", "monotone": True, "class_weight": "none", "half_life_days": "none"}
"""What stands where nothing can be tried."""


def choose_settings(
    data: pd.DataFrame, features: Sequence[Feature], tuning: Split, settings: TrainingSettings
) -> tuple[TrainingSettings, AutoSettings]:
    """Return the settings with every `auto` settled, and the record of what was tried.

    Only the tuning period is looked at, and what was known before it.
    """
    open_ones = [name for name in FIRST if getattr(settings, name) == "auto"]
    plain = settings.model_copy(update={name: FIRST[name] for name in open_ones})
    later = numbers(data["label"])[tuning.predicted]
    enough = min(int((later == 1).sum()), int((later == 0).sum())) >= FEWEST_TO_CHOOSE
    if not open_ones or not enough:
        return plain, AutoSettings()
    return _Trials(data, features, tuning, plain).choose(open_ones)


@dataclass
class _Trials:
    """Small fits on the same rows, one after the other; each is compared with the best so far."""

    data: pd.DataFrame
    features: Sequence[Feature]
    tuning: Split
    best: TrainingSettings
    tried: list[TuningTrial] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.fitted = thin(self.tuning.fitted, MOST_FITTED)
        self.holdout = thin(self.tuning.predicted, MOST_JUDGED)
        before, later = self.data.iloc[self.fitted], self.data.iloc[self.holdout]
        self.columns = learn_columns(before, self.features)
        self.matrix, self.seen = encode(before, self.columns), encode(later, self.columns)
        self.before, self.label = numbers(before["label"]), numbers(later["label"])
        self.household = pd.factorize(later["household"])[0]

    def choose(self, open_ones: Sequence[str]) -> tuple[TrainingSettings, AutoSettings]:
        if "monotone" in open_ones:
            losses = self._choose_monotone()
        else:
            losses, _ = self._fit(self.best)
        for name, values in (
            ("categories", ("native",)),
            ("class_weight", ("balanced",)),
            ("half_life_days", HALF_LIVES),
        ):
            for value in values if name in open_ones else ():
                losses = self._try(losses, name, value)
        freed = self.best.unconstrained if self.best.monotone else ()
        return self.best, AutoSettings(
            fitted_rows=len(self.fitted),
            holdout_rows=len(self.holdout),
            unconstrained_features=freed,
            trials=tuple(self.tried),
        )

    def _choose_monotone(self) -> Floats:
        """Hold the directions that the data do not contradict, unless that surely costs more than it guards."""
        loose = self.best.model_copy(update={"monotone": False})
        without, text = self._fit(loose)
        freed = contradicted(text, self.seen[: EXPLAINED * 4 : 4], self.columns)
        held = self.best.model_copy(update={"unconstrained": freed})
        losses, _ = self._fit(held)
        cost, error = self._gain(losses, without)
        keep = cost <= SURELY * error
        self._note("monotone", f"held, but for {len(freed)}" if freed else "held", losses, (-cost, error), keep)
        self.best = held if keep else loose
        return losses if keep else without

    def _try(self, losses: Floats, name: str, value: Any) -> Floats:
        changed = self.best.model_copy(update={name: value})
        found, _ = self._fit(changed)
        gain, error = self._gain(losses, found)
        keep = gain > max(SURELY * error, WORTH.get(name, 0.0) * float(losses.mean()))
        self._note(name, str(value), found, (gain, error), keep)
        if keep:
            self.best = changed
        return found if keep else losses

    def _note(self, name: str, value: str, losses: Floats, gained: tuple[float, float], kept: bool) -> None:
        told = [round(float(figure), 6) for figure in (losses.mean(), *gained)]
        self.tried.append(
            TuningTrial(
                setting=name, value=value, log_loss=told[0], improvement=told[1], standard_error=told[2], accepted=kept
            )
        )

    def _fit(self, settings: TrainingSettings) -> tuple[Floats, str]:
        """Return the log loss of each judged row by a small fit, and the fit."""
        trial = settings.model_copy(
            update={"members": (Member(seeds=(1,)),), "max_n_estimators": min(MOST_ROUNDS, settings.max_n_estimators)}
        )
        native = settings.categories == "native"
        rows = Rows(
            matrix=self.matrix,
            outcome=self.before,
            weight=fit_weights(self.data, self.fitted, settings),
            names=tuple(column.name for column in self.columns),
            directions=tuple(
                0 if column.name in settings.unconstrained else column.direction for column in self.columns
            ),
            categories=tuple(n for n, column in enumerate(self.columns) if native and column.levels is not None),
        )
        heavy = class_weights(self.before, settings)
        check = replace(
            rows, matrix=self.seen, outcome=self.label, weight=np.where(self.label == 1, heavy[1], heavy[0])
        )
        (fitted,) = fit_likelihood(rows, trial, None, check)
        raw = np.asarray(open_text(fitted.text).predict(self.seen, raw_score=True, num_threads=trial.threads))
        # Heavier events lift every score by the same log-odds, which the calibration takes back later.
        return log_losses(raw - np.log(heavy[1] / heavy[0]), self.label), fitted.text

    def _gain(self, best: Floats, found: Floats) -> tuple[float, float]:
        """Return by how much the mean log loss fell, and the standard error of that over households."""
        fell = best - found
        by_household = np.bincount(self.household, weights=fell - fell.mean())
        return float(fell.mean()), float(np.sqrt((by_household**2).sum()) / len(fell))


def thin(rows: Positions, most: int) -> Positions:
    """Return at most so many of the rows, evenly spaced in time: a trial needs no more.

    >>> thin(np.arange(10), 4).tolist()
    [0, 2, 5, 7]
    """
    if len(rows) <= most:
        return rows
    return rows[np.arange(most) * len(rows) // most]


def log_losses(raw: Floats, label: Floats) -> Floats:
    """Return the log loss of each row from its log-odds, without overflow.

    >>> log_losses(np.array([0.0, 800.0]), np.array([1.0, 1.0])).round(3).tolist()
    [0.693, 0.0]
    """
    losses: Floats = np.logaddexp(0.0, np.where(label == 1, -raw, raw))
    return losses


def contradicted(text: str, matrix: Floats, columns: Sequence[ModelColumn]) -> tuple[str, ...]:
    """Return the features with a direction that a model fitted without directions goes against."""
    directed = [place for place, column in enumerate(columns) if column.direction]
    if not directed:
        return ()
    parts = np.asarray(open_text(text).predict(matrix, pred_contrib=True))[:, :-1]
    weight = np.abs(parts).mean(axis=0)
    found = []
    for place in directed:
        known = ~np.isnan(matrix[:, place])
        if weight[place] < SEEN * weight.sum() or known.sum() < 2:
            continue
        value, part = (pd.Series(of[known, place]).rank().to_numpy() for of in (matrix, parts))
        if value.std() > 0 and part.std() > 0:
            agreement = columns[place].direction * float(np.corrcoef(value, part)[0, 1])
            if agreement < AGAINST:
                found.append(columns[place].name)
    return tuple(found)

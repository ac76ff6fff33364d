"""The likelihood model as a scikit-learn classifier for any table, with the same fit as `payrank train`."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import ValidationError

from payrank.extracts.optional import require
from payrank.features.arrays import Floats
from payrank.models.calibration.methods import Calibration, fit_isotonic, fit_platt, sigmoid
from payrank.models.predict import average_raw_scores
from payrank.training.fit.boosters import FitRows, fit_likelihood, member_weights, open_text
from payrank.training.fit.table_columns import TableColumns, learn_table_columns
from payrank.training.settings import TrainingSettings

require("sklearn", extra="train", needed_for="PropensityClassifier")
from sklearn.base import BaseEstimator, ClassifierMixin  # noqa: E402
from sklearn.utils import Tags  # noqa: E402
from sklearn.utils.multiclass import check_classification_targets, type_of_target  # noqa: E402
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data  # noqa: E402

TREES = (
    "learning_rate",
    "num_leaves",
    "max_depth",
    "min_data_in_leaf",
    "max_bin",
    "feature_fraction",
    "bagging_fraction",
    "lambda_l2",
)
"""LightGBM's parameters, with the meanings and bounds of `payrank.training.settings.Trees`."""
MIN_DISTANCE = 1e-12
"""Calibrated probabilities are at least this far from 0 and 1 before they become log-odds."""


class PropensityClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn ships no types
    """Gradient-boosted trees for two classes, averaged over seeds and optionally calibrated on later rows.

    Identical rows (same features and class) are merged into one with the sum of their weights, and sorted. So a weight
    of 2 is the same as repeating the row, and the order of the rows does not matter. Unknown values (NaN) need no
    imputation. The fitted model is stored as text in `model_texts_`.

    Parameters
    ----------
    n_estimators
        Number of trees of each booster.
    seeds
        Random seeds. Each trains one booster, and their log-odds are averaged.
    learning_rate, num_leaves, max_depth, min_data_in_leaf, max_bin, feature_fraction, bagging_fraction, lambda_l2
        LightGBM's parameters. `min_data_in_leaf` None is one hundredth of the rows, between 11 and 100; less than 11
        is refused.
    monotone
        Directions (-1, 0, 1) of features: a mapping by name or position, or one number per feature.
    categories
        Which columns are categories: "from_dtype" (text and categorical columns of a DataFrame), or a list of names or
        positions. Levels with fewer than 11 rows are merged.
    calibration
        None, "platt", or "isotonic". The map is learned on the latest rows, which the boosters are not fitted on.
    calibration_fraction
        Fraction of the rows that are held out for calibration: the latest by `when` of `fit`, or the last rows.
    n_jobs
        Number of boosters fitted at once: None is 1, and -1 is one per processor. The model does not depend on it.

    Attributes
    ----------
    classes_ : ndarray of shape (2,)
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (n_features_in,)
        Present if the table had column names.
    model_texts_ : tuple of LightGBM model texts, one per seed
    calibration_ : the learned calibration map, or None

    Examples
    --------
    >>> from payrank import PropensityClassifier
    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn.model_selection import cross_val_score
    >>> table, benign = load_breast_cancer(return_X_y=True, as_frame=True)
    >>> model = PropensityClassifier(n_estimators=50, seeds=(1, 2), monotone={"worst area": -1})
    >>> auc = cross_val_score(model, table, benign, scoring="roc_auc", cv=3)
    >>> bool(auc.min() > 0.98)
    True

    A table with only one class is refused:

    >>> model.fit(table, benign * 0)
    Traceback (most recent call last):
        ...
    ValueError: PropensityClassifier needs rows of two classes; found one class in 569 rows with a positive weight
    """

    classes_: NDArray[Any]
    model_texts_: tuple[str, ...]
    calibration_: Calibration | None

    def __init__(
        self,
        *,
        n_estimators: int = 100,
        seeds: Sequence[int] = (1, 2, 3),
        learning_rate: float = 0.08,
        num_leaves: int = 15,
        max_depth: int = -1,
        min_data_in_leaf: int | None = None,
        max_bin: int = 63,
        feature_fraction: float = 0.5,
        bagging_fraction: float = 0.8,
        lambda_l2: float = 5.0,
        monotone: Mapping[Any, int] | Sequence[int] | None = None,
        categories: str | Sequence[Any] = "from_dtype",
        calibration: str | None = None,
        calibration_fraction: float = 0.2,
        n_jobs: int | None = None,
    ) -> None:
        self.n_estimators = n_estimators
        self.seeds = seeds
        self.learning_rate = learning_rate
        self.num_leaves = num_leaves
        self.max_depth = max_depth
        self.min_data_in_leaf = min_data_in_leaf
        self.max_bin = max_bin
        self.feature_fraction = feature_fraction
        self.bagging_fraction = bagging_fraction
        self.lambda_l2 = lambda_l2
        self.monotone = monotone
        self.categories = categories
        self.calibration = calibration
        self.calibration_fraction = calibration_fraction
        self.n_jobs = n_jobs

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = False
        tags.input_tags.allow_nan = True
        return tags

    def fit(
        self, X: Any, y: ArrayLike, sample_weight: ArrayLike | None = None, *, when: ArrayLike | None = None
    ) -> Self:
        """Fit on a table.

        Parameters
        ----------
        X
            Array or DataFrame of n rows.
        y
            Two classes. The model predicts the probability of the second one in sorted order.
        sample_weight
            Weight of each row, 0 or more; None counts each row once. Calibration counts each of its rows once.
        when
            Time of each row (days, for example), for `calibration`; None takes the rows as sorted by time.

        Raises
        ------
        ValueError
            If a parameter is out of range, or the rows do not have two classes.
        """
        settings = self._settings()
        self._columns = learn_table_columns(X, self.categories, self.monotone)
        matrix, y = validate_data(
            self, self._columns.encode(X), y, dtype=np.float64, ensure_all_finite="allow-nan", reset=True
        )
        check_classification_targets(y)
        kind = type_of_target(y, input_name="y", raise_unknown=True)
        if kind != "binary":
            raise ValueError(f"Only binary classification is supported. The type of the target is {kind}.")
        weight = _check_sample_weight(sample_weight, matrix, dtype=np.float64, ensure_non_negative=True)
        counted = weight > 0
        self.classes_, codes = np.unique(y, return_inverse=True)
        outcome: Floats = codes.astype(np.float64)
        if len(np.unique(outcome[counted])) < 2:
            raise ValueError(
                f"{type(self).__name__} needs rows of two classes; found one class in {int(counted.sum())} rows with "
                "a positive weight"
            )
        later = self._later_rows(when, counted)
        fitted = counted & ~later
        rows = _merge_equal_rows(matrix[fitted], outcome[fitted], weight[fitted], self._columns, matrix.shape[1])
        boosters = fit_likelihood(rows, settings, {"trees": self.n_estimators})
        self.model_texts_ = tuple(booster.text for booster in boosters)
        self._weights = member_weights(settings)
        self._open_boosters()
        self.calibration_ = self._learn_map(self._raw(matrix[later]), outcome[later]) if later.any() else None
        return self

    def decision_function(self, X: Any) -> Floats:
        """Return the log-odds of the second class for each row of X."""
        raw = self._raw(self._matrix(X))
        if self.calibration_ is None:
            return raw
        probability = np.clip(self.calibration_.apply(raw), MIN_DISTANCE, 1 - MIN_DISTANCE)
        log_odds: Floats = np.log(probability / (1 - probability))
        return log_odds

    def predict_proba(self, X: Any) -> Floats:
        """Return the probabilities of both classes, n rows x 2."""
        raw = self._raw(self._matrix(X))
        second = sigmoid(raw) if self.calibration_ is None else np.clip(self.calibration_.apply(raw), 0.0, 1.0)
        return np.column_stack([1 - second, second])

    def predict(self, X: Any) -> NDArray[Any]:
        """Return the more likely class of each row of X."""
        second = self.decision_function(X) > 0
        predicted: NDArray[Any] = self.classes_[second.astype(np.intp)]
        return predicted

    def _settings(self) -> TrainingSettings:
        if self.calibration not in {None, "platt", "isotonic"}:
            raise ValueError(
                f"{type(self).__name__}: parameter 'calibration': None, 'platt', and 'isotonic' are allowed; "
                f"found: {self.calibration!r}"
            )
        if not 0 < self.calibration_fraction < 1:
            raise ValueError(
                f"{type(self).__name__}: parameter 'calibration_fraction': a number between 0 and 1 is allowed; "
                f"found: {self.calibration_fraction!r}"
            )
        try:
            return TrainingSettings.model_validate(
                {
                    "trees": {name: getattr(self, name) for name in TREES},
                    "members": [{"name": "trees", "seeds": tuple(self.seeds), "n_estimators": self.n_estimators}],
                    "threads": self._thread_count(),
                }
            )
        except ValidationError as error:
            fault = error.errors(include_url=False)[0]
            name = next((str(part) for part in reversed(fault["loc"]) if isinstance(part, str)), "")
            raise ValueError(
                f"{type(self).__name__}: parameter {name!r}: {fault['msg']}; found: {fault['input']!r:.60}"
            ) from error

    def _later_rows(self, when: ArrayLike | None, counted: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Return a mask of the counted rows that are held out for calibration; rows of one time stay together."""
        later = np.zeros(len(counted), dtype=bool)
        if self.calibration is None:
            return later
        time = np.arange(len(counted)) if when is None else np.asarray(when)
        if time.shape != counted.shape:
            raise ValueError(f"'when' needs one time per row: {len(counted)} rows, but shape {time.shape}")
        order = np.sort(time[counted])
        later[counted] = time[counted] >= order[int(len(order) * (1 - self.calibration_fraction))]
        return later

    def _learn_map(self, raw: Floats, outcome: Floats) -> Calibration:
        if not 0 < outcome.sum() < len(outcome):
            raise ValueError(
                f"{type(self).__name__}: the {len(outcome)} rows held out for calibration are all of one class; "
                "raise calibration_fraction, or set calibration to None"
            )
        return fit_isotonic(raw, outcome) if self.calibration == "isotonic" else fit_platt(raw, outcome)

    def _matrix(self, X: Any) -> Floats:
        check_is_fitted(self)
        matrix: Floats = validate_data(
            self, self._columns.encode(X), dtype=np.float64, ensure_all_finite="allow-nan", reset=False
        )
        return matrix

    def _raw(self, matrix: Floats) -> Floats:
        return average_raw_scores(self._boosters, self._weights, matrix, threads=self._thread_count())

    def _thread_count(self) -> int:
        """Return the number of threads; a number below -1 leaves that many processors free, as in joblib."""
        if self.n_jobs is None:
            return 1
        if self.n_jobs == 0:
            raise ValueError(
                f"{type(self).__name__}: parameter 'n_jobs': 0 is not allowed; use 1, or -1 for all processors"
            )
        return self.n_jobs if self.n_jobs > 0 else max((os.cpu_count() or 1) + 1 + self.n_jobs, 1)

    def _open_boosters(self) -> None:
        self._boosters = tuple(open_text(text) for text in self.model_texts_)

    def __getstate__(self) -> dict[str, Any]:
        state: dict[str, Any] = super().__getstate__()
        return {name: value for name, value in state.items() if name != "_boosters"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        if "model_texts_" in state:
            self._open_boosters()


def _merge_equal_rows(matrix: Floats, outcome: Floats, weight: Floats, columns: TableColumns, features: int) -> FitRows:
    """Return the distinct rows, sorted by their bytes, each with the sum of its weights."""
    # LightGBM's sampling depends on the position and number of rows. Sorting and merging makes the fit depend on the
    # weighted set of rows alone, which scikit-learn requires of sample weights.
    table = np.ascontiguousarray(np.column_stack([matrix, outcome]) + 0.0)  # turns -0.0 into 0.0
    table[np.isnan(table)] = np.nan  # one bit pattern for all NaN
    keys = table.view(np.dtype((np.void, table.dtype.itemsize * table.shape[1]))).ravel()
    _, first, group = np.unique(keys, return_index=True, return_inverse=True)
    return FitRows(
        matrix=np.ascontiguousarray(table[first, :-1]),
        outcome=table[first, -1],
        weight=np.bincount(group, weights=weight).astype(np.float64),
        names=tuple(f"feature_{place}" for place in range(features)),
        directions=columns.directions_of(features),
        categories=columns.categories,
    )

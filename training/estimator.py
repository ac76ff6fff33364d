"""The likelihood alone, as a scikit-learn classifier for any table: the same fit that `payrank train` makes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import ValidationError
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils import Tags
from sklearn.utils.multiclass import check_classification_targets, type_of_target
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data

from payrank.features.arrays import Floats
from payrank.models.calibration.methods import Calibration, fit_isotonic, fit_platt, sigmoid
from payrank.models.predict import average_raw_scores
from payrank.training.fit.boosters import Rows, fit_likelihood, member_weights, open_text
from payrank.training.fit.table_columns import TableColumns, learn_table_columns
from payrank.training.settings import TrainingSettings

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
"""Parameters that are LightGBM's; their meanings and bounds are those of `payrank.training.settings.Trees`."""
CERTAIN = 1e-12
"""A calibrated probability comes no nearer to 0 or 1 than this when it is told as log-odds."""


class PropensityClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn ships no types
    """Gradient-boosted trees averaged over seeds, optionally calibrated on later rows: two classes, any table.

    Equal rows (same features and class) are fitted as one that weighs their sum, and in an order of their own: a
    weight of 2 means what the row twice means, and the order of the rows means nothing. Unknown values (NaN) need no
    filling. The fitted model is text in `model_texts_`.

    Parameters
    ----------
    n_estimators
        Trees of each booster.
    seeds
        One booster a seed; their log-odds are averaged.
    learning_rate, num_leaves, max_depth, min_data_in_leaf, max_bin, feature_fraction, bagging_fraction, lambda_l2
        LightGBM's. `min_data_in_leaf` None: a hundredth of the rows, from 11 to 100; never fewer than 11.
    monotone
        Direction (-1, 0, 1) of features: a mapping by name or position, or one number a feature.
    categories
        Which columns are categories: "from_dtype" (text and categorical columns of a DataFrame), or their names or
        positions. A word that fewer than 11 rows hold is merged with the other rare ones.
    calibration
        None, "platt" or "isotonic": learned on the latest rows, which the boosters do not see.
    held_back
        Share of the rows that are held back for that, the latest by `when` of `fit`, or else the last.
    threads
        Boosters fitted at once; the model does not depend on it.

    Attributes
    ----------
    classes_ : ndarray of shape (2,)
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (n_features_in,)
        Present if the table had column names.
    model_texts_ : tuple of LightGBM model texts, one a seed
    calibration_ : the learned map, or None

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

    A table of one class is refused:

    >>> model.fit(table, benign * 0)
    Traceback (most recent call last):
        ...
    ValueError: PropensityClassifier needs rows of two classes; found one class in 569 rows that weigh more than 0
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
        held_back: float = 0.2,
        threads: int = 1,
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
        self.held_back = held_back
        self.threads = threads

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
            Classes of the rows, two of them; the second in sorted order is the one whose probability is modeled.
        sample_weight
            Weight of each row, 0 or more; None counts each once. The calibration counts each held-back row once.
        when
            What the rows are put in time by (days, say), for `calibration`; None takes them as sorted already.

        Raises
        ------
        ValueError
            When a parameter is out of its bounds, or the rows have not two classes.
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
                f"{type(self).__name__} needs rows of two classes; found one class in {int(counted.sum())} rows that "
                "weigh more than 0"
            )
        later = self._later_rows(when, counted)
        fitted = counted & ~later
        rows = _merge_equal_rows(matrix[fitted], outcome[fitted], weight[fitted], self._columns, matrix.shape[1])
        self.model_texts_ = tuple(one.text for one in fit_likelihood(rows, settings, {"trees": self.n_estimators}))
        self._weights = member_weights(settings)
        self._open()
        self.calibration_ = self._learn_map(self._raw(matrix[later]), outcome[later]) if later.any() else None
        return self

    def decision_function(self, X: Any) -> Floats:
        """Return the log-odds of the second class, one a row of X."""
        raw = self._raw(self._matrix(X))
        if self.calibration_ is None:
            return raw
        likely = np.clip(self.calibration_.apply(raw), CERTAIN, 1 - CERTAIN)
        log_odds: Floats = np.log(likely / (1 - likely))
        return log_odds

    def predict_proba(self, X: Any) -> Floats:
        """Return the probabilities of both classes, n rows x 2."""
        raw = self._raw(self._matrix(X))
        second = sigmoid(raw) if self.calibration_ is None else np.clip(self.calibration_.apply(raw), 0.0, 1.0)
        return np.column_stack([1 - second, second])

    def predict(self, X: Any) -> NDArray[Any]:
        """Return the likelier class of each row of X."""
        second = self.decision_function(X) > 0
        likelier: NDArray[Any] = self.classes_[second.astype(np.intp)]
        return likelier

    def _settings(self) -> TrainingSettings:
        if self.calibration not in {None, "platt", "isotonic"}:
            raise ValueError(
                f"{type(self).__name__}: parameter 'calibration': None, 'platt' and 'isotonic' are allowed; "
                f"given: {self.calibration!r}"
            )
        if not 0 < self.held_back < 1:
            raise ValueError(
                f"{type(self).__name__}: parameter 'held_back': a share between 0 and 1 is allowed; "
                f"given: {self.held_back!r}"
            )
        try:
            return TrainingSettings.model_validate(
                {
                    "trees": {name: getattr(self, name) for name in TREES},
                    "members": [{"name": "trees", "seeds": tuple(self.seeds), "n_estimators": self.n_estimators}],
                    "threads": self.threads,
                }
            )
        except ValidationError as error:
            fault = error.errors(include_url=False)[0]
            name = next((str(part) for part in reversed(fault["loc"]) if isinstance(part, str)), "")
            raise ValueError(
                f"{type(self).__name__}: parameter {name!r}: {fault['msg']}; given: {fault['input']!r:.60}"
            ) from error

    def _later_rows(self, when: ArrayLike | None, counted: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Tell which of the rows that count are held back; rows of one time stay together."""
        later = np.zeros(len(counted), dtype=bool)
        if self.calibration is None:
            return later
        time = np.arange(len(counted)) if when is None else np.asarray(when)
        if time.shape != counted.shape:
            raise ValueError(f"'when' needs one time a row: {len(counted)} rows, and a shape of {time.shape}")
        order = np.sort(time[counted])
        later[counted] = time[counted] >= order[int(len(order) * (1 - self.held_back))]
        return later

    def _learn_map(self, raw: Floats, outcome: Floats) -> Calibration:
        if not 0 < outcome.sum() < len(outcome):
            raise ValueError(
                f"{type(self).__name__}: the {len(outcome)} rows held back for the calibration are of one class; hold "
                "more back, or leave the calibration out"
            )
        return fit_isotonic(raw, outcome) if self.calibration == "isotonic" else fit_platt(raw, outcome)

    def _matrix(self, X: Any) -> Floats:
        check_is_fitted(self)
        matrix: Floats = validate_data(
            self, self._columns.encode(X), dtype=np.float64, ensure_all_finite="allow-nan", reset=False
        )
        return matrix

    def _raw(self, matrix: Floats) -> Floats:
        return average_raw_scores(self._boosters, self._weights, matrix, threads=self.threads)

    def _open(self) -> None:
        self._boosters = tuple(open_text(text) for text in self.model_texts_)

    def __getstate__(self) -> dict[str, Any]:
        state: dict[str, Any] = super().__getstate__()
        return {name: value for name, value in state.items() if name != "_boosters"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        if "model_texts_" in state:
            self._open()


def _merge_equal_rows(matrix: Floats, outcome: Floats, weight: Floats, columns: TableColumns, features: int) -> Rows:
    """Return the distinct rows in the order of their bytes, each with the sum of its weights."""
    together = np.ascontiguousarray(np.column_stack([matrix, outcome]) + 0.0)  # so that -0.0 is 0.0
    together[np.isnan(together)] = np.nan  # one NaN for all
    keys = together.view(np.dtype((np.void, together.dtype.itemsize * together.shape[1]))).ravel()
    _, first, group = np.unique(keys, return_index=True, return_inverse=True)
    return Rows(
        matrix=np.ascontiguousarray(together[first, :-1]),
        outcome=together[first, -1],
        weight=np.bincount(group, weights=weight).astype(np.float64),
        names=tuple(f"feature_{place}" for place in range(features)),
        directions=columns.directions_of(features),
        categories=columns.categories,
    )

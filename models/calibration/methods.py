"""Monotone maps from raw scores to probabilities, stored as JSON.

A map is fitted on a later period than the boosters whose raw scores it calibrates.
"""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, model_validator

from payrank.features.arrays import Floats

MIN_BIN_ROWS = 25
"""Rows in each bin of an isotonic map, well above the limit of 11 people for a cell."""
MAX_BINS = 100
SLOPE_PRECISION = 4.0
"""Precision of the normal prior on the slopes of a Platt or beta map: 1 / 0.5 squared."""


class Platt(BaseModel):
    """probability = 1 / (1 + exp(-(slope * raw + offset))), slope >= 0 (Platt 1999).

    >>> Platt(slope=1.0, offset=0.0).apply(np.array([0.0]))
    array([0.5])
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    method: Literal["platt"] = "platt"
    slope: Annotated[float, Field(ge=0)]
    offset: float

    def apply(self, raw: Floats) -> Floats:
        """Return probabilities for raw scores (log-odds)."""
        return sigmoid(self.slope * raw + self.offset)


class Uncalibrated(BaseModel):
    """The raw score unchanged: probability = 1 / (1 + exp(-raw)).

    >>> Uncalibrated().apply(np.array([0.0]))
    array([0.5])
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    method: Literal["none"] = "none"

    def apply(self, raw: Floats) -> Floats:
        """Return probabilities for raw scores (log-odds)."""
        return sigmoid(raw)


class Beta(BaseModel):
    """log-odds = a * ln(s) - b * ln(1 - s) + c, with s = 1 / (1 + exp(-raw)) (Kull et al. 2017).

    `a` shapes the low end and `b` the high end; a = b = 1 and c = 0 leave the raw score unchanged.

    >>> Beta(a=1.0, b=1.0, c=0.0).apply(np.array([0.0, 3.0])).round(3).tolist()
    [0.5, 0.953]
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    method: Literal["beta"] = "beta"
    a: Annotated[float, Field(ge=0)]
    b: Annotated[float, Field(ge=0)]
    c: float

    def apply(self, raw: Floats) -> Floats:
        """Return probabilities for raw scores (log-odds)."""
        low, high = _beta_columns(raw)
        return sigmoid(self.a * low + self.b * high + self.c)


class Isotonic(BaseModel):
    """Linear interpolation between knots, constant beyond the first and the last.

    >>> Isotonic(raw=(-1.0, 1.0), probability=(0.2, 0.6)).apply(np.array([-9.0, 0.0, 9.0]))
    array([0.2, 0.4, 0.6])
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    method: Literal["isotonic"] = "isotonic"
    raw: Annotated[tuple[float, ...], Field(min_length=1)]
    probability: Annotated[tuple[float, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _check_monotone(self) -> Isotonic:
        if len(self.raw) != len(self.probability):
            raise ValueError("an isotonic map needs one probability per knot")
        if any(b <= a for a, b in zip(self.raw, self.raw[1:], strict=False)):
            raise ValueError("the knots of an isotonic map must increase")
        if any(b < a for a, b in zip(self.probability, self.probability[1:], strict=False)):
            raise ValueError("the probabilities of an isotonic map must not decrease")
        if self.probability[0] < 0 or self.probability[-1] > 1:
            raise ValueError("the probabilities of an isotonic map must be between 0 and 1")
        return self

    def apply(self, raw: Floats) -> Floats:
        """Return probabilities for raw scores (log-odds)."""
        mapped: Floats = np.interp(raw, self.raw, self.probability)
        return mapped


Calibration = Uncalibrated | Platt | Beta | Isotonic


def sigmoid(z: Floats) -> Floats:
    """Return 1 / (1 + exp(-z)) without overflow."""
    half: Floats = 0.5 * (1.0 + np.tanh(0.5 * z))
    return half


def fit_platt(raw: Floats, label: Floats) -> Platt:
    """Fit slope and offset by maximum likelihood with Platt's smoothed targets and a prior of 1 for the slope.

    Raw scores are log-odds already, so 1 is the expected slope. With the normal prior (standard deviation 0.5), a few
    dozen rows change it little and a few thousand determine it. The offset is unconstrained. A slope below 0 would
    reverse the ranking; it becomes 0, and every row gets the base rate.

    Parameters
    ----------
    raw, label
        Raw scores (log-odds) and outcomes (0 or 1) of rows later than the fit; n rows each.
    """
    events = float(label.sum())
    target = np.where(label > 0, (events + 1) / (events + 2), 1 / (len(label) - events + 2))
    center, spread = float(raw.mean()), max(float(raw.std()), 1e-9)
    design = np.column_stack([(raw - center) / spread, np.ones_like(raw)])
    prior, pull = np.array([spread, 0.0]), np.array([SLOPE_PRECISION / spread**2, 1e-6])
    weights = np.array([spread, float(np.log(target.mean() / (1 - target.mean())))])
    for _ in range(100):
        probability = sigmoid(design @ weights)
        gradient = design.T @ (target - probability) - pull * (weights - prior)
        curvature = (design * (probability * (1 - probability))[:, None]).T @ design + np.diag(pull)
        step = np.linalg.solve(curvature, gradient)
        weights = weights + step * min(1.0, 4.0 / max(float(np.abs(step).max()), 1e-12))
        if float(np.abs(step).max()) < 1e-10:
            break
    slope = float(weights[0]) / spread
    if slope <= 0:
        rate = float(target.mean())
        return Platt(slope=0.0, offset=float(np.log(rate / (1 - rate))))
    return Platt(slope=slope, offset=float(weights[1]) - slope * center)


def fit_beta(raw: Floats, label: Floats) -> Beta:
    """Fit a beta map by maximum likelihood with a prior of 1 for both slopes, as in `fit_platt`.

    If a slope becomes negative, it is fixed at 0 and the others are fitted again, as in Kull et al. (2017).

    Parameters
    ----------
    raw, label
        Raw scores (log-odds) and outcomes (0 or 1) of rows later than the fit; n rows each.
    """
    columns = np.column_stack([*_beta_columns(raw), np.ones_like(raw)])
    events = float(label.sum())
    target = np.where(label > 0, (events + 1) / (events + 2), 1 / (len(label) - events + 2))
    prior, pull = np.array([1.0, 1.0, 0.0]), np.array([SLOPE_PRECISION, SLOPE_PRECISION, 1e-6])
    free = np.ones(3, dtype=bool)  # parameters that are not fixed at 0
    while True:
        weights = np.where(free, prior, 0.0)
        for _ in range(100):
            probability = sigmoid(columns @ weights)
            gradient = columns.T @ (target - probability) - pull * (weights - prior)
            # A floor on the weights keeps the Hessian invertible when all predictions are near 0 or 1.
            weighted = columns * np.maximum(probability * (1 - probability), 1e-9)[:, None]
            curvature = weighted.T @ columns + np.diag(pull)
            step = np.zeros(3)
            step[free] = np.linalg.solve(curvature[np.ix_(free, free)], gradient[free])
            # Newton steps are limited to 4, because far from the optimum the likelihood is not quadratic.
            weights = weights + step * min(1.0, 4.0 / max(float(np.abs(step).max()), 1e-12))
            if float(np.abs(step).max()) < 1e-8:
                break
        negative = (weights[:2] < 0) & free[:2]
        if not negative.any():
            return Beta(a=float(weights[0]), b=float(weights[1]), c=float(weights[2]))
        free[int(np.argmin(weights[:2]))] = False


def _beta_columns(raw: Floats) -> tuple[Floats, Floats]:
    """Return ln(s) and -ln(1 - s) of s = 1 / (1 + exp(-raw)), without overflow."""
    return -np.logaddexp(0.0, -raw), np.logaddexp(0.0, raw)


def fit_isotonic(raw: Floats, label: Floats) -> Isotonic:
    """Fit an increasing map to the mean raw score and outcome of equal-count bins by pooling adjacent violators.

    Rows are binned first, so that no knot is the score of a few people (Zadrozny and Elkan 2002 pool single rows).
    """
    order = np.argsort(raw, kind="stable")
    bins = int(np.clip(len(raw) // MIN_BIN_ROWS, 1, MAX_BINS))
    blocks: list[tuple[float, float, float]] = []  # rows, mean raw score, mean outcome
    for rows in np.array_split(order, bins):
        block = (float(len(rows)), float(raw[rows].mean()), float(label[rows].mean()))
        while blocks and (blocks[-1][2] >= block[2] or blocks[-1][1] >= block[1]):
            block = _pool(blocks.pop(), block)
        blocks.append(block)
    return Isotonic(raw=tuple(b[1] for b in blocks), probability=tuple(b[2] for b in blocks))


def _pool(block: tuple[float, float, float], other: tuple[float, float, float]) -> tuple[float, float, float]:
    rows = block[0] + other[0]
    return rows, (block[0] * block[1] + other[0] * other[1]) / rows, (block[0] * block[2] + other[0] * other[2]) / rows

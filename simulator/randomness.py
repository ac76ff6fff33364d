"""Random draws. Each part of the simulation has its own stream, so a change in one part does not disturb the others."""

from __future__ import annotations

import zlib
from typing import Any

import numpy as np
import numpy.typing as npt

from payrank.features.arrays import Floats

Integers = npt.NDArray[np.int64]
Booleans = npt.NDArray[np.bool_]


def stream(seed: int, part: str) -> np.random.Generator:
    """Return the random stream of one part. The same seed and part give the same draws.

    >>> bool(stream(7, "people").integers(100) == stream(7, "people").integers(100))
    True
    """
    return np.random.default_rng(np.random.SeedSequence([seed, zlib.crc32(part.encode())]))


def pick(rng: np.random.Generator, weights: npt.ArrayLike, size: int) -> Integers:
    """Draw `size` indexes of `weights`, with probabilities proportional to the weights."""
    edges = np.cumsum(np.asarray(weights, dtype=np.float64))
    return np.searchsorted(edges / edges[-1], rng.random(size), side="right").astype(np.int64)


def pick_by_row(rng: np.random.Generator, weights: Floats, rows: Integers) -> Integers:
    """Draw one index for each entry of `rows`, using that row of the weights (rows x indexes)."""
    edges = np.cumsum(weights, axis=1)
    edges /= edges[:, -1:]
    draws = rng.random(len(rows))
    chosen = np.zeros(len(rows), dtype=np.int64)
    for row in np.unique(rows):
        here = rows == row
        chosen[here] = np.searchsorted(edges[row], draws[here], side="right")
    return chosen


def between(rng: np.random.Generator, low: int, high: int, size: int) -> Integers:
    """Draw integers from low to high, both included."""
    return rng.integers(low, high + 1, size)


def happens(rng: np.random.Generator, probability: float | npt.NDArray[np.floating[Any]], size: int) -> Booleans:
    """Draw one Bernoulli outcome per row."""
    return np.asarray(rng.random(size) < probability)


def sigmoid(log_odds: npt.NDArray[np.floating[Any]]) -> Floats:
    """Return the probabilities for log-odds.

    >>> float(sigmoid(np.array([0.0]))[0])
    0.5
    """
    return np.asarray(1.0 / (1.0 + np.exp(-log_odds)))

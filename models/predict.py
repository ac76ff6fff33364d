"""Score the rows of a feature frame."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from payrank.features.arrays import Floats
from payrank.models.bundle import Bundle
from payrank.models.calibration.adjusted import apply_map
from payrank.models.matrix import encode
from payrank.models.timing import horizon_column, probability_by_day

if TYPE_CHECKING:
    import lightgbm


def predict(bundle: Bundle, data: pd.DataFrame, *, threads: int = 0) -> pd.DataFrame:
    """Score rows.

    Parameters
    ----------
    bundle
        A model from `read_bundle`.
    data
        `Frame.data`: one row per account or denial.
    threads
        Threads of LightGBM; 0 uses its default. The scores do not depend on the number of threads.

    Returns
    -------
    DataFrame
        With the index of `data`: `raw_score` (log-odds, averaged over the boosters), `probability` (calibrated, 0 to
        1), and `expected_share` (probability x share given the outcome, 0 to 1). If the model predicts when the outcome
        happens, there is also one column per horizon of `manifest.timing.days`: `probability_30` is the probability
        within 30 days. It never decreases with a longer horizon, and never exceeds `probability`.

    Raises
    ------
    NoUsableModelError
        When `data` lacks a feature of the model.
    """
    matrix = encode(data, bundle.manifest.features)
    raw = average_raw_scores(bundle.likelihood, bundle.manifest.weights, matrix, threads=threads)
    probability = calibrate_scores(bundle, raw, data)
    if bundle.share is None or not len(matrix):
        share = np.full(len(matrix), bundle.manifest.share.mean)
    else:
        share = np.clip(np.asarray(bundle.share.predict(matrix, num_threads=threads), dtype=np.float64), 0.0, 1.0)
    scores = {"raw_score": raw, "probability": probability, "expected_share": probability * share}
    days = bundle.manifest.timing.days
    if days:
        by_day = probability_by_day(bundle.manifest.timing, bundle.timing, matrix, threads=threads)
        scores |= {horizon_column(day): probability * by_day[:, place] for place, day in enumerate(days)}
    return pd.DataFrame(scores, index=data.index)


def calibrate_scores(bundle: Bundle, raw: Floats, data: pd.DataFrame | None = None) -> Floats:
    """Return calibrated probabilities (0 to 1) of raw scores (log-odds); without `data`, no segment offset applies."""
    return np.clip(apply_map(bundle.calibration, raw, data), 0.0, 1.0)


def average_raw_scores(
    boosters: Sequence[lightgbm.Booster], weights: Sequence[float], matrix: Floats, *, threads: int = 0
) -> Floats:
    """Return the weighted mean of the boosters' raw scores (log-odds), one per row of `matrix`."""
    raw = np.zeros(len(matrix))
    if not len(matrix):
        return raw
    for booster, weight in zip(boosters, weights, strict=True):
        raw += weight * np.asarray(booster.predict(matrix, raw_score=True, num_threads=threads), dtype=np.float64)
    return raw

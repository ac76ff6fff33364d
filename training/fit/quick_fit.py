"""A small model of earlier snapshots that scores later ones. It is for probes and is never served."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from payrank.features.arrays import Floats
from payrank.features.feature import Feature
from payrank.models.matrix import encode, learn_columns
from payrank.models.predict import average_raw_scores
from payrank.training.fit.boosters import fit_likelihood, open_text
from payrank.training.fit.rows import rows_to_fit
from payrank.training.settings import Member, TrainingSettings

SETTINGS = TrainingSettings(members=(Member(seeds=(1, 2), n_estimators=80),), monotone=False)


def forecast_later(
    data: pd.DataFrame, features: Sequence[Feature], fit_mask: NDArray[np.bool_], score_mask: NDArray[np.bool_]
) -> Floats:
    """Fit a small model to the rows of `fit_mask` and return the raw scores (log-odds) of the rows of `score_mask`."""
    columns = learn_columns(data[fit_mask], features)
    rows = rows_to_fit(data, columns, np.flatnonzero(fit_mask), SETTINGS)
    boosters = [open_text(booster.text) for booster in fit_likelihood(rows, SETTINGS, None)]
    weights = [1 / len(boosters)] * len(boosters)
    return average_raw_scores(boosters, weights, encode(data[score_mask], columns), threads=SETTINGS.threads)

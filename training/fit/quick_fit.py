"""A small model of earlier snapshots asked about later ones: for probes, not for use."""

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
    data: pd.DataFrame, features: Sequence[Feature], learn: NDArray[np.bool_], judge: NDArray[np.bool_]
) -> Floats:
    """Fit a few trees to the rows of `learn` and return the raw scores (log odds) of the rows of `judge`."""
    columns = learn_columns(data[learn], features)
    rows = rows_to_fit(data, columns, np.flatnonzero(learn), SETTINGS)
    boosters = [open_text(one.text) for one in fit_likelihood(rows, SETTINGS, None)]
    weights = [1 / len(boosters)] * len(boosters)
    return average_raw_scores(boosters, weights, encode(data[judge], columns), threads=SETTINGS.threads)

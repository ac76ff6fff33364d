"""What the served fit says of rows when it is not told their season."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from payrank.features.arrays import Floats
from payrank.features.feature import Feature
from payrank.models.matrix import ModelColumn, encode
from payrank.models.predict import average_raw_scores
from payrank.training.design.temporal import Positions
from payrank.training.fit.boosters import Fitted, member_weights, open_text
from payrank.training.settings import TrainingSettings


def score_out_of_season(
    data: pd.DataFrame,
    rows: Positions,
    features: Sequence[Feature],
    columns: Sequence[ModelColumn],
    fitted: Sequence[Fitted],
    settings: TrainingSettings,
) -> Floats:
    """Return raw scores (log-odds) of some rows, each with the season of another row drawn by chance.

    A fit books what happened lately on the calendar where it can: on the months in which it happened. That does not
    last, so what it has learned for good is what it still says with other months.
    """
    told = data.iloc[rows]
    season = [feature.name for feature in features if feature.family == "season" and feature.name in data.columns]
    if season:
        drawn = np.random.default_rng(1).integers(len(data), size=len(rows))
        others = data[season].iloc[drawn].set_axis(told.index)
        told = told.assign(**{name: others[name] for name in season})
    boosters = [open_text(one.text) for one in fitted]
    return average_raw_scores(boosters, member_weights(settings), encode(told, columns), threads=settings.threads)

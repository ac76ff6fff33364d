"""Scores rows with the served fit after replacing their season with that of random other rows."""

from __future__ import annotations

import numpy as np

from payrank.features.arrays import Floats
from payrank.models.matrix import encode
from payrank.models.predict import average_raw_scores
from payrank.training.design.temporal import Positions
from payrank.training.fit.boosters import member_weights, open_text
from payrank.training.fit.served_model import ServedModel
from payrank.training.training_job import TrainingJob


def score_without_season(job: TrainingJob, rows: Positions, served: ServedModel) -> Floats:
    """Return raw scores (log-odds) of the served model, each row with the season features of a random row."""
    # A fit can attribute a recent change to the calendar, to the months in which it happened. That does not last into
    # other months. So only what the fit still predicts with other months counts as learned for good.
    data = job.data.iloc[rows]
    features = job.frame.features
    season = [feature.name for feature in features if feature.family == "season" and feature.name in data.columns]
    if season:
        drawn = np.random.default_rng(1).integers(len(job.data), size=len(rows))
        others = job.data[season].iloc[drawn].set_axis(data.index)
        data = data.assign(**{name: others[name] for name in season})
    boosters = [open_text(booster.text) for booster in served.likelihood]
    matrix = encode(data, served.columns)
    return average_raw_scores(boosters, member_weights(job.settings), matrix, threads=job.settings.threads)

"""The share of the amount that is paid once the outcome happens: a model, a mean, or an assumption."""

from __future__ import annotations

import numpy as np

from payrank.features.arrays import Floats
from payrank.models.manifest import ShareModel
from payrank.training.design.temporal import Positions
from payrank.training.fit.boosters import FitRows, fit_share, open_text
from payrank.training.fit.rows import numbers, rows_with_outcome
from payrank.training.training_job import TrainingJob


def fit_share_model(job: TrainingJob, rows: Positions, fitted_rows: FitRows) -> tuple[ShareModel, str | None]:
    """Learn the share from the rows whose outcome happened and whose share is known.

    Parameters
    ----------
    rows, fitted_rows
        Positions in the frame, and the same rows from `payrank.training.fit.rows.rows_to_fit`.

    Returns
    -------
    ShareModel, str or None
        How the share is known, and the LightGBM text if it is a model. Without a single known share it is assumed to
        be 1, the whole amount.
    """
    share = numbers(job.data["share"])[rows]
    known = (numbers(job.data["label"])[rows] == 1) & ~np.isnan(share)
    outcomes = int(known.sum())
    if not outcomes:
        return ShareModel(method="assumed", mean=1.0, outcomes=0), None
    shares = share[known]
    mean = round(float(np.clip(shares.mean(), 0, 1)), 4)
    if outcomes < job.settings.min_share_outcomes or float(shares.std()) == 0:
        return ShareModel(method="mean", mean=mean, outcomes=outcomes), None
    outcome_rows = rows_with_outcome(job.data, rows, fitted_rows, known, shares, job.settings)
    fitted = fit_share(outcome_rows, job.settings)
    return ShareModel(method="model", mean=mean, outcomes=outcomes), fitted.text


def predict_share(share: ShareModel, text: str | None, matrix: Floats, threads: int) -> Floats:
    """Return the share given the outcome, 0 to 1, for each row of a matrix."""
    if text is None:
        return np.full(len(matrix), share.mean)
    return np.clip(np.asarray(open_text(text).predict(matrix, num_threads=threads), dtype=np.float64), 0.0, 1.0)

"""Fits the model that is served: the likelihood ensemble, the share model, and the timing model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from payrank.models.manifest import ShareModel
from payrank.models.matrix import ModelColumn, learn_columns
from payrank.models.timing import Timing
from payrank.training.fit.boosters import FittedBooster, fit_likelihood
from payrank.training.fit.rows import rows_to_fit
from payrank.training.fit.share import fit_share_model
from payrank.training.fit.timing import fit_timing_model
from payrank.training.training_job import TrainingJob


@dataclass(frozen=True, slots=True)
class ServedModel:
    """The fitted rows, the columns learned from them, and the models as LightGBM text (None without a model)."""

    fitted: pd.DataFrame
    columns: tuple[ModelColumn, ...]
    likelihood: tuple[FittedBooster, ...]
    share: ShareModel
    share_text: str | None
    timing: Timing
    timing_text: str | None


def fit_served_model(
    job: TrainingJob, n_estimators: Mapping[str, int], last_boosters: Sequence[FittedBooster]
) -> ServedModel:
    """Fit the served model on all rows with a matured label, or keep the last validated boosters without a refit.

    Parameters
    ----------
    n_estimators
        Number of trees of each member, chosen on the tuning period.
    last_boosters
        Boosters of the last period; they are served if `settings.refit` is off.
    """
    data, rows = job.data, job.served_rows
    fitted = data.iloc[rows]
    columns = learn_columns(fitted, job.frame.features, native=job.native_categories)
    fitted_rows = rows_to_fit(data, columns, rows, job.settings)
    likelihood = tuple(last_boosters)
    if job.settings.refit:
        likelihood = tuple(fit_likelihood(fitted_rows, job.settings, dict(n_estimators)))
    share, share_text = fit_share_model(job, rows, fitted_rows)
    timing, timing_text = fit_timing_model(job, rows, fitted_rows)
    return ServedModel(fitted, columns, likelihood, share, share_text, timing, timing_text)

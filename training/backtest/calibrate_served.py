"""Calibrates the served model on the backtest."""

from __future__ import annotations

from payrank.training.backtest.backtest import Backtests
from payrank.training.calibrate.recalibrate import Recalibrated, later_rows, recalibrate
from payrank.training.calibrate.season_adjustment import score_without_season
from payrank.training.fit.served_model import ServedModel
from payrank.training.training_job import TrainingJob


def calibrate_served_model(job: TrainingJob, backtests: Backtests, served: ServedModel) -> Recalibrated:
    """Learn the served calibration map on all periods, with the method chosen on those before the final test."""
    data, settings, validation = job.data, job.settings, backtests.validation
    served_raw = None
    if settings.refit:
        served_raw = score_without_season(job, backtests.rows, served)
    chosen = recalibrate(later_rows(data.iloc[validation.rows], validation.raw, settings), settings).record
    rows = later_rows(data.iloc[backtests.rows], backtests.raw, settings)
    return recalibrate(rows, settings, chosen, served_raw)

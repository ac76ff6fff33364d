"""Metrics of the probabilities within shorter horizons, on the same later rows as the longest horizon."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class HorizonMetrics(BaseModel):
    """Metrics of the probabilities of an outcome within `days` days.

    `base_rate` is the share of rows whose outcome happened by then. `auc` is None when all rows have the same outcome.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    days: int
    rows: int
    base_rate: float
    auc: float | None
    brier: float
    log_loss: float
    ece: float

"""How good the probabilities within shorter horizons are, on the same later rows as the longest."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Horizon(BaseModel):
    """The figures of the probabilities within `days` days; `base_rate` is the share of rows that came by then.

    `auc` is None where all rows have one outcome.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    days: int
    rows: int
    base_rate: float
    auc: float | None
    brier: float
    log_loss: float
    ece: float

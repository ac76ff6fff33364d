"""How the settings given as `auto` were chosen on the tuning period: every value that was tried, and the result."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class TuningTrial(_Record):
    """One value of one setting, compared with the best values found before it.

    `log_loss` is the mean over the tuning rows. `improvement` is its decrease compared with the best so far (negative:
    it increased), and `standard_error` the standard error of that decrease over households. `accepted` is whether the
    value replaced the one before.
    """

    setting: str
    value: str
    log_loss: float
    improvement: float
    standard_error: float
    accepted: bool


class AutoSettings(_Record):
    """All tuning trials: fitted on `fitted_rows` rows and compared on the `holdout_rows` later rows of the period.

    `unconstrained_features` are the features whose expected direction the data contradict, so that the fit does not
    enforce it. There are no trials when no setting is `auto`, or when the tuning period has too few outcomes.
    """

    fitted_rows: int = 0
    holdout_rows: int = 0
    unconstrained_features: tuple[str, ...] = ()
    trials: tuple[TuningTrial, ...] = ()

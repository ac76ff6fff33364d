"""What a training chose on its tuning period: each setting tried, what it gained or cost, and what was kept."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Tried(_Record):
    """One value of one setting beside the best so far: the mean log loss of the tuning rows, and what it gained.

    `gained` is the fall of the log loss against the best so far (negative: it rose), `error` its standard error over
    households; `kept` says whether the value was taken.
    """

    setting: str
    value: str
    log_loss: float
    gained: float
    error: float
    kept: bool


class Choices(_Record):
    """What was tried, by fits of `fitted` rows on `judged` rows of the tuning period.

    `freed` are the features whose direction the data contradict, and so is not held. Nothing was tried where no setting
    is `auto`, or where the tuning period has too few outcomes to tell.
    """

    fitted: int = 0
    holdout: int = 0
    freed: tuple[str, ...] = ()
    tried: tuple[Tried, ...] = ()

"""How a model's probabilities were calibrated, and whether the base rate has shifted since."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from pydantic import BaseModel, ConfigDict

from payrank.models.records.estimate import Estimate


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class SegmentOffset(_Record):
    """Rows and events of one segment, and the offset (log-odds, shrunk towards 0) that its calibration adds."""

    name: str
    rows: int
    events: int
    offset: float


class BaseRateShift(_Record):
    """The most recent matured outcomes compared with their predicted probabilities, before any correction.

    `gap` is actual - predicted (shares), with its 95% interval over households. `is_significant` means that the gap is
    neither small nor explained by chance. `residual` is the log-odds by which the served fit, which has already learned
    from these outcomes, still misses them (None when it has not, or when nothing is corrected). `offset` is what was
    added to all log-odds (0: nothing).
    """

    first: date
    last: date
    rows: int
    households: int
    events: int
    predicted: float
    actual: float
    gap: Estimate
    is_significant: bool
    residual: float | None = None
    offset: float

    def describe(self) -> str:
        """Return the shift as a sentence."""
        if self.offset:
            correction = f"all log-odds were adjusted by {self.offset:+.2f}"
        elif self.residual is not None:
            correction = "the served model was already fitted on these outcomes, so no adjustment was needed"
        else:
            correction = "not corrected because `correct_shift` is off"
        return (
            f"the base rate has shifted: of the latest {self.rows:,} rows with matured outcomes (snapshots "
            f"{self.first} to {self.last}), {self.actual:.1%} had the outcome and {self.predicted:.1%} were predicted "
            f"to (gap {self.gap.low or 0:+.1%} to {self.gap.high or 0:+.1%}); {correction}"
        )


class Recalibration(_Record):
    """How raw scores became probabilities.

    `method` is `none`, `platt`, `beta`, or `isotonic`. `log_loss_by_method` holds the cross-fitted log loss of each
    method that was tried, over the backtest periods before the final one. `segments` have their own offsets, one per
    value of the feature `segment_feature`; there are none unless they reduced that loss significantly (by
    `log_loss_reduction`).
    """

    method: str
    log_loss_by_method: Mapping[str, float]
    rows: int
    events: int
    segment_feature: str | None = None
    log_loss_reduction: float | None = None
    segments: tuple[SegmentOffset, ...] = ()
    shift: BaseRateShift | None = None

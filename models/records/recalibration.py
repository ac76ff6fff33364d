"""How a model's probabilities were calibrated, and whether the base rate has moved: as the manifest keeps it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from pydantic import BaseModel, ConfigDict

from payrank.models.records.estimate import Estimate


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Segment(_Record):
    """Rows of one word of the segments' feature, and the log-odds that their calibration adds, drawn towards 0."""

    name: str
    rows: int
    events: int
    offset: float


class Shift(_Record):
    """The latest ripe outcomes beside what was promised of them, before any correction.

    `gap` is happened - promised (shares), with its interval of 95 % by household. `seen` says that it is surely not
    chance and not small. `missed` are the log-odds by which the served fit, which has learned from these outcomes too,
    still misses them (None where it has not, or nothing is corrected); `offset` is what was added to all log-odds
    (0: nothing).
    """

    first: date
    last: date
    rows: int
    households: int
    events: int
    promised: float
    happened: float
    gap: Estimate
    seen: bool
    missed: float | None = None
    offset: float

    def tell(self) -> str:
        """Return the shift as a sentence."""
        if self.offset:
            done = f"corrected by {self.offset:+.2f} on all log-odds"
        elif self.missed is not None:
            done = "the served model has learned it from these outcomes, so nothing is added"
        else:
            done = "not corrected: `correct_shift` is off"
        return (
            f"the base rate has moved: of the latest {self.rows:,} rows with ripe outcomes (snapshots {self.first} to "
            f"{self.last}) {self.happened:.1%} happened, {self.promised:.1%} were promised "
            f"(gap {self.gap.low or 0:+.1%} to {self.gap.high or 0:+.1%}); {done}"
        )


class Recalibration(_Record):
    """How raw scores became probabilities.

    `method` is `none`, `platt`, `beta` or `isotonic`; `tried` holds the cross-fitted log loss of each that was tried,
    over the out-of-time periods before the final one. `segments` have offsets of their own by the feature `by`; none
    where they did not surely lower that loss (by `gained`).
    """

    method: str
    tried: Mapping[str, float]
    rows: int
    events: int
    by: str | None = None
    gained: float | None = None
    segments: tuple[Segment, ...] = ()
    shift: Shift | None = None

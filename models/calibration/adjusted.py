"""A calibration map with what later outcomes add to it: an offset by segment, and one for a shift of the base rate.

Within a segment the chance still rises with the raw score, which itself is as before: base value and contributions add
up to it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

import numpy as np
import pandas as pd
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from payrank.features.arrays import Floats
from payrank.models.calibration.methods import Beta, Calibration, Isotonic, Platt, Uncalibrated, sigmoid

CERTAIN = 1e-6
"""Chances are kept so far from 0 and 1 before an offset is added: log-odds have no end there."""

_Map = Annotated[Uncalibrated | Platt | Beta | Isotonic, Field(discriminator="method")]


class AdjustedCalibration(BaseModel):
    """log-odds = those of `base` + `shift` + the offset of the row's segment (0 for a segment without one).

    `by` is the feature whose words are the segments; None where there are none.

    >>> adjusted = AdjustedCalibration(base=Uncalibrated(), by="payer_class", offsets={"medicaid": -1.0}, shift=0.0)
    >>> adjusted.apply(np.zeros(2), pd.Series(["medicaid", "other"])).round(3).tolist()
    [0.269, 0.5]
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    method: Literal["adjusted"] = "adjusted"
    base: _Map
    by: str | None = None
    offsets: Mapping[str, float] = Field(default_factory=dict)
    shift: float = 0.0

    def apply(self, raw: Floats, segment: pd.Series | None = None) -> Floats:
        """Return probabilities for raw scores (log-odds); without segments every row is one of no offset."""
        added = np.full(len(raw), self.shift)
        if segment is not None and self.offsets:
            added += segment.map(dict(self.offsets)).to_numpy(dtype=np.float64, na_value=0.0)
        return sigmoid(log_odds(self.base.apply(raw)) + added)


CalibrationMap = Calibration | AdjustedCalibration
_ADAPTER: TypeAdapter[CalibrationMap] = TypeAdapter(
    Annotated[Uncalibrated | Platt | Beta | Isotonic | AdjustedCalibration, Field(discriminator="method")]
)


def parse_calibration(text: str | bytes) -> CalibrationMap:
    """Return the map written as JSON; raises ValueError (pydantic) when it is not monotone or not known."""
    return _ADAPTER.validate_json(text)


def apply_map(calibration: CalibrationMap, raw: Floats, data: pd.DataFrame | None = None) -> Floats:
    """Return calibrated chances of raw scores.

    Parameters
    ----------
    calibration
        What a bundle holds.
    raw
        Log-odds, n.
    data
        The rows' features, where segments are looked up; None leaves segments out.
    """
    if not isinstance(calibration, AdjustedCalibration):
        return calibration.apply(raw)
    return calibration.apply(raw, None if data is None or calibration.by is None else data[calibration.by])


def log_odds(chance: Floats) -> Floats:
    """Return the log-odds of chances, kept finite.

    >>> log_odds(np.array([0.5])).tolist()
    [0.0]
    """
    safe = np.clip(chance, CERTAIN, 1 - CERTAIN)
    odds: Floats = np.log(safe) - np.log1p(-safe)
    return odds

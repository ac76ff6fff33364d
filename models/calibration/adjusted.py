"""A calibration map with offsets learned from later outcomes: one per segment, and one for a shift of the base rate.

The raw score stays unchanged, so base value and SHAP contributions still add up to it. Within a segment the probability
still increases with the raw score.
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
"""Probabilities are clipped this far from 0 and 1 before an offset is added, where log-odds are infinite."""

_Map = Annotated[Uncalibrated | Platt | Beta | Isotonic, Field(discriminator="method")]


class AdjustedCalibration(BaseModel):
    """log-odds = log-odds of `base` + `shift` + offset of the row's segment (0 for a segment without an offset).

    `by` is the feature whose values are the segments; None without segments.

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
        """Return probabilities for raw scores (log-odds); without `segment` no segment offset is applied."""
        offset = np.full(len(raw), self.shift)
        if segment is not None and self.offsets:
            offset += segment.map(dict(self.offsets)).to_numpy(dtype=np.float64, na_value=0.0)
        return sigmoid(log_odds(self.base.apply(raw)) + offset)


CalibrationMap = Calibration | AdjustedCalibration
_ADAPTER: TypeAdapter[CalibrationMap] = TypeAdapter(
    Annotated[Uncalibrated | Platt | Beta | Isotonic | AdjustedCalibration, Field(discriminator="method")]
)


def parse_calibration(text: str | bytes) -> CalibrationMap:
    """Parse a map from JSON; raise ValueError (pydantic) when it is not monotone or its method is unknown."""
    return _ADAPTER.validate_json(text)


def apply_map(calibration: CalibrationMap, raw: Floats, data: pd.DataFrame | None = None) -> Floats:
    """Return calibrated probabilities of raw scores.

    Parameters
    ----------
    calibration
        The map of a bundle.
    raw
        Log-odds, n rows.
    data
        The rows' features, which hold their segments; None ignores segments.
    """
    if not isinstance(calibration, AdjustedCalibration):
        return calibration.apply(raw)
    return calibration.apply(raw, None if data is None or calibration.by is None else data[calibration.by])


def log_odds(probability: Floats) -> Floats:
    """Return the log-odds of probabilities, clipped to stay finite.

    >>> log_odds(np.array([0.5])).tolist()
    [0.0]
    """
    safe = np.clip(probability, CERTAIN, 1 - CERTAIN)
    odds: Floats = np.log(safe) - np.log1p(-safe)
    return odds

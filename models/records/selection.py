"""Whose outcome was ever seen: the chance of it, overlap, and figures weighted by it, as the manifest keeps them."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Overlap(_Record):
    """Snapshots with a chance from `low` up to `high` of a decided appeal: how many had one, and how many had none."""

    low: float
    high: float
    decided: int
    never: int


class Selection(_Record):
    """Who was appealed and decided, among all that were open at the training snapshots.

    `auc` tells how well that can be foreseen. `outside` is the share of the never decided with a chance below `floor`.
    `effective` is the number of equally weighted rows that the weighted ones are worth (Kish 1965), of `decided`.
    Weights are stabilised inverse chances, at most `max_weight`, and were used in the fit where `used`. `plain` and
    `weighted` are the same figures of the same judged rows, each counted once, and by its weight.
    """

    used: bool
    snapshots: int
    decided: int
    auc: float
    floor: float
    outside: float
    max_weight: float
    effective: float
    overlap: tuple[Overlap, ...]
    plain: Mapping[str, float]
    weighted: Mapping[str, float]

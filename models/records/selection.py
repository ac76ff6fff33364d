"""Selection bias: which snapshots ever get an observed outcome, and the metrics reweighted for the others."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Overlap(_Record):
    """Snapshots whose probability of a decided appeal lies between `low` and `high`: decided, and never decided."""

    low: float
    high: float
    decided: int
    never_decided: int


class SelectionBias(_Record):
    """Which denials were appealed and decided, among all that were open at the training snapshots.

    `auc` measures how well a decided appeal can be predicted. `outside_support` is the share of never-decided snapshots
    whose probability of a decided appeal is below `floor`. Weights are stabilized inverse probabilities of at most
    `max_weight`; `weights_used` is whether the fit used them. `effective_rows` is the number of equally weighted rows
    that the `decided` weighted ones are worth (Kish 1965). `unweighted` and `weighted` are the same metrics of the same
    holdout rows, without and with the weights.
    """

    weights_used: bool
    snapshots: int
    decided: int
    auc: float
    floor: float
    outside_support: float
    max_weight: float
    effective_rows: float
    overlap: tuple[Overlap, ...]
    unweighted: Mapping[str, float]
    weighted: Mapping[str, float]

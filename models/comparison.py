"""A challenger compared with the champion on the same later rows, and the verdict. Aggregates only."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Literal

from pydantic import BaseModel, ConfigDict

from payrank.models.manifest import ModelKind
from payrank.models.records.estimate import Estimate
from payrank.models.records.evaluation import Alarm, Holdout

Verdict = Literal["wins", "calibrates_better", "ties", "loses"]

VERDICT_MEANINGS: Mapping[Verdict, str] = {
    "wins": "the challenger captures significantly more at capacity",
    "calibrates_better": "no significant difference at capacity, and the challenger is significantly better calibrated",
    "ties": "no significant difference at capacity, and the challenger is not significantly better calibrated",
    "loses": "the challenger captures significantly less at capacity",
}


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Contender(_Record):
    """One of the two models: display name, bundle digest, training date, and metrics."""

    name: str
    digest: str
    trained_as_of: date
    metrics: Mapping[str, Estimate]


class Comparison(_Record):
    """Two models on the same rows, on which neither was fitted.

    The rows are snapshots from `since`, the later of the two training dates, whose labels were known by `as_of`. Each
    of `differences` is the challenger's metric minus the champion's, in the same resamples of households. `alarms` are
    the challenger's, from its training and from these rows.
    """

    kind: ModelKind
    as_of: date
    since: date
    holdout: Holdout
    challenger: Contender
    champion: Contender
    differences: Mapping[str, Estimate]
    verdict: Verdict
    alarms: tuple[Alarm, ...]

    @property
    def may_replace(self) -> bool:
        """Whether the challenger may become champion without `--force` and a reason."""
        return self.verdict in {"wins", "calibrates_better"} and not self.alarms


MAX_TIE_LOSS = 0.05
"""Share of the gain that the interval of a tie may extend below zero; a wider interval only shows too few outcomes."""


def decide_verdict(captured: Estimate, calibration: Estimate) -> Verdict:
    """Return the verdict from two differences, challenger - champion.

    Parameters
    ----------
    captured
        Difference in the share of the gain captured at capacity.
    calibration
        Difference in the expected calibration error; below 0 is better.

    Examples
    --------
    >>> decide_verdict(Estimate(value=0.03, low=0.01, high=0.05), Estimate(value=0.0, low=-0.1, high=0.1))
    'wins'
    >>> decide_verdict(Estimate(value=0.03, low=-0.01, high=0.07), Estimate(value=-0.02, low=-0.03, high=-0.01))
    'calibrates_better'
    >>> decide_verdict(Estimate(value=-0.10, low=-0.21, high=0.01), Estimate(value=-0.02, low=-0.03, high=-0.01))
    'ties'
    >>> decide_verdict(Estimate(value=0.03), Estimate(value=-0.02))
    'ties'
    """
    if captured.low is not None and captured.low > 0:
        return "wins"
    if captured.high is not None and captured.high < 0:
        return "loses"
    close = captured.low is not None and captured.low >= -MAX_TIE_LOSS
    if close and calibration.high is not None and calibration.high < 0:
        return "calibrates_better"
    return "ties"

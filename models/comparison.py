"""A challenger beside the champion on the same later rows, and what follows from it. Aggregates only."""

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
    "wins": "the challenger captures more at capacity, beyond the interval",
    "calibrates_better": "a tie at capacity, and the challenger calibrates better, beyond the interval",
    "ties": "a tie at capacity, and the challenger does not surely calibrate better",
    "loses": "the challenger captures less at capacity, beyond the interval",
}


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Contender(_Record):
    """One of the two: its name for people, the digest of its bundle, the day of its training, and its figures."""

    name: str
    digest: str
    trained_as_of: date
    metrics: Mapping[str, Estimate]


class Comparison(_Record):
    """Two models on the same rows, which neither was fitted on.

    The rows are snapshots from `since`, the later of both training days, whose labels were known by `as_of`. Each of
    `differences` is the challenger's figure less the champion's, both in the same resamples of households. `alarms`
    are the challenger's: of its training, and of its figures here.
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
        """Whether the challenger may become champion without a person's reason."""
        return self.verdict in {"wins", "calibrates_better"} and not self.alarms


MOST_LOST = 0.05
"""Share of the gain that a tie may lose at most, by its interval: a wider one only says that outcomes are too few."""


def decide_verdict(captured: Estimate, calibration: Estimate) -> Verdict:
    """Return what follows from two differences, challenger less champion.

    Parameters
    ----------
    captured
        Of the share of the gain in the top of the lists, at capacity.
    calibration
        Of the expected calibration error: below 0 is better.

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
    close = captured.low is not None and captured.low >= -MOST_LOST
    if close and calibration.high is not None and calibration.high < 0:
        return "calibrates_better"
    return "ties"

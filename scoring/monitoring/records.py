"""Records of a monitoring report: predicted vs. actual for earlier runs, without a row or an id."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from payrank.scoring.list_spec import ListName

Z_95 = 1.96
"""Standard errors beyond which a gap is statistically significant at the 95% level."""
MIN_RELATIVE_GAP = 0.1
"""Share of the prediction by which the actual outcome must differ to be flagged."""


@dataclass(frozen=True, slots=True)
class PredictedActual:
    """Predicted and actual outcomes of a group of rows, in counts and in dollars.

    `std_error` is the standard error of the gap in counts, clustered by household. Dollars are None where amounts are
    unknown.
    """

    name: str
    rows: int
    predicted: float
    actual: int
    std_error: float
    dollars_predicted: float | None
    dollars_actual: float | None

    @property
    def off(self) -> bool:
        """Whether the actual count differs from the prediction significantly, and by enough to matter."""
        gap = abs(self.actual - self.predicted)
        return gap > Z_95 * self.std_error and gap > MIN_RELATIVE_GAP * max(self.predicted, 1.0)


@dataclass(frozen=True, slots=True)
class MonitoredList:
    """One list of one run: everything that was scored, by outcome of the run, and by decile of predicted probability.

    `without_outcome` counts scored rows whose outcome is unknown: no longer in the extract, or an appeal that was never
    filed or decided. `auc` is None where every outcome is the same.
    """

    day: date
    list: ListName
    model: str
    scored: int
    without_outcome: int
    auc: float | None
    brier: float
    all: PredictedActual
    places: tuple[PredictedActual, ...]
    deciles: tuple[PredictedActual, ...]


@dataclass(frozen=True, slots=True)
class Monitoring:
    """All matured lists as of a date, latest run first, and the date on which each of the others matures."""

    as_of: date
    lists: tuple[MonitoredList, ...]
    waiting: tuple[tuple[date, ListName, date], ...]

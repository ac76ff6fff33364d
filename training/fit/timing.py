"""When the outcome comes once it comes: a model over spans of days, their shares, or nothing where days are unknown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from payrank.extracts.contract.privacy import MIN_PEOPLE
from payrank.features.arrays import Floats
from payrank.features.targets import OverturnTarget, PaymentTarget
from payrank.models.timing import Timing, probability_by_day
from payrank.training.design.temporal import Positions
from payrank.training.fit.boosters import Rows, fit_timing, open_text
from payrank.training.fit.rows import numbers, rows_of_outcomes
from payrank.training.settings import TrainingSettings

NO_TIMING = Timing(method="none")
DIGITS = 4
"""Of a share of the outcomes."""


@dataclass(frozen=True, slots=True)
class Spans:
    """Ends of spans of days, each not included; with `later` one more span follows that has no end."""

    days: tuple[int, ...]
    later: bool

    @property
    def count(self) -> int:
        """How many spans there are."""
        return len(self.days) + self.later

    def number(self, days: Floats) -> NDArray[np.intp]:
        """Return the span that each number of days lies in; a day beyond the last end is in the last span."""
        return np.minimum(np.searchsorted(self.days, days, side="right"), self.count - 1).astype(np.intp)


def spans_of(target: PaymentTarget | OverturnTarget, days: Sequence[int]) -> Spans:
    """Return the spans of a target: ends beyond its horizon are left out, and the horizon is the last.

    A target without a horizon has a last span without an end.

    >>> spans_of(PaymentTarget(horizon_days=75), (30, 60, 90, 120))
    Spans(days=(30, 60, 75), later=False)
    """
    if isinstance(target, PaymentTarget):
        return Spans((*(day for day in days if day < target.horizon_days), target.horizon_days), later=False)
    return Spans(tuple(days), later=True)


def fit_timing_of(
    data: pd.DataFrame, rows: Positions, fitted_rows: Rows, spans: Spans, settings: TrainingSettings
) -> tuple[Timing, str | None]:
    """Learn the spans of days from the rows whose outcome happened, on a day that is known.

    Returns
    -------
    Timing, str or None
        How the time is known, and the LightGBM text where it is a model.
    """
    if "days_to_outcome" not in data.columns:
        return NO_TIMING, None
    after = numbers(data["days_to_outcome"])[rows]
    known = (numbers(data["label"])[rows] == 1) & ~np.isnan(after)
    days = after[known]
    spans = merge_spans(spans, days, data["household"].iloc[rows[known]])
    if not spans.days:
        return NO_TIMING, None
    number = spans.number(days)
    shares = np.round(np.bincount(number, minlength=spans.count) / len(number), DIGITS)
    shares[np.argmax(shares)] += 1 - shares.sum()
    found = Timing(
        method="mean",
        days=spans.days,
        shares=tuple(round(float(share), DIGITS) for share in shares),
        later=spans.later,
        outcomes=len(number),
    )
    if len(number) < settings.min_timing_outcomes or spans.count == 1:
        return found, None
    outcomes = rows_of_outcomes(data, rows, fitted_rows, known, number.astype(np.float64), settings)
    fitted = fit_timing(outcomes, spans.count, settings)
    return found.model_copy(update={"method": "model", "n_estimators": fitted.n_estimators}), fitted.text


def merge_spans(spans: Spans, days: Floats, household: pd.Series) -> Spans:
    """Join spans, from the first on, until each holds the outcomes of enough households; what is left joins the last.

    Nothing is left where even all of them together hold too few.
    """
    number = spans.number(days)
    ends: list[int | None] = []
    begun = 0
    for span in range(spans.count):
        if household[(number >= begun) & (number <= span)].nunique() >= MIN_PEOPLE:
            ends.append(spans.days[span] if span < len(spans.days) else None)
            begun = span + 1
    if ends and begun < spans.count:
        ends[-1] = None if spans.later else spans.days[-1]
    return Spans(tuple(end for end in ends if end is not None), later=None in ends)


def predict_timing(timing: Timing, text: str | None, matrix: Floats, threads: int) -> Floats:
    """Return the chance by the end of each span, rows x spans; see `payrank.models.timing.probability_by_day`."""
    return probability_by_day(timing, None if text is None else open_text(text), matrix, threads=threads)

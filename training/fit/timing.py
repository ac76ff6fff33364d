"""How soon an outcome happens, given that it does: a model over spans of days, their shares, or nothing."""

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
from payrank.training.fit.boosters import FitRows, fit_timing, open_text
from payrank.training.fit.rows import numbers, rows_with_outcome
from payrank.training.training_job import TrainingJob

NO_TIMING = Timing(method="none")
DIGITS = 4
"""Decimals of a share of the outcomes."""


@dataclass(frozen=True, slots=True)
class Spans:
    """Spans of days after a snapshot, by their ends (exclusive). With `later`, one more span without an end follows."""

    days: tuple[int, ...]
    later: bool

    @property
    def count(self) -> int:
        """The number of spans."""
        return len(self.days) + self.later

    def number(self, days: Floats) -> NDArray[np.intp]:
        """Return the number of the span of each value of `days`; values after the last end are in the last span."""
        return np.minimum(np.searchsorted(self.days, days, side="right"), self.count - 1).astype(np.intp)


def spans_of(target: PaymentTarget | OverturnTarget, days: Sequence[int]) -> Spans:
    """Return the spans of a target. Ends after its horizon are dropped, and the horizon is the last end.

    For a target without a horizon, the last span has no end.

    >>> spans_of(PaymentTarget(horizon_days=75), (30, 60, 90, 120))
    Spans(days=(30, 60, 75), later=False)
    """
    if isinstance(target, PaymentTarget):
        return Spans((*(day for day in days if day < target.horizon_days), target.horizon_days), later=False)
    return Spans(tuple(days), later=True)


def fit_timing_model(job: TrainingJob, rows: Positions, fitted_rows: FitRows) -> tuple[Timing, str | None]:
    """Learn the spans of days from the rows whose outcome happened on a known day.

    Parameters
    ----------
    rows, fitted_rows
        Positions in the frame, and the same rows from `payrank.training.fit.rows.rows_to_fit`.

    Returns
    -------
    Timing, str or None
        How the timing is known, and the LightGBM text if it is a model.
    """
    data, settings = job.data, job.settings
    if "days_to_outcome" not in data.columns:
        return NO_TIMING, None
    after = numbers(data["days_to_outcome"])[rows]
    known = (numbers(data["label"])[rows] == 1) & ~np.isnan(after)
    days = after[known]
    spans = merge_spans(job_spans(job), days, data["household"].iloc[rows[known]])
    if not spans.days:
        return NO_TIMING, None
    number = spans.number(days)
    shares = np.round(np.bincount(number, minlength=spans.count) / len(number), DIGITS)
    shares[np.argmax(shares)] += 1 - shares.sum()
    timing = Timing(
        method="mean",
        days=spans.days,
        shares=tuple(round(float(share), DIGITS) for share in shares),
        later=spans.later,
        outcomes=len(number),
    )
    if len(number) < settings.min_timing_outcomes or spans.count == 1:
        return timing, None
    outcomes = rows_with_outcome(data, rows, fitted_rows, known, number.astype(np.float64), settings)
    fitted = fit_timing(outcomes, spans.count, settings)
    return timing.model_copy(update={"method": "model", "n_estimators": fitted.n_estimators}), fitted.text


def merge_spans(spans: Spans, days: Floats, household: pd.Series) -> Spans:
    """Merge spans, from the first on, until each has outcomes from at least 11 households; a rest joins the last one.

    The result has no spans if all of them together have too few households.
    """
    number = spans.number(days)
    ends: list[int | None] = []
    start = 0
    for span in range(spans.count):
        if household[(number >= start) & (number <= span)].nunique() >= MIN_PEOPLE:
            ends.append(spans.days[span] if span < len(spans.days) else None)
            start = span + 1
    if ends and start < spans.count:
        ends[-1] = None if spans.later else spans.days[-1]
    return Spans(tuple(end for end in ends if end is not None), later=None in ends)


def job_spans(job: TrainingJob) -> Spans:
    """Return the spans of a job: those of its target, at the days of its settings."""
    return spans_of(job.frame.target, job.settings.timing_days)


def predict_timing(timing: Timing, text: str | None, matrix: Floats, threads: int) -> Floats:
    """Return the chance that an outcome happens by the end of each span, rows x spans.

    See `payrank.models.timing.probability_by_day`.
    """
    return probability_by_day(timing, None if text is None else open_text(text), matrix, threads=threads)

"""Compare the predictions of earlier runs with actual outcomes, once their horizon has passed.

The actual outcome is not what the work alone achieved: some accounts would have been paid, and some denials overturned,
without it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from payrank.extracts.contract.privacy import MIN_PEOPLE
from payrank.extracts.errors import WrongUsageError
from payrank.extracts.extract import Extract
from payrank.features.outcomes import find_outcomes
from payrank.features.probes.auc import measure_auc
from payrank.scoring.list_spec import LISTS, ListName
from payrank.scoring.monitoring.past_predictions import (
    PastPredictions,
    read_predictions,
    read_scores,
    skip_unreadable,
)
from payrank.scoring.monitoring.records import MonitoredList, Monitoring, PredictedActual
from payrank.scoring.publishing.retention import published_runs

DECILES = 10


def monitor_runs(
    runs: Path,
    extract: Extract,
    as_of: date,
    *,
    last: int | None = None,
    progress: Callable[[str], None] = lambda _: None,
) -> Monitoring:
    """Compare the published runs of a folder with the outcomes in a later extract.

    Parameters
    ----------
    runs
        The folder that `payrank score --out` wrote to.
    extract
        A loaded extract that covers the days after the runs.
    as_of
        Only what was known before this date counts. A run matures once its model's horizon has passed by then.
    last
        Compare only this many of the latest matured runs of each list (None: all).
    progress
        Called with a line about each list that was compared, or skipped because its files cannot be read.

    Returns
    -------
    Monitoring
        Predicted and actual payments or overturns of each matured list (counts, rates of 0 to 1, and dollars), and the
        date on which each of the others matures.

    Raises
    ------
    WrongUsageError
        When the extract ends before `as_of`, the folder has no run, or no run has matured; the message then gives the
        date on which the first one matures.
    """
    known_until = extract.metadata.as_of
    if known_until is not None and known_until < as_of:
        raise WrongUsageError(
            f"the extract is complete up to {known_until} and cannot show outcomes as of {as_of}; give an --as-of up "
            "to that date, or a later extract"
        )
    earlier = [run for run in published_runs(runs) if run.name < as_of.isoformat()]
    if not earlier:
        raise WrongUsageError(
            f"{runs} has no run dated before {as_of}; give the folder that `payrank score --out` wrote to"
        )
    monitored: list[MonitoredList] = []
    waiting: list[tuple[date, ListName, date]] = []
    for run in earlier:
        for spec in LISTS:
            past = None
            with skip_unreadable(run, spec, progress):
                past = read_predictions(run, spec)
            if past is None:
                continue
            matures_on = past.day + timedelta(days=past.target.label_lag_days)
            if matures_on > as_of:
                waiting.append((past.day, spec.name, matures_on))
            elif last is None or sum(record.list == spec.name for record in monitored) < last:
                with skip_unreadable(run, spec, progress):
                    past = replace(past, scores=read_scores(run, spec))
                if past.scores is not None:
                    outcomes = find_outcomes(extract, past.target, [past.day], as_of)
                    monitored.append(_monitor_list(past, past.scores, outcomes))
                    progress(f"compared the {spec.title.lower()} scores of {past.day}")
    if not monitored:
        soonest = (
            f"the first run matures on {min(matures_on for _, _, matures_on in waiting)}"
            if waiting
            else "no run records its horizon"
        )
        raise WrongUsageError(
            f"no run in {runs} has matured as of {as_of}: a run matures once its model's horizon has passed; {soonest}"
        )
    return Monitoring(as_of, tuple(monitored), tuple(waiting))


def _monitor_list(past: PastPredictions, scores: pd.DataFrame, outcomes: pd.DataFrame) -> MonitoredList:
    unit_id = past.spec.unit_id
    rows = scores.merge(outcomes.rename(columns={"unit_id": unit_id}), on=unit_id, how="inner")
    place = np.where(
        rows["suppressed_by"].map(len) > 0,
        "suppressed",
        np.where(rows["listed"], "listed", "over capacity"),
    )
    probability, label = (rows[name].to_numpy(dtype=np.float64) for name in ("probability", "label"))
    decile = np.minimum((probability * DECILES).astype(int), DECILES - 1)
    return MonitoredList(
        past.day,
        past.spec.name,
        past.model,
        scored=len(scores),
        without_outcome=len(scores) - len(rows),
        auc=measure_auc(label, probability),
        brier=float(((probability - label) ** 2).mean()) if len(rows) else math.nan,
        all=_compare("all", rows),
        places=_compare_parts(rows, place, ["listed", "over capacity", "suppressed"]),
        deciles=_compare_parts(rows, decile, range(DECILES), lambda at: f"{10 * at} to {10 * at + 10}%"),
    )


def _compare_parts(
    rows: pd.DataFrame, part: np.ndarray, names: Sequence[Any], show: Callable[[Any], str] = str
) -> tuple[PredictedActual, ...]:
    """Compare each part of the rows; parts with fewer than `MIN_PEOPLE` households are left out."""
    parts = [(show(name), rows[part == name]) for name in names]
    return tuple(_compare(name, members) for name, members in parts if members["household"].nunique() >= MIN_PEOPLE)


def _compare(name: str, rows: pd.DataFrame) -> PredictedActual:
    # Accounts of one household are paid together or not at all, so the error sums gaps by household first.
    gap = rows["label"].to_numpy(dtype=np.float64) - rows["probability"].to_numpy(dtype=np.float64)
    by_household = pd.Series(gap).groupby(rows["household"].to_numpy()).sum().to_numpy()
    known = rows["expected_recovery"].notna() & rows["recovered"].notna()
    return PredictedActual(
        name,
        len(rows),
        predicted=float(rows["probability"].sum()),
        actual=int(rows["label"].sum()),
        std_error=float(np.sqrt((by_household**2).sum())),
        dollars_predicted=float(rows.loc[known, "expected_recovery"].sum()) if known.any() else None,
        dollars_actual=float(rows.loc[known, "recovered"].sum()) if known.any() else None,
    )

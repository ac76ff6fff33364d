"""What the lists promised against what came: earlier runs looked at again once their horizon has passed.

What came is not what the work alone brought: some would have paid, or been overturned, without it.
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
from payrank.scoring.monitoring.past_predictions import KeptPromise, left_out_unread, read_promise, read_scores
from payrank.scoring.monitoring.records import Kept, Monitoring, Watched
from payrank.scoring.past_run import LISTS, UNIT, ListName
from payrank.scoring.publishing.retention import published_runs

TENTHS = 10


def monitor_runs(
    runs: Path,
    extract: Extract,
    as_of: date,
    *,
    last: int | None = None,
    progress: Callable[[str], None] = lambda _: None,
) -> Monitoring:
    """Judge the published runs of a folder by an extract of a later day.

    Parameters
    ----------
    runs
        The folder that `payrank score --out` wrote to.
    as_of
        Only what was known before this day counts; a run is judged once its model's horizon has passed by then.
    last
        Judge only that many of the latest ripe runs (None: all).
    progress
        Called with a line on each list that was judged, or left out because its files cannot be read.

    Raises
    ------
    WrongUsageError
        When the extract does not know all up to `as_of`, the folder holds no run, or no run is ripe: the day from
        which one is, is named.
    """
    known_until = extract.metadata.as_of
    if known_until is not None and known_until < as_of:
        raise WrongUsageError(
            f"the extract knows everything before {known_until} and cannot tell what came by {as_of}; give an --as-of "
            "up to that day, or a later extract"
        )
    found = [run for run in published_runs(runs) if run.name < as_of.isoformat()]
    if not found:
        raise WrongUsageError(
            f"{runs} holds no run of a day before {as_of}; name the folder that `payrank score --out` wrote to"
        )
    watched: list[Watched] = []
    waiting: list[tuple[date, ListName, date]] = []
    for run in found:
        for name in LISTS:
            promise = None
            with left_out_unread(run, name, progress):
                promise = read_promise(run, name)
            if promise is None:
                continue
            ripe = promise.day + timedelta(days=promise.target.label_lag_days)
            if ripe > as_of:
                waiting.append((promise.day, name, ripe))
            elif last is None or sum(one.list == name for one in watched) < last:
                with left_out_unread(run, name, progress):
                    promise = replace(promise, scores=read_scores(run, name))
                if promise.scores is not None:
                    watched.append(
                        _watch(promise, promise.scores, find_outcomes(extract, promise.target, [promise.day], as_of))
                    )
                    progress(f"judged the {name.replace('_', ' ')} scores of {promise.day}")
    if not watched:
        soonest = f"the first is on {min(ripe for _, _, ripe in waiting)}" if waiting else "no run names a horizon"
        raise WrongUsageError(
            f"no run in {runs} can be judged as of {as_of}: a run is ripe once its model's horizon has passed; "
            f"{soonest}; look again then"
        )
    return Monitoring(as_of, tuple(watched), tuple(waiting))


def _watch(promise: KeptPromise, scores: pd.DataFrame, outcomes: pd.DataFrame) -> Watched:
    name = promise.list
    rows = scores.merge(outcomes.rename(columns={"unit_id": UNIT[name]}), on=UNIT[name], how="inner")
    place = np.where(
        rows["suppressed_by"].map(len) > 0,
        "kept off",
        np.where(rows["listed"], "listed", "below the cut"),
    )
    probability, label = (rows[name].to_numpy(dtype=np.float64) for name in ("probability", "label"))
    tenth = np.minimum((probability * TENTHS).astype(int), TENTHS - 1)
    return Watched(
        promise.day,
        name,
        promise.model,
        scored=len(scores),
        not_told=len(scores) - len(rows),
        auc=measure_auc(label, probability),
        brier=float(((probability - label) ** 2).mean()) if len(rows) else math.nan,
        all=_keep("all", rows),
        places=_parts(rows, place, ["listed", "below the cut", "kept off"]),
        tenths=_parts(rows, tenth, range(TENTHS), lambda at: f"{10 * at} to {10 * at + 10}%"),
    )


def _parts(
    rows: pd.DataFrame, part: np.ndarray, names: Sequence[Any], show: Callable[[Any], str] = str
) -> tuple[Kept, ...]:
    chosen = [(show(name), rows[part == name]) for name in names]
    return tuple(_keep(name, some) for name, some in chosen if some["household"].nunique() >= MIN_PEOPLE)


def _keep(name: str, rows: pd.DataFrame) -> Kept:
    gap = rows["label"].to_numpy(dtype=np.float64) - rows["probability"].to_numpy(dtype=np.float64)
    by_household = pd.Series(gap).groupby(rows["household"].to_numpy()).sum().to_numpy()
    known = rows["expected_recovery"].notna() & rows["recovered"].notna()
    return Kept(
        name,
        len(rows),
        promised=float(rows["probability"].sum()),
        came=int(rows["label"].sum()),
        error=float(np.sqrt((by_household**2).sum())),
        dollars_promised=float(rows.loc[known, "expected_recovery"].sum()) if known.any() else None,
        dollars_came=float(rows.loc[known, "recovered"].sum()) if known.any() else None,
    )

"""Probe: no single feature predicts later outcomes better than facts known beforehand could."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from payrank.features.arrays import Floats
from payrank.features.frame import Frame
from payrank.features.probes.ranking import MIN_OUTCOMES, Ranking, number_households, rank, score_alone
from payrank.features.probes.result import FALSE_ALARM, Leak, ProbeResult

PROBE = "too good alone"
CEILING = 0.95
"""An AUC above every single feature measured so far: 0.73 on simulated hospitals, 0.66 on real appeal reviews, and 0.90
on a real invoice ledger (a customer's own payment record, seven days ahead).
"""


def probe_single_features(frame: Frame, ceiling: float = CEILING) -> ProbeResult:
    """Test each feature of a training frame alone: fitted on earlier snapshots, measured on later ones.

    A feature leaks when the lower bound of its AUC exceeds the ceiling. The chance of any false alarm over all features
    is at most 0.1%.
    """
    parts = split_in_time(frame.data)
    if parts is None:
        too_few = f"fewer than {MIN_OUTCOMES} outcomes of each kind in the earlier or later rows"
        return ProbeResult(PROBE, frame.unit, 0, "", not_run=too_few)
    rankings = rank_features(frame, *parts)
    leaks = tuple(
        Leak(
            name,
            f"{name} alone has an AUC of {ranking.auc:.3f} on later snapshots (at least {lower:.3f}); no feature known "
            f"beforehand should exceed {ceiling:.2f}",
        )
        for name, ranking in rankings.items()
        if (lower := ranking.lower(len(rankings), FALSE_ALARM)) > ceiling
    )
    best = max(rankings, key=lambda name: rankings[name].auc, default=None)
    details = f"best: {best}, AUC {rankings[best].auc:.3f}" if best else "no feature with values"
    return ProbeResult(PROBE, frame.unit, len(rankings), details, leaks)


def split_in_time(data: pd.DataFrame) -> tuple[NDArray[np.bool_], NDArray[np.bool_]] | None:
    """Return masks of the rows to fit on and to measure on: labels known by a day, and snapshots from that day on.

    The day maximizes the count of the rarer outcome in the smaller part. None if either part has fewer than 30
    outcomes of a kind.
    """
    label = data["label"].to_numpy(dtype=np.float64)
    days, known = data["as_of"].to_numpy(), data["known_on"].to_numpy()
    best: tuple[int, NDArray[np.bool_], NDArray[np.bool_]] | None = None
    for day in np.unique(days):
        fit, measure = known <= day, days >= day
        rarer = min(int((label[part] == kind).sum()) for part in (fit, measure) for kind in (0, 1))
        if best is None or rarer > best[0]:
            best = rarer, fit, measure
    return None if best is None or best[0] < MIN_OUTCOMES else (best[1], best[2])


def rank_features(frame: Frame, fit: NDArray[np.bool_], measure: NDArray[np.bool_]) -> dict[str, Ranking]:
    """Return the ranking, on the rows to measure, of each feature that has values."""
    label: Floats = frame.data["label"].to_numpy(dtype=np.float64)
    household = number_households(frame.data["household"])[measure]
    rankings = {}
    for feature in frame.features:
        values = frame.data[feature.name]
        if values[fit].notna().any():
            ranking = rank(label[measure], score_alone(values, label, fit)[measure], household)
            if ranking is not None:
                rankings[feature.name] = ranking
    return rankings
